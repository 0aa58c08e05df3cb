"""What arrives where between zones, counted: in, what judging this very estate has worked out; out, plain data.

Nothing is proved here again: a city of hundreds of systems has been walked once, by the checks. Where they did not run,
that is said, and where a part of the network could not be read, the cells that hang on it are `unknown`, never empty.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from inventory.estate import Estate, Resource, known
from policies.reach.city import INTERNET
from policies.reach.fields import FOUR, MESSAGES, PORTED, PROTOCOLS, SIX, TOP, Field
from policies.reach.headers import Headers
from policies.reach.proof import Proof, worked_out
from policies.report.parts.words import Pair, pair

OUTSIDE = "outside"
"""the key of the internet itself, beside those of the zones"""
ANY = "*"
_ECHO = ((1, 8), (58, 128))
_NAMES = {number: name for name, number in PROTOCOLS.items()}
_MOST_UNREAD = 5


def between(read: Any, estate: Estate, verdict: Any, reasons: dict[str, Pair]) -> dict[str, Any]:
    """Places (the internet, then the zones as the city has them) and a cell for each two of them, in their order."""
    proof = worked_out(estate) if verdict is not None else None
    if proof is None:
        return unproved(reasons.get("judge"))
    found = _counted(proof)
    ends = Counter(_zone(proof, end) for end in proof.ends)
    places = _places(read, {*ends, *(key for both in found for key in both)}, ends)
    doubt = _doubt(proof, {place["key"] for place in places})
    cells = [_cell(a["key"], b["key"], found, doubt) for a in places for b in places]
    first = [pair(*words) for _, words in sorted(proof.city.open, key=lambda each: each[1][1])[:_MOST_UNREAD]]
    unread = {"count": len(proof.city.open), "first": first}
    return {"skipped": None, "places": places, "cells": cells, "unread": unread}


def unproved(why: Pair | None = None) -> dict[str, Any]:
    """What is said where nothing was worked out."""
    why = why or pair(
        "本次没有证明可达性,区域之间能到达什么未知。",
        "Reachability was not proved in this run: what arrives between zones is not known.",
    )
    return {"skipped": why, "places": [], "cells": [], "unread": {"count": 0, "first": []}}


class _Found:
    """What arrives in one zone from another."""

    def __init__(self) -> None:
        self.sources: set[str] = set()
        self.services: dict[str, set[str]] = defaultdict(set)
        """service (`tcp/443`, `tcp/*`, `ping`) → hosts that it is open at"""
        self.pairs = 0


def _counted(proof: Proof) -> dict[tuple[str, str], _Found]:
    found: defaultdict[tuple[str, str], _Found] = defaultdict(_Found)
    whole = [_service(proof.beginning & proof.space.box({Field.TARGET: [family]})) for family in (SIX, FOUR)]
    for target, by in proof.arrivals.items():
        merged: defaultdict[str, list[Headers]] = defaultdict(list)
        for source, headers in by.items():
            key = (_zone(proof, source), _zone(proof, target))
            found[key].sources.add(source)
            # before the union, so that what many sources may do alike is one set
            merged[key[0]].append(_service(headers))
        for zone, sets in merged.items():
            cell = found[zone, _zone(proof, target)]
            for name, number in _services(proof.space.union(sets), whole):
                cell.services[name].add(target)
                cell.pairs += number
    return dict(found)


def _service(headers: Headers) -> Headers:
    """Protocol and port alone: a host is one host, whatever its address and whoever asks."""
    node = headers.node
    for field in (Field.TARGET, Field.SOURCE, Field.SOURCE_PORT, Field.STATE, Field.NEAR):
        node = headers.space.any_of(node, field)
    return Headers(headers.space, node)


def _services(headers: Headers, whole: list[Headers]) -> Iterator[tuple[str, int]]:
    """Names of what is open, each with the number of its ports; every port of a protocol is `tcp/*`, everything that can
    begin in a family is `*`, and neither counts as a port."""
    if any(each <= headers for each in whole):
        yield ANY, 0
        return
    for box in headers.boxes():
        first, last = box.get(Field.PROTOCOL, (0, TOP[Field.PROTOCOL]))
        low, high = box.get(Field.PORT, (0, TOP[Field.PORT]))
        if first != last:
            yield f"{first}–{last}", 0
        elif first in PORTED:
            name = _NAMES.get(first, str(first))
            if (low, high) == (0, TOP[Field.PORT]):
                yield f"{name}/{ANY}", 0
            else:
                yield f"{name}/{low}" + (f"–{high}" if high != low else ""), high - low + 1
        elif first in MESSAGES:
            yield ("ping" if (first, low) in _ECHO and low == high else _NAMES[first]), 0
        else:
            yield _NAMES.get(first, str(first)), 0


def _zone(proof: Proof, end: str) -> str:
    if end == INTERNET:
        return OUTSIDE
    return _key(proof.city.places[end])


def _key(one: Resource) -> str:
    zone = one.get("zone")
    return str(zone) if zone and known(zone) else ""


def _places(read: Any, used: set[str], ends: Counter[str]) -> list[dict[str, Any]]:
    city = getattr(read, "city", None)
    zones = {zone.key: zone for zone in city.zones} if city else {}
    rows = [{"key": OUTSIDE, "name": pair("互联网", "Internet"), "hosts": None, "private": False}]
    for key in (*zones, *sorted(used - {OUTSIDE, *zones})):
        zone = zones.get(key)
        name = pair(zone.name, zone.en) if zone else pair(key) if key else pair("区域未知", "Zone unknown")
        rows.append({"key": key, "name": name, "hosts": ends[key], "private": bool(zone and zone.per_bureau)})
    return rows


def _doubt(proof: Proof, places: set[str]) -> set[str]:
    """Zones of which something could not be read; all of them where it was a router, a line or nobody's."""
    found: set[str] = set()
    for one, _ in proof.city.open:
        zone = _key(one)
        if one.kind in ("net.router", "net.link") or zone not in places or not zone:
            return places
        found.add(zone)
    return found


def _cell(source: str, target: str, all_: dict[tuple[str, str], _Found], doubt: set[str]) -> dict[str, Any]:
    """`open`: at least this arrives; `unknown`: perhaps more, and where it counts nothing, perhaps something."""
    found = all_.get((source, target), _Found())
    hosts = {host for members in found.services.values() for host in members}
    services = [
        {"service": name, "hosts": len(members)}
        for name, members in sorted(found.services.items(), key=lambda item: (ANY in item[0], _natural(item[0])))
    ]
    return {
        "source": source, "target": target,
        "state": "unknown" if {source, target} & doubt else "open" if found.services else "nothing",
        "pairs": found.pairs,
        "unfiltered": len({h for name, hosts_ in found.services.items() if ANY in name for h in hosts_}),
        "sources": len(found.sources), "targets": len(hosts), "services": services,
    }  # fmt: skip


def _natural(service: str) -> tuple[str, int]:
    name, _, port = service.partition("/")
    digits = port.partition("–")[0]
    return name, int(digits) if digits.isdigit() else 0
