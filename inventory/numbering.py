"""What the address plan says in numbers: the area of a segment, what a prefix is made up of, the aggregates. Pure.

In: a city whose plan has been found sound (`inventory.plan_faults`). Out: prefixes and names. `inventory.bitfields` is what
reads a prefix back: one table of fields for all who ask what bits say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from inventory.allotting.prefixes import Prefix, parse
from inventory.bitfields import Scheme, Slot
from inventory.layout import Segment
from inventory.model import City, Family, Part

IPV6_ONLY = Family(stack="ipv6-only", segment=None, ipv4=None, ula=False, dhcp6=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One prefix for all segments that share the codes of the first fields: what a tier of routers advertises."""

    names: tuple[tuple[str, str], ...]
    """(field, key), from the left; key "" is what belongs to none"""
    prefix: Prefix


def codes(city: City, part: Part) -> Mapping[str, int]:
    """The code table of a field: key → code; "" is what belongs to none."""
    if part.of == "fixed":
        return {"": part.value or 0}
    if part.codes is not None:
        table = dict(part.codes)
    else:
        rows = {"site": city.sites, "zone": city.zones, "bureau": city.bureaus}.get(part.of, ())
        table = {row.key: row.number for row in rows}
    return table if part.none is None else {**table, "": part.none}


def key(part: Part, segment: Segment) -> str:
    """What of a segment a field numbers."""
    return {"site": segment.site, "zone": segment.zone, "bureau": segment.bureau or "", "tier": segment.tier}.get(
        part.of, ""
    )


def area(city: City, segment: Segment) -> Prefix:
    """The prefix in which a segment is numbered: all fields but the last. LookupError where it is in no table."""
    prefix = parse(city.addresses.prefix6)
    for part in city.addresses.fields:
        if part.of != "segment":
            prefix = prefix.nth(codes(city, part)[key(part, segment)], prefix.length + part.bits)
    return prefix


def barred(city: City, of: Prefix) -> tuple[Prefix, ...]:
    """The segments of an area that are kept back."""
    last = city.addresses.fields[-1]
    return tuple(of.nth(kept.code, of.length + last.bits) for kept in last.reserved)


def scheme(city: City) -> Scheme:
    """The plan's fields, ready to read prefixes with."""
    plan = city.addresses
    slots, end = [], parse(plan.prefix6).length
    for part in plan.fields:
        end += part.bits
        table = {} if part.of == "segment" else codes(city, part)
        kept = frozenset(each.code for each in part.reserved)
        slots.append(Slot(part.name, part.of, part.bits, end, {code: key for key, code in table.items()}, kept))
    return Scheme(parse(plan.prefix6), tuple(slots))


def read_back(city: City, prefix: Prefix) -> dict[str, str | int | None] | None:
    """What the plan says of a prefix, by name of the field (`Scheme.read`); None where it is outside the plan."""
    return scheme(city).read(prefix)


def strayed(city: City, segment: Segment, prefix: Prefix, area: Prefix) -> str | None:
    """The zone that a segment's prefix says where it is outside the segment's area and says another zone than the
    segment's: it was numbered before the segment was of this zone. None where it says nothing, or where more is different:
    then it is the plan that was changed, and nothing follows it."""
    if prefix in area:
        return None
    said = read_back(city, prefix) or {}
    parts = [part for part in city.addresses.fields if part.of not in ("segment", "fixed")]
    wrong = [part for part in parts if said.get(part.name) != key(part, segment)]
    zone = said.get(wrong[0].name) if [part.of for part in wrong] == ["zone"] else None
    return zone if isinstance(zone, str) else None


def aggregates(city: City) -> Iterator[Aggregate]:
    """Every prefix that the codes in use come to, the whole first: sites, zones at a site, units in a zone, in whatever
    order the plan has them."""
    rows = [Aggregate((), parse(city.addresses.prefix6))]
    for part in city.addresses.fields:
        yield from rows
        if part.of == "segment":
            return
        rows = [
            Aggregate((*row.names, (part.name, name)), row.prefix.nth(code, row.prefix.length + part.bits))
            for row in rows
            for name, code in sorted(codes(city, part).items(), key=lambda item: item[1])
        ]


def family(city: City, segment: Segment) -> Family:
    """What a segment speaks: the first entry of the plan that matches it."""
    for entry in city.addresses.families:
        if (
            entry.site in (None, segment.site)
            and entry.zone in (None, segment.zone)
            and entry.bureau in (None, segment.bureau)
            and entry.tier in (None, segment.tier)
            and (entry.segment is None or fnmatchcase(segment.name, entry.segment))
        ):
            return entry
    return IPV6_ONLY
