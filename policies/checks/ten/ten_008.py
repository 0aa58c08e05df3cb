"""TEN-008: the inventory of managed interfaces to external networks is what the graph has, no more and no less."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from inventory.estate import Estate, Resource
from policies.checks.records import Reply, listing, reply, settled_by, silent, untold
from policies.checks.shape import Check, Looked, Params, Words, concluded, not_applicable

CHECK = Check(
    id="TEN-008",
    title_zh="外部接口与清单一致",
    title_en="Interfaces to the outside are those on the list",
    clauses=("GB/T 31168-2023 7.1",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.router", "net.subnet", "net.nat", "net.vpn", "sec.firewall"),
    fix_zh="把通往外部网络的接口登记到边界设备(networks),或撤掉没有登记的接口;清单上多出来的删去",
    fix_en="list the way to the external network at a boundary device (networks), or take the way away; strike out what is "
    "listed and not there",
)
_INTERNET = "internet"
_LEADS: Mapping[str, str] = {"net.router": "egress_mbps", "net.subnet": "internet_route", "net.vpn": "purpose"}
"""which field says whether a thing leads outside; a translator always does"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a thing that may lead outside, and a firewall, whose `networks` are the list."""
    del params
    firewalls = estate.kind("sec.firewall")
    on_list, there = _Places(), _Places()
    for firewall in firewalls:
        for network in _networks(firewall):
            on_list.add(network, firewall)
    mute = silent(estate, "networks", "sec.firewall")
    if not firewalls:
        mute = [("没有记录接口清单", "no list of interfaces was recorded")]
    hidden: list[Words] = []
    leads = {one.urn: _leads(one) for one in estate.kind(*_LEADS, "net.nat")}
    for one in estate.kind(*_LEADS, "net.nat"):
        network = leads[one.urn]
        if isinstance(network, str):
            there.add(network, one)
        elif network:
            hidden.append(network)
    for one in estate.kind(*_LEADS, "net.nat"):
        network = leads[one.urn]
        if network is None:
            yield not_applicable(one, "不通往外部网络", "does not lead outside")
        elif isinstance(network, str):
            wrong = (f"通往 {network} 的接口不在清单上", f"its way to {network} is not on the list")
            yield concluded(one, *settled_by(on_list.replies(network, one) + mute, wrong))
        else:
            yield concluded(one, (), [network])
    hidden = sorted(hidden)[:1]
    for firewall in firewalls:
        yield _listed(firewall, there, hidden)


def _listed(firewall: Resource, there: _Places, hidden: list[Words]) -> Looked:
    if lacking := untold(firewall, "networks"):
        return concluded(firewall, (), lacking)
    networks = _networks(firewall)
    if not networks:
        return not_applicable(firewall, "没有外部接口", "has no interface to the outside")
    wrong: list[Words] = []
    open_: list[Words] = []
    for network in networks:
        words = (f"清单上的 {network} 在图中没有", f"{network} is on the list and nothing leads there")
        bad, unread = settled_by(there.replies(network, firewall) + hidden, words)
        wrong += bad
        open_ += unread
    return concluded(firewall, wrong, sorted(set(open_)))


def _networks(firewall: Resource) -> list[str]:
    return sorted(set(listing(firewall.get("networks"))))


def _leads(one: Resource) -> str | Words | None:
    """The external network that it leads to, why that cannot be told, or None. Between sites a gateway's network is
    called as the gateway."""
    key = _LEADS.get(one.kind)
    if key is None:
        return _INTERNET
    if lacking := untold(one, key):
        return lacking[0]
    value = one.get(key)
    if value == "site-to-site":
        return one.name
    return _INTERNET if value else None


class _Places:
    """By external network: the sites where something is, and what does not say its site."""

    def __init__(self) -> None:
        self._sites: dict[str, set[str]] = defaultdict(set)
        self._vague: dict[str, list[Words]] = defaultdict(list)

    def add(self, network: str, one: Resource) -> None:
        key = _site_field(one)
        # the first is enough to say why, and keeps each answer short
        self._vague[network] = sorted([*self._vague[network], *untold(one, key)])[:1]
        self._sites[network].update(listing(one.get(key)))

    def replies(self, network: str, one: Resource) -> list[Reply]:
        """Is something at every site of this thing."""
        sites = self._sites[network]
        return [reply(one, _site_field(one), lambda value: sites.issuperset(listing(value))), *self._vague[network]]


def _site_field(one: Resource) -> str:
    return "site" if one.get("sites") is None else "sites"
