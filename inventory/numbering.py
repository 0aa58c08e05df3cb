"""What the address plan says in numbers: the area of a segment, what a prefix is made up of, the aggregates. Pure.

In: a city whose plan has been found sound (`inventory.plan_faults`). Out: prefixes and names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from inventory.allotting.prefixes import Prefix, parse
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


def read_back(city: City, prefix: Prefix) -> dict[str, str | int | None] | None:
    """What the plan says of a prefix (of a segment, or an address in one): field → key, None where the code is in no
    table, the number of the segment field itself. Fields that the prefix does not fill are left out; None where it is
    outside the plan."""
    whole = parse(city.addresses.prefix6)
    if prefix not in whole:
        return None
    found: dict[str, str | int | None] = {}
    length = whole.length
    for part in city.addresses.fields:
        length += part.bits
        if length > prefix.length:
            break
        code = prefix.start >> (128 - length) & ((1 << part.bits) - 1)
        names = {number: name for name, number in codes(city, part).items()}
        found[part.name] = code if part.of == "segment" else names.get(code)
    return found


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
