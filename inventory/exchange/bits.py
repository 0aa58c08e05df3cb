"""What the bits of an IPv6 prefix say by the city's plan, for a million rows: and the other way round. Pure.

The fields are the plan's own (`inventory.bitfields`), whatever they are called and in whatever order; of the last, which
numbers segments, nothing is said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv6Network
from typing import NamedTuple

from inventory.bitfields import Scheme, Slot
from inventory.exchange.book import CITY
from inventory.model import City
from inventory.numbering import scheme


class Word(NamedTuple):
    """A field that a prefix fills, its code there, and the key that this stands for; None where it is in no table."""

    slot: Slot
    code: int
    key: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a prefix says, field by field. A property below is None where there is no such field or the prefix ends before
    it, "" where the code table has no such code."""

    words: tuple[Word, ...]

    @property
    def site(self) -> str | None:
        return self._key("site", "")

    @property
    def zone(self) -> str | None:
        return self._key("zone", "")

    @property
    def owner(self) -> str | None:
        """CITY where it belongs to no unit."""
        return self._key("bureau", CITY)

    def _key(self, of: str, nobody: str) -> str | None:
        for word in self.words:
            if word.slot.of == of:
                return "" if word.key is None else word.key or nobody
        return None


@dataclass(frozen=True)
class Layout:
    """The plan's fields, and where they end."""

    city: City

    @cached_property
    def scheme(self) -> Scheme:
        return scheme(self.city)

    @cached_property
    def whole(self) -> tuple[int, int]:
        """First address and length of the city's prefix."""
        return self.scheme.whole.start, self.scheme.whole.length

    @cached_property
    def end(self) -> int:
        """Length at which the last field before the segment's ends."""
        return max((slot.end for slot in self._coded), default=self.whole[1])

    @cached_property
    def backbone_areas(self) -> frozenset[int]:
        """The areas (`first >> 128 - end`) that are in part the backbone's: prefixes there have nothing in common."""
        shift = 128 - self.end
        return frozenset(low >> shift for low, high in self.backbone if low >> shift == high >> shift)

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
        codes = ((slot, slot.code(first)) for slot in self._coded if slot.end <= length)
        return Said(tuple(Word(slot, code, slot.names.get(code)) for slot, code in codes))

    def area(self, site: str, zone: str, owner: str) -> tuple[int, int]:
        """First address and length of where segments of an owner lie; of a field that numbers something else the lowest
        code that is given to anything. LookupError for words that are no keys."""
        words = {"site": site, "zone": zone, "bureau": "" if owner == CITY else owner}
        first = self.whole[0]
        for slot, table in self._tables:
            if slot.of in words and words[slot.of] not in table:
                raise LookupError(words[slot.of] or CITY)
            code = table[words[slot.of]] if slot.of in words else min(table.values())
            first |= code << 128 - slot.end
        return first, self.end

    @cached_property
    def _coded(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.scheme.slots if slot.of != "segment")

    @cached_property
    def _tables(self) -> tuple[tuple[Slot, Mapping[str, int]], ...]:
        return tuple((slot, {key: code for code, key in slot.names.items()}) for slot in self._coded)


def spaces(city: City) -> Iterable[tuple[str, str]]:
    """(field, prefix) of everything that the plan calls the city's own."""
    plan = city.addresses
    return tuple((name, getattr(plan, name)) for name in ("prefix6", "ula", "prefix4", "public4"))
