"""What has which address, by name, and the file of it: written by the address step, read by everyone else.

The file is what the ledger says, published: the Pulumi program reads it without opening a database, and a name that is
not in it is an error, so that every address is known in a preview.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from inventory.problems import Problem, refuse
from inventory.replacing import replace

TABLES = ("segments", "hosts", "vips", "links", "loopbacks", "locators", "nat64", "pool4")


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Of a segment, RFC 5952 text."""

    cidr6: str
    cidr4: str | None
    ula: str | None = None
    """unique local, where the plan asks for one"""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of a host or a load balancer, RFC 5952 text."""

    address6: str
    address4: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What lay outside its segment, or its zone, and has another prefix instead; the old one rests."""

    kind: str
    """segment6, host6, host4, vip6, vip4: of the ledger's keys"""
    name: str
    before: str
    after: str | None
    """None: its segment has no IPv4"""
    segment: str
    """where it is now; of a segment itself, its zone"""
    left: str = ""
    """the segment that it was in; of a segment itself, the zone; "" where nobody knows"""

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Allocations:
    """name → what it has been given, RFC 5952 text."""

    segments: Mapping[str, Prefixes] = field(default_factory=dict)
    hosts: Mapping[str, Addresses] = field(default_factory=dict)
    vips: Mapping[str, Addresses] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    loopbacks: Mapping[str, str] = field(default_factory=dict)
    locators: Mapping[str, str] = field(default_factory=dict)
    nat64: Mapping[str, str] = field(default_factory=dict)
    pool4: Mapping[str, str] = field(default_factory=dict)
    fresh: int = field(default=0, compare=False, kw_only=True)
    """how many were assigned this time"""
    resting: Mapping[str, tuple[str, float]] = field(default_factory=dict, compare=False, kw_only=True)
    """ledger key → prefix, and until when (seconds since the epoch) it is nobody's; known to the address step only"""
    former: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, kw_only=True)
    """ledger key → what it had before it moved and what still rests, nobody else's; known to the address step only"""
    moved: tuple[Moved, ...] = field(default=(), compare=False, kw_only=True)
    """what moved this time, and what moved earlier and still stands where it was; known to the address step only"""
    problems: tuple[Problem, ...] = field(default=(), compare=False, kw_only=True)
    """where the inventory of the present network lies on what is given out here; known to the address step only"""

    def segment(self, name: str) -> Prefixes:
        """Prefixes of a `net.subnet`. Refused where the address step has not seen it."""
        return _there(self.segments, name)

    def host(self, name: str) -> Addresses:
        """Of a `compute.host` (or the bastion)."""
        return _there(self.hosts, name)

    def vip(self, name: str) -> Addresses:
        """Of a `net.lb`."""
        return _there(self.vips, name)

    def link(self, key: str) -> str:
        """/127 of a `net.link`."""
        return _there(self.links, key)

    def loopback(self, router: str) -> str:
        """/128 of a `net.router`."""
        return _there(self.loopbacks, router)

    def locator(self, router: str) -> str:
        """SRv6 locator of a `net.router`."""
        return _there(self.locators, router)

    def nat64_of(self, site: str) -> str:
        """NAT64 prefix of a site."""
        return _there(self.nat64, site)

    def pool4_of(self, site: str) -> str:
        """What a site's translator speaks from."""
        return _there(self.pool4, site)

    def __len__(self) -> int:
        return sum(len(getattr(self, table)) for table in TABLES)


def load(path: Path) -> Allocations:
    """The allocations of an environment; none where the file is not there yet. Refused where it is damaged."""
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Allocations()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refuse(
            "address.damaged",
            f"地址文件损坏({error}):从备份恢复这个文件,不要删除,否则地址会变",
            f"the address file is damaged ({error}): restore it from a backup; deleting it would move addresses",
            file=str(path),
        ) from None


@lru_cache(maxsize=2)
def _parsed(text: str) -> Allocations:
    """The same text is the same allocations: a forked worker has those that its parent has parsed."""
    data = json.loads(text)
    return Allocations(
        {name: Prefixes(*values) for name, values in data["segments"].items()},
        {name: Addresses(*pair) for name, pair in data["hosts"].items()},
        {name: Addresses(*pair) for name, pair in data["vips"].items()},
        *(data[table] for table in ("links", "loopbacks")),
        *(data.get(table, {}) for table in TABLES[5:]),
    )


def save(path: Path, allocations: Allocations) -> bool:
    """Write atomically; False where nothing had changed."""
    data = {
        "segments": {
            n: [p.cidr6, p.cidr4, *([p.ula] if p.ula else [])] for n, p in sorted(allocations.segments.items())
        },
        "hosts": {name: [a.address6, a.address4] for name, a in sorted(allocations.hosts.items())},
        "vips": {name: [a.address6, a.address4] for name, a in sorted(allocations.vips.items())},
        **{table: dict(sorted(getattr(allocations, table).items())) for table in TABLES[3:]},
    }
    text = json.dumps(data, ensure_ascii=False, indent=0) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, text, durable=True)
    return True


def _there(table: Mapping, name: str):
    try:
        return table[name]
    except KeyError:
        raise refuse(
            "address.missing", f"“{name}”还没有地址:先运行 ./lz plan 或 ./lz up 的编址步骤",
            f"'{name}' has no address yet: run the address step (./lz plan or ./lz up)", where=name,
        ) from None  # fmt: skip
