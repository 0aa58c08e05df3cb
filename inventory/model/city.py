"""What the guidance document names: items and who answers for them, sites, zones, pools, platforms, addresses."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field

from inventory.model.base import Architecture, Frozen, Key, Level, Port, Provenance
from inventory.model.plan import Address

Part = Literal["infrastructure", "platform", "domain"]


class Bureau(Frozen):
    """A unit that answers for something: bureau, district, park, group. `name` is its one Chinese spelling."""

    key: Key
    name: str
    en: str
    type: Literal["bureau", "party", "district", "park", "group", "centre"]
    code: str | None = Field(None, description="行政区划代码 / administrative division code (districts)")
    number: int = Field(ge=1, le=255, description="地址规划中的单位码 / code of the unit in the address plan")
    provenance: Provenance


class Item(Frozen):
    """One of the four infrastructures, four platforms, eight domains. `name` is what requests write."""

    key: Key
    part: Part
    name: str
    en: str
    clause: str
    """section of the guidance, e.g. 四(六)"""
    summary: str
    en_summary: str
    responsible: tuple[Key, ...]
    """责任单位, in the document's order; 各区县(市) is expanded to the districts"""
    provenance: Provenance


class Site(Frozen):
    """A place that fails as one."""

    key: Key
    name: str
    en: str
    role: Literal["primary", "secondary", "remote", "arbiter"]
    city: str
    mainland: bool
    number: int = Field(ge=1, le=15)
    asn: int
    power: str
    egress_mbps: int = Field(0, ge=0, description="互联网出口带宽,Mbps;0 为没有 / way to the internet, Mbps; 0: none")
    carriers: tuple[str, ...]
    """failure domains: no two sites of a dual-active pair share them all"""
    provenance: Provenance


class LinkPlan(Frozen):
    """A line between two sites."""

    key: Key
    ends: tuple[Key, Key]
    bandwidth_mbps: int = Field(gt=0)
    rtt_ms: float = Field(ge=0)
    lines: int = Field(ge=1, description="独立线路数 / independent lines")
    encryption: Literal["none", "ipsec", "macsec"]
    medium: Literal["fibre", "microwave", "satellite"] = "fibre"
    backup: bool = Field(False, description="备用:别的路都断了才走它 / stands by: used only where no other way is left")
    carrier: str | None = Field(
        None, description="承运者;缺省取两端站点的运营商 / who runs it; by default the carriers of the two sites"
    )
    provenance: Provenance


class Zone(Frozen):
    """A zone of the e-government extranet."""

    key: Key
    name: str
    en: str
    number: int = Field(ge=1, le=15)
    internet: bool
    """may its segments have a route to the internet"""
    level: Level
    per_bureau: bool
    """one virtual network a bureau (专用网络区), or one for all"""
    provenance: Provenance


class Pool(Frozen):
    """Computing of one make at one or more sites. A pool never mixes instruction sets."""

    key: Key
    name: str
    en: str
    type: Literal["virtual", "cluster", "partner", "edge"]
    architecture: Architecture | None = Field(
        None, description="合作算力未公布时为空 / null where a partner does not say"
    )
    make: str
    os: str | None = None
    xinchuang: bool
    level: Level
    sites: tuple[Key, ...]
    cpu: int = Field(ge=0, description="可分配核数 / cores that can be given out")
    memory: int = Field(ge=0, description="可分配内存,GiB / GiB that can be given out")
    provenance: Provenance


class Capability(Frozen):
    """Something shared that systems use instead of building it again."""

    key: Key
    name: str
    en: str
    port: Port
    system: str | None = None
    """stack name of the request that provides it, e.g. data-resources.identity"""
    provenance: Provenance


class Platform(Frozen):
    """A shared platform and the capabilities that it offers."""

    key: Key
    name: str
    en: str
    item: Key
    operator: Key
    capabilities: tuple[Capability, ...]
    provenance: Provenance


class City(Frozen):
    """Everything under `inventory/city/`."""

    name: str
    en: str
    items: tuple[Item, ...]
    bureaus: tuple[Bureau, ...]
    sites: tuple[Site, ...]
    links: tuple[LinkPlan, ...]
    zones: tuple[Zone, ...]
    pools: tuple[Pool, ...]
    platforms: tuple[Platform, ...]
    addresses: Address

    def bureau(self, key_or_name: str) -> Bureau | None:
        """A unit by key or by its Chinese name."""
        return self._bureaus.get(key_or_name)

    def item(self, key_or_name: str) -> Item | None:
        """An infrastructure, platform or domain by key or Chinese name (`民生保障` and `民生保障领域` both)."""
        return self._items.get(key_or_name)

    def pool(self, key: str) -> Pool | None:
        return self._pools.get(key)

    def site(self, key: str) -> Site | None:
        return self._sites.get(key)

    def zone(self, key: str) -> Zone | None:
        return self._zones.get(key)

    def capability(self, key_or_name: str) -> Capability | None:
        """A shared capability by key or Chinese name."""
        return self._capabilities.get(key_or_name)

    @cached_property
    def _bureaus(self) -> dict[str, Bureau]:
        return {word: bureau for bureau in self.bureaus for word in (bureau.key, bureau.name)}

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {word: item for item in self.items for word in (item.key, item.name, item.name.removesuffix("领域"))}

    @cached_property
    def _pools(self) -> dict[str, Pool]:
        return {pool.key: pool for pool in self.pools}

    @cached_property
    def _sites(self) -> dict[str, Site]:
        return {site.key: site for site in self.sites}

    @cached_property
    def _zones(self) -> dict[str, Zone]:
        return {zone.key: zone for zone in self.zones}

    @cached_property
    def _capabilities(self) -> dict[str, Capability]:
        return {word: it for platform in self.platforms for it in platform.capabilities for word in (it.key, it.name)}
