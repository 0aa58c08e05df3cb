"""What has to be in another segment than it is in: from what was decided to the ledger's moves, and what is told of it. Pure
but for the published estate, which is looked into where something has moved within the last weeks.

A host (or load balancer, or a segment of a zone of before) that moves leaves an address that rests as its own: it comes
back to that where the request is changed back meanwhile. What has been decided is not built yet: until it is, the host
stands where it was, and what it left begins its rest anew with every address step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from inventory import estate
from inventory.allocations import Addresses, Allocations, Moved, Prefixes
from inventory.allotting import Entry, Pool, parse, text
from inventory.allotting.nouns import REST, Move, State
from inventory.allotting.prefixes import address_text
from inventory.assigning import layouts
from inventory.model import Address
from inventory.reading import Read

_KINDS = {
    "segment6": ("net.subnet", "cidr6"), "host6": ("compute.host", "address6"), "host4": ("compute.host", "address4"),
    "vip6": ("net.lb", "vip6"), "vip4": ("net.lb", "vip4"),
}  # fmt: skip
"""kind of key that moves → kind of resource and its property"""
_OFTEN = 86400.0
"""seconds after which a rest that has not begun is begun anew: not with every step, since each is written down"""


def moves(plan: Address, moved: Iterable[Moved]) -> list[tuple[Pool, Mapping[str, Move]]]:
    """The ledger's moves, by pool."""
    named: dict[Pool, dict[str, Move]] = {}
    for each in moved:
        version = each.kind[-1]
        space = plan.prefix4 if version == "4" else plan.prefix6
        pool = Pool("segments6" if each.kind == "segment6" else f"hosts{version}", (parse(space),))
        move = Move(parse(each.before), parse(each.after) if each.after else None)
        named.setdefault(pool, {})[each.key] = move
    return list(named.items())


def former(entries: Mapping[str, Entry]) -> dict[str, tuple[str, ...]]:
    """Key → what it has left and what rests as its own."""
    left: dict[str, tuple[str, ...]] = {}
    for place, key, entry in sorted(_left(entries)):
        if place != key:
            left[key] = (*left.get(key, ()), _words(key, entry))
    return left


def restless(read: Read, entries: Mapping[str, Entry], at: float) -> list[str]:
    """Keys of what was left and still stands as it was, whose rest has to begin anew."""
    there = _standing(read, entries)
    return [place for place, _, entry, _ in there if (entry.until or at) < at + REST - _OFTEN]


def told(read: Read, done: Allocations, entries: Mapping[str, Entry]) -> tuple[Moved, ...]:
    """What has moved now, and what moved earlier and is not built so yet."""
    found = list(done.moved)
    just = {(each.key, each.before) for each in found}
    waiting = [each for each in _standing(read, entries) if (each[1], _words(*each[1:3])) not in just]
    if waiting:
        where = {f"segment6/{segment.name}": segment.zone for each in layouts(read) for segment in each.segments}
        for each in layouts(read):
            where |= {f"host{v}/{machine.name}": machine.segment for machine in each.machines for v in (6, 4)}
            where |= {f"vip{v}/{vip.name}": vip.segment for vip in each.vips for v in (6, 4)}
        for _, key, entry, there in waiting:
            kind, _, name = key.partition("/")
            if key in where:
                left = there.get("zone" if kind == "segment6" else "subnet") or ""
                found.append(Moved(kind, name, _words(key, entry), _now(done, kind, name), where[key], left))
    return tuple(found)


def newest(now: Mapping[str, Any], done: Mapping[str, Any]) -> dict[str, Any]:
    """A table as the ledger has it, in the words of who decided it: less than the ledger has where the plan asks for less,
    and nothing of before a move that another step has made meanwhile."""
    rows = {**now, **done}
    for name in now.keys() & done.keys():
        mine, there = done[name], now[name]
        if isinstance(mine, Addresses):
            four = there.address4 if mine.address4 or mine.address6 != there.address6 else None
            rows[name] = Addresses(there.address6, four)
        elif isinstance(mine, Prefixes):
            rows[name] = replace(mine, cidr6=there.cidr6)
    return rows


def _left(entries: Mapping[str, Entry]) -> Iterator[tuple[str, str, Entry]]:
    """(place in the ledger, key, entry) of what keys have left and what rests; where a key has nothing instead (IPv4), the
    place is the key itself."""
    for place, entry in entries.items():
        key, moved, _ = place.partition("@")
        if entry.state is State.RESTING and (moved or key.startswith(("host4/", "vip4/"))):
            yield place, key, entry


def _standing(read: Read, entries: Mapping[str, Entry]) -> list[tuple[str, str, Entry, estate.Resource]]:
    """What was left and rests, with what stands there still."""
    left = sorted(_left(entries))
    there = estate.published(read.places.estate) if left else estate.Estate()
    found: list[tuple[str, str, Entry, estate.Resource]] = []
    for place, key, entry in left:
        kind, _, name = key.partition("/")
        of, word = _KINDS[kind]
        resource = there.named(of, name)
        if resource and resource.get(word) == _words(key, entry):
            found.append((place, key, entry, resource))
    return found


def _words(key: str, entry: Entry) -> str:
    """As the published file and resources have it: a segment's prefix, or an address."""
    if key.startswith("segment"):
        return text(entry.prefix)
    return address_text(entry.prefix.version, entry.prefix.start)


def _now(done: Allocations, kind: str, name: str) -> str | None:
    if kind == "segment6":
        return done.segment(name).cidr6
    each = done.host(name) if kind.startswith("host") else done.vip(name)
    return each.address4 if kind.endswith("4") else each.address6
