"""The nouns of an address plan that is exchanged: prefixes, addresses, VLANs, and the words that they refer to.

Rows are named tuples and not dataclasses because a plan has up to a million of them: made in a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Literal, NamedTuple, TypeVar

Status = Literal["container", "active", "reserved", "deprecated"]
STATUSES: tuple[Status, ...] = ("container", "active", "reserved", "deprecated")
SHARED_ROLES = frozenset({"anycast", "vip", "vrrp", "hsrp", "glbp", "carp"})
"""several things may have an address of such a role at once, as in NetBox"""
CITY = "city"
"""owner of what belongs to no unit: the city itself, code 0 of the plan"""


class Prefix(NamedTuple):
    """A range that is or may be given out. Words are as the file writes them; "" where it says nothing."""

    version: int
    first: int
    length: int
    network: str = ""
    """"" is the extranet; else a private network (NetBox: a VRF), whose addresses are its own"""
    status: Status = "active"
    """a container holds other prefixes, never addresses of its own"""
    owner: str = ""
    zone: str = ""
    site: str = ""
    vlan: int = 0
    secret: bool | None = None
    """does it carry state secrets (涉密); None where the file does not say"""
    system: str = ""
    name: str = ""
    note: str = ""
    line: int = 0
    col: int = 0

    @property
    def text(self) -> str:
        """RFC 5952."""
        return f"{written(self.version, self.first)}/{self.length}"

    @property
    def last(self) -> int:
        """The last address, as a number."""
        return self.first | LOW[self.version][self.length]


class Address(NamedTuple):
    """One address, with the length of the prefix that it is configured with."""

    version: int
    value: int
    length: int
    network: str = ""
    status: Status = "active"
    owner: str = ""
    role: str = ""
    """loopback, anycast, vip, vrrp, … as NetBox spells them"""
    system: str = ""
    name: str = ""
    note: str = ""
    line: int = 0
    col: int = 0

    @property
    def text(self) -> str:
        """RFC 5952, with the length."""
        return f"{written(self.version, self.value)}/{self.length}"


class Vlan(NamedTuple):
    """A VLAN of a site."""

    vid: int
    site: str = ""
    owner: str = ""
    name: str = ""
    line: int = 0
    col: int = 0


class Word(NamedTuple):
    """A site, zone or owner that the file itself lists."""

    key: str
    name: str = ""
    line: int = 0
    col: int = 0


_R = TypeVar("_R", Prefix, Address, Vlan, Word)


@dataclass(frozen=True)
class Book:
    """An address plan as it is exchanged. `file` is where it was read, "" where it was made."""

    prefixes: Sequence[Prefix] = ()
    addresses: Sequence[Address] = ()
    vlans: Sequence[Vlan] = ()
    sites: Sequence[Word] = ()
    zones: Sequence[Word] = ()
    owners: Sequence[Word] = ()
    file: str = ""

    def __len__(self) -> int:
        return sum(map(len, (self.prefixes, self.addresses, self.vlans, self.sites, self.zones, self.owners)))

    def unplaced(self) -> Book:
        """The same without file, lines and columns, every table in one order: to compare two of them."""
        return Book(
            _bare(self.prefixes), _bare(self.addresses), _bare(self.vlans), _bare(self.sites), _bare(self.zones),
            _bare(self.owners),
        )  # fmt: skip


def _bare(table: Sequence[_R]) -> list[_R]:
    return sorted((row._replace(line=0, col=0) for row in table), key=repr)


LOW = {version: tuple((1 << bits - length) - 1 for length in range(bits + 1)) for version, bits in ((4, 32), (6, 128))}
"""version, length → the bits below it"""


def width(version: int) -> int:
    """Bits of an address."""
    return 128 if version == 6 else 32


def written(version: int, value: int) -> str:
    """An address in RFC 5952 text."""
    if version == 6:
        return inet_ntop(AF_INET6, value.to_bytes(16, "big"))
    return inet_ntop(AF_INET, value.to_bytes(4, "big"))
