"""What the bits of an IPv6 prefix say by the city's plan: site, zone and owner; and the other way round. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv6Network

from inventory.exchange.book import CITY
from inventory.model import City


@dataclass(frozen=True, slots=True)
class Said:
    """Keys that the bits spell; None where the prefix ends before the field, "" where the code table has no such code."""

    site: str | None
    zone: str | None
    owner: str | None
    numbers: tuple[int, int, int]


@dataclass(frozen=True)
class Layout:
    """The plan's fields as shifts."""

    city: City

    @cached_property
    def whole(self) -> tuple[int, int]:
        """First address and length of the city's prefix."""
        net = IPv6Network(self.city.addresses.prefix6)
        return int(net.network_address), net.prefixlen

    @cached_property
    def _shifts(self) -> tuple[tuple[int, int], ...]:
        """(length at which the field ends, its mask) of site, zone, owner."""
        plan, at = self.city.addresses, self.whole[1]
        found = []
        for bits in (plan.site_bits, plan.zone_bits, plan.bureau_bits):
            at += bits
            found.append((at, (1 << bits) - 1))
        return tuple(found)

    @cached_property
    def end(self) -> int:
        """Length at which the last of the three fields ends."""
        return self._shifts[-1][0]

    @cached_property
    def backbone_areas(self) -> frozenset[int]:
        """The areas (`first >> 128 - end`) that are in part the backbone's: prefixes there have nothing in common."""
        shift = 128 - self.end
        return frozenset(low >> shift for low, high in self.backbone if low >> shift == high >> shift)

    @cached_property
    def _tables(self) -> tuple[dict[int, str], ...]:
        city = self.city
        owners = {0: CITY, **{bureau.number: bureau.key for bureau in city.bureaus}}
        return {s.number: s.key for s in city.sites}, {z.number: z.key for z in city.zones}, owners

    @cached_property
    def backbone(self) -> tuple[tuple[int, int], ...]:
        """First and last of what lines, loopbacks, locators and translators have: of no site, whatever their bits would
        spell."""
        plan = self.city.addresses
        blocks = [block.prefix for block in (plan.locators, plan.nat64) if block]
        nets = [IPv6Network(text) for text in (plan.link6, plan.loopback6, *blocks)]
        return tuple((int(net[0]), int(net[-1])) for net in nets)

    def said(self, first: int, length: int) -> Said | None:
        """What a prefix says; None where it lies outside the city's, is all of it, or belongs to the backbone."""
        start, whole = self.whole
        if length <= whole or first >> 128 - whole != start >> 128 - whole:
            return None
        if any(low <= first <= high for low, high in self.backbone):
            return None
        words: list[str | None] = []
        numbers: list[int] = []
        for (end, mask), table in zip(self._shifts, self._tables, strict=True):
            number = first >> 128 - end & mask
            numbers.append(number)
            words.append(table.get(number, "") if length >= end else None)
        return Said(words[0], words[1], words[2], (numbers[0], numbers[1], numbers[2]))

    def area(self, site: str, zone: str, owner: str) -> tuple[int, int]:
        """First address and length of where segments of an owner lie. LookupError for words that are no keys."""
        number = 0
        for word, (_, mask), table in zip((site, zone, owner), self._shifts, self._tables, strict=True):
            code = next((code for code, key in table.items() if key == word), None)
            if code is None:
                raise LookupError(word)
            number = number << mask.bit_length() | code
        return self.whole[0] | number << 128 - self.end, self.end


def spaces(city: City) -> Iterable[tuple[str, str]]:
    """(field, prefix) of everything that the plan calls the city's own."""
    plan = city.addresses
    return tuple((name, getattr(plan, name)) for name in ("prefix6", "ula", "prefix4", "public4"))
