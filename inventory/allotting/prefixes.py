"""A prefix as numbers, and its text: RFC 5952 out, and nothing but a whole prefix in.

`ipaddress` reads more than a plan may say (zones, IPv4-mapped text, set host bits); what is refused here is refused with
the reason in Chinese and English, `zh / en`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network
from socket import AF_INET6, inet_ntop, inet_pton
from typing import Literal, NamedTuple

Version = Literal[4, 6]
BITS: dict[int, int] = {4: 32, 6: 128}
_MAPPED = 0xFFFF
"""the upper 96 bits of IPv4 in IPv6, RFC 4291 2.5.5.2"""


class Prefix(NamedTuple):
    """All addresses whose first `length` bits are those of `start`; the other bits of `start` are 0."""

    version: int
    start: int
    length: int

    @property
    def size(self) -> int:
        """how many addresses"""
        return 1 << (BITS[self.version] - self.length)

    @property
    def last(self) -> int:
        return self.start + self.size - 1

    def __contains__(self, other: object) -> bool:
        """Whether another prefix lies wholly inside this one."""
        return (
            isinstance(other, Prefix)
            and other.version == self.version
            and other.length >= self.length
            and self.start <= other.start <= self.last
        )

    def meets(self, other: Prefix) -> bool:
        """Whether the two share an address."""
        return self in other or other in self

    def nth(self, number: int, length: int) -> Prefix:
        """The `number`-th prefix of a length in this one. ValueError where there are not so many."""
        step = BITS[self.version] - length
        if not self.length <= length <= BITS[self.version] or not 0 <= number < 1 << (length - self.length):
            raise ValueError(f"{text(self)} has no /{length} number {number}")
        return Prefix(self.version, self.start + (number << step), length)

    def __str__(self) -> str:
        return text(self)


def parse(words: str) -> Prefix:
    """`3fff:430::/32` or `198.18.0.0/15`; an address without a length is all of its bits. ValueError, `zh / en`."""
    body, slash, tail = words.partition("/")
    if "%" in words:
        raise ValueError("带有接口名(%):地址规划里只写前缀本身 / has a zone (%): write the prefix alone")
    try:
        version, number = _number(body)
    except (AddressValueError, ValueError):
        raise ValueError(
            "不是地址前缀:写成 3fff:430::/32 的样子 / is not a prefix: write it like 3fff:430::/32"
        ) from None
    if version == 6 and (number >> 32 == _MAPPED or "." in body):
        raise ValueError(
            "是 IPv6 写法的 IPv4 地址:直接写 IPv4 / is an IPv4 address in IPv6 text: write the IPv4 prefix itself"
        )
    bits = BITS[version]
    if slash and not re.fullmatch(r"0|[1-9]\d{0,2}", tail):
        raise ValueError("的斜杠后不是前缀长度 / has no prefix length after its slash")
    length = int(tail) if slash else bits
    if length > bits:
        raise ValueError(f"的前缀长度超过 {bits} / has a length beyond {bits}")
    if number & ((1 << (bits - length)) - 1):
        whole = text(Prefix(version, number >> (bits - length) << (bits - length), length))
        raise ValueError(f"在前缀之外的位不为零:是不是 {whole}? / has bits beyond its prefix: did you mean {whole}?")
    return Prefix(version, number, length)


def spanned(words: str) -> tuple[int, int, int]:
    """Version, first and last number of an address or prefix in text as others write it: bits beyond its length are passed
    over, IPv4 may have a mask. ValueError where it is neither."""
    body, slash, tail = words.partition("/")
    number = None if slash and not (tail.isascii() and tail.isdigit() and int(tail) <= BITS[6]) else _six(body)
    if number is None:
        net = ip_network(words, strict=False)
        return net.version, int(net.network_address), int(net.broadcast_address)
    rest = BITS[6] - int(tail) if slash else 0
    return 6, number >> rest << rest, number | ((1 << rest) - 1)


def _number(body: str) -> tuple[int, int]:
    """Version and number of an address. ValueError where it is none."""
    number = _six(body)
    if number is not None:
        return 6, number
    address = IPv6Address(body) if ":" in body else IPv4Address(body)
    return address.version, int(address)


def _six(body: str) -> int | None:
    """The number of an IPv6 address, if the C library reads it, which is a quarter of the time; it knows no zones, and what
    ends as IPv4 is left to Python."""
    if ":" not in body or "." in body:
        return None
    try:
        return int.from_bytes(inet_pton(AF_INET6, body), "big")
    except (OSError, ValueError):
        return None


def text(prefix: Prefix) -> str:
    """RFC 5952 text with the length."""
    return f"{address_text(prefix.version, prefix.start)}/{prefix.length}"


def texts(prefixes: Mapping[str, Prefix]) -> dict[str, str]:
    """The text of many, by the same keys; the short way for what is not written with an IPv4 tail."""
    return {
        key: f"{inet_ntop(AF_INET6, start.to_bytes(16, 'big'))}/{length}" if version == 6 and start >> 48
        else text(Prefix(version, start, length))
        for key, (version, start, length) in prefixes.items()
    }  # fmt: skip


def address_text(version: int, number: int) -> str:
    """RFC 5952 text of an address."""
    if version == 4:
        return str(IPv4Address(number))
    if number >> 32 in (0, 0xFFFF):  # the C library writes these with an IPv4 tail
        return str(IPv6Address(number))
    return inet_ntop(AF_INET6, number.to_bytes(16, "big"))


def covering(version: int, first: int, last: int) -> Iterator[Prefix]:
    """The fewest prefixes that make up a range of addresses, in order."""
    bits = BITS[version]
    while first <= last:
        aligned = (first & -first).bit_length() - 1 if first else bits
        fits = (last - first + 1).bit_length() - 1
        step = min(aligned, fits)
        yield Prefix(version, first, bits - step)
        first += 1 << step


def overlaps(prefixes: Iterable[tuple[Prefix, str]]) -> Iterator[tuple[tuple[Prefix, str], tuple[Prefix, str]]]:
    """Each of the named prefixes that meets one before it (in the order of addresses), with that one."""
    widest: tuple[Prefix, str] | None = None
    for one in sorted(prefixes):
        if widest is not None and widest[0].version == one[0].version and one[0].start <= widest[0].last:
            yield widest, one
        if widest is None or widest[0].version != one[0].version or one[0].last > widest[0].last:
            widest = one


class Lying:
    """Prefixes, to be asked for what meets another."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        self._sorted = sorted(prefixes)
        self._all = frozenset(self._sorted)
        self._lengths = sorted({(p.version, p.length) for p in self._sorted})

    def meeting(self, one: Prefix) -> Prefix | None:
        """The first, in the order of addresses, that shares an address with it."""
        bits = BITS[one.version]
        for version, length in self._lengths:
            if version == one.version and length <= one.length:
                around = Prefix(version, one.start >> (bits - length) << (bits - length), length)
                if around in self._all:
                    return around
        at = bisect_left(self._sorted, one)
        found = self._sorted[at] if at < len(self._sorted) else None
        return found if found and found in one else None
