"""The address plan and what is given out of it: fields, sites by zones, units, blocks, IPv4, what rests.

Counted from the prefixes themselves, read back through the plan's fields, so a prefix that the plan does not know is
told and not left out. Room is exact: every segment of the other fields' codes but those that are kept back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from inventory.allotting.prefixes import Prefix, parse, text
from inventory.estate import Estate, known
from inventory.model import City, Part
from inventory.numbering import aggregates, codes, read_back
from policies.report.parts.words import Pair, pair

FIELDS = {
    "site": ("站点", "site"), "zone": ("区域", "zone"), "bureau": ("单位", "unit"), "tier": ("层", "tier"),
    "fixed": ("定值", "fixed"), "segment": ("网段", "segment"),
}  # fmt: skip


def drawn(read: Any, allocations: Any, estate: Estate) -> dict[str, Any]:
    """What the page draws; `known` is False where there is no city to read a plan from."""
    city: City | None = getattr(read, "city", None)
    if city is None:
        return {"known": False}
    given = _given(allocations, estate)
    standing = {s.name for s in estate.kind("net.subnet")}
    rows = {name: (prefix, read_back(city, prefix) or {}) for name, (prefix, _) in given.items()}
    owned = {name: both for name, both in rows.items() if both[1] and None not in both[1].values()}
    return {
        "known": True, "prefix": text(parse(city.addresses.prefix6)), "fields": _fields(city, owned),
        "example": _example(city, owned), "sites": [{"key": s.key, "name": pair(s.name, s.en)} for s in city.sites],
        "zones": [{"key": z.key, "name": pair(z.name, z.en)} for z in city.zones],
        "cells": _cells(city, owned, standing), "units": _units(city, owned), "blocks": _blocks(city, allocations, given),
        "four": _four(city, allocations, given), "segments": len(given), "standing": len(standing & set(given)),
        "strangers": [{"name": n, "prefix": text(rows[n][0])} for n in sorted(set(rows) - set(owned))],
        "resting": _resting(allocations),
    }  # fmt: skip


_Given = Mapping[str, tuple[Prefix, Prefix | None]]
_Owned = Mapping[str, tuple[Prefix, Mapping[str, str | int | None]]]


def _given(allocations: Any, estate: Estate) -> _Given:
    """Segment → its prefixes: of the address step where it ran, else of what stands."""
    if allocations is not None:
        texts = {name: (each.cidr6, each.cidr4) for name, each in allocations.segments.items()}
    else:
        texts = {s.name: (s["cidr6"], s.get("cidr4")) for s in estate.kind("net.subnet")}
    return {
        name: (parse(six), parse(four) if four and known(four) else None)
        for name, (six, four) in sorted(texts.items())
        if six and known(six)
    }


def _of(city: City, what: str) -> str:
    """The name of the field that numbers something; "" where the plan has none."""
    return next((part.name for part in city.addresses.fields if part.of == what), "")


def _fields(city: City, owned: _Owned) -> list[dict[str, Any]]:
    """From the left, each with its bits, its codes in the table and those in use."""
    start, rows = parse(city.addresses.prefix6).length, []
    for part in city.addresses.fields:
        used = {found.get(part.name) for _, found in owned.values()}
        rows.append({
            "name": part.name, "of": part.of, "title": pair(*FIELDS[part.of]), "first": start, "bits": part.bits,
            "codes": 1 << part.bits, "named": None if part.of == "segment" else len(codes(city, part)),
            "used": len(used), "growth": part.growth,
            "reserved": [{"code": kept.code, "to": _both(kept.to)} for kept in part.reserved],
        })  # fmt: skip
        start += part.bits
    return rows


def _both(words: str) -> Pair:
    """`中文 / English`, as the plan writes it."""
    zh, slash, en = words.partition(" / ")
    return pair(zh, en if slash else zh)


def _example(city: City, owned: _Owned) -> dict[str, Any] | None:
    """One segment taken apart: the first of a unit, else the first, so that as many fields as may be say something."""
    if not owned:
        return None
    unit = _of(city, "bureau")
    name = min(owned, key=lambda each: (owned[each][1].get(unit) in ("", None), owned[each][0], each))
    prefix, found = owned[name]
    at, values = parse(city.addresses.prefix6).length, []
    for part in city.addresses.fields:
        at += part.bits
        code = prefix.start >> (128 - at) & ((1 << part.bits) - 1)
        values.append({"code": f"{code:0{-(-part.bits // 4)}x}", "means": _named(city, part, found.get(part.name))})
    return {"segment": name, "prefix": text(prefix), "values": values}


def _named(city: City, part: Part, key: Any) -> Pair:
    table = {"site": city.sites, "zone": city.zones, "bureau": city.bureaus}.get(part.of, ())
    row = next((row for row in table if row.key == key), None)
    if row is None:
        return pair(*(("不属于单位", "no unit") if part.of == "bureau" and key == "" else (str(key or "—"),)))
    return pair(row.name, row.en)


def _cells(city: City, owned: _Owned, standing: set[str]) -> list[dict[str, Any]]:
    """A cell for each zone at each site, with the prefix of both where the plan begins with them."""
    site, zone, unit = (_of(city, what) for what in ("site", "zone", "bureau"))
    room = 1
    for part in city.addresses.fields:
        if part.of not in ("site", "zone", "fixed"):
            room *= (1 << part.bits) - len(part.reserved)
    prefixes = {
        frozenset(name for _, name in row.names): row.prefix
        for row in aggregates(city)
        if {field for field, _ in row.names} == {site, zone} - {""}
    }
    found: defaultdict[tuple[Any, Any], list[str]] = defaultdict(list)
    for name, (_, values) in owned.items():
        found[values.get(site), values.get(zone)].append(name)
    rows = []
    for a in city.zones if zone else ():
        for b in city.sites if site else ():
            names, prefix = found.get((b.key, a.key), []), prefixes.get(frozenset((a.key, b.key)))
            rows.append({
                "zone": a.key, "site": b.key, "prefix": text(prefix) if prefix else None, "used": len(names), "room": room,
                "standing": len(standing.intersection(names)),
                "units": len({owned[n][1].get(unit) for n in names} - {"", None}),
            })  # fmt: skip
    return rows


def _units(city: City, owned: _Owned) -> list[dict[str, Any]]:
    """Every unit with segments, most first, by zone; beside its code. `key` "" is what belongs to none."""
    unit, zone = _of(city, "bureau"), _of(city, "zone")
    part = next((part for part in city.addresses.fields if part.of == "bureau"), None)
    if part is None:
        return []
    table = codes(city, part)
    per: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, values in owned.values():
        per[str(values[unit])][str(values.get(zone, ""))] += 1
    rows = [
        {
            "key": key, "name": _named(city, part, key), "code": f"{table[key]:0{-(-part.bits // 4)}x}",
            "segments": counts.total(), "zones": dict(sorted(counts.items())),
        }
        for key, counts in per.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["segments"], row["key"]))


def _blocks(city: City, allocations: Any, given: _Given) -> list[dict[str, Any]]:
    """Blocks beside the segments: each with the length that is dealt, how many are given out and how many there are."""
    plan = city.addresses
    blocks = [
        ("links", pair("站点间线路", "lines between sites"), plan.link6, 127),
        ("loopbacks", pair("路由器环回", "loopbacks of routers"), plan.loopback6, 128),
        ("locators", pair("SRv6 定位符", "SRv6 locators"), plan.locators and plan.locators.prefix, plan.locators and plan.locators.length),
        ("nat64", pair("NAT64 前缀", "NAT64 prefixes"), plan.nat64 and plan.nat64.prefix, plan.nat64 and plan.nat64.length),
        ("pool4", pair("NAT64 的 IPv4", "IPv4 of NAT64"), plan.public4, plan.pool4),
    ]  # fmt: skip
    rows = [
        {
            "key": key, "name": name, "prefix": text(parse(space)), "length": length,
            "used": len(getattr(allocations, key, ())), "room_bits": length - parse(space).length,
        }
        for key, name, space, length in blocks
        if space and length
    ]  # fmt: skip
    ula, unique = parse(plan.ula), [each for each in getattr(allocations, "segments", {}).values() if each.ula]
    rows.append({
        "key": "ula", "name": pair("唯一本地地址", "unique local addresses"), "prefix": text(ula), "length": 64,
        "used": len(unique), "room_bits": 64 - ula.length,
    })  # fmt: skip
    return rows


def _four(city: City, allocations: Any, given: _Given) -> dict[str, Any]:
    """The IPv4 side: blocks in use, each of segments of one size, and the addresses that are seen from outside."""
    whole, public = parse(city.addresses.prefix4), parse(city.addresses.public4)
    length = max(city.addresses.block4, whole.length)
    per: defaultdict[Prefix, list[Prefix]] = defaultdict(list)
    for _, four in given.values():
        if four is not None and four in whole:
            at = min(length, four.length)
            per[Prefix(4, four.start >> (32 - at) << (32 - at), at)].append(four)
    rows = []
    for block, members in sorted(per.items()):
        size = max(each.length for each in members)
        rows.append({
            "block": text(block), "length": size, "used": len(members), "room": 1 << (size - block.length),
            "addresses": sum(each.size for each in members), "of": block.size,
        })  # fmt: skip
    outside = sum(_inside(v.address4, public) for v in getattr(allocations, "vips", {}).values())
    outside += sum(parse(pool).size for pool in getattr(allocations, "pool4", {}).values())
    return {
        "prefix": text(whole), "block": length, "blocks": len(rows), "room": 1 << (length - whole.length), "rows": rows,
        "dual": sum(four is not None for _, four in given.values()), "public": text(public), "public_used": outside,
    }  # fmt: skip


def _inside(address: str | None, whole: Prefix) -> bool:
    return address is not None and parse(address) in whole


def _resting(allocations: Any) -> dict[str, Any]:
    """What was released and is nobody's yet, by the day on which it is free; `known` only where the address step ran."""
    if allocations is None:
        return {"known": False, "rows": []}
    rows: Iterable[tuple[str, tuple[str, float]]] = allocations.resting.items()
    return {
        "known": True,
        "rows": [
            {"key": key, "prefix": prefix, "until": datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d")}
            for key, (prefix, until) in sorted(rows, key=lambda row: (row[1][1], row[0]))
        ],
    }
