"""The fields of a packet header as numbers. In: text of addresses and prefixes. Out: ranges of numbers, and packets.

Both families are one line of numbers: IPv6 addresses from 0, IPv4 addresses from 2^128, so a table of routes of both is
one sorted list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from inventory.allotting.prefixes import spanned


class Field(IntEnum):
    """What is known of a header, in the order of the diagram."""

    TARGET = 0
    """destination address"""
    SOURCE = 1
    PROTOCOL = 2
    PORT = 3
    """destination port, or type of an ICMP message"""
    SOURCE_PORT = 4
    STATE = 5
    """of the connection, where the packet is: `STATES`"""
    NEAR = 6
    """1: the hop limit is still 255, so no router has passed it on"""


Range = tuple[int, int]
"""first and last, both inside"""
Ranges = Mapping[Field, Sequence[Range]]

BASE4: Final = 1 << 128
TOP: Final[tuple[int, ...]] = (BASE4 + (1 << 32) - 1, BASE4 + (1 << 32) - 1, 255, 65535, 65535, 4, 1)
"""largest number of each field"""
SIX: Final[Range] = (0, BASE4 - 1)
FOUR: Final[Range] = (BASE4, TOP[0])
STATES: Final = ("new", "established", "related", "invalid", "untracked")
PROTOCOLS: Final = {
    "icmp": 1,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "gre": 47,
    "esp": 50,
    "icmpv6": 58,
    "ospf": 89,
    "sctp": 132,
}
PORTED: Final = (6, 17, 33, 132, 136)
MESSAGES: Final = (1, 58)


@lru_cache(maxsize=65536)
def addresses(text: str) -> Range:
    """The numbers of an address or prefix in text. ValueError where it is neither."""
    version, first, last = spanned(text)
    base = BASE4 if version == 4 else 0
    return base + first, base + last


def address(number: int) -> str:
    """The text (RFC 5952) of an address's number."""
    return str(IPv4Address(number - BASE4) if number >= BASE4 else IPv6Address(number))


@dataclass(frozen=True, slots=True)
class Packet:
    """One header: numbers as in `Field`, in its order."""

    target: int
    source: int
    protocol: int
    port: int = 0
    source_port: int = 0
    state: int = 0
    near: int = 0

    @property
    def fields(self) -> tuple[int, ...]:
        """By `Field`."""
        return (self.target, self.source, self.protocol, self.port, self.source_port, self.state, self.near)

    def __str__(self) -> str:
        name = next((word for word, number in PROTOCOLS.items() if number == self.protocol), str(self.protocol))
        if self.protocol in PORTED:
            ends = (f"[{address(self.source)}]:{self.source_port}", f"[{address(self.target)}]:{self.port}")
        else:
            kind = f" type {self.port}" if self.protocol in MESSAGES else ""
            name, ends = name + kind, (address(self.source), address(self.target))
        return f"{name} {ends[0]} → {ends[1]}" + (f" ({STATES[self.state]})" if self.state else "")


def packet(source: str, target: str, protocol: str | int, port: int = 0, source_port: int = 0) -> Packet:
    """A packet of a new connection, from text."""
    number = PROTOCOLS[protocol] if isinstance(protocol, str) else protocol
    base = [BASE4 if ip_address(text).version == 4 else 0 for text in (target, source)]
    return Packet(base[0] + int(ip_address(target)), base[1] + int(ip_address(source)), number, port, source_port)


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Sorted, without overlaps, neighbours joined."""
    result: list[Range] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return result
