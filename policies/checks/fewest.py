"""The fewest prefixes for what lies where: in, who has which prefixes; out, for each the fewest that hold all of its own and
nothing of anybody else's. Pure.

Each prefix has a widest one around it that still holds nobody else's. Two such are the same or apart, since they nest or
are apart and the wider is as good for both. So all that have one in common can share one prefix, no two that have not
can, and there are as many as there are different ones; each is then made as long as its members allow. The rendering
halves the address space from above instead: neither knows of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from inventory.allotting.prefixes import BITS, Prefix

_Row = tuple[int, int, int, int]
"""version, start, length, number of who has it"""


def fewest(have: Mapping[str, Iterable[Prefix]], alone: Iterable[Prefix] = ()) -> dict[str, tuple[Prefix, ...]]:
    """Who → the fewest prefixes, in order. `alone` is nobody's, and in no prefix of anybody. What overlaps somebody else's
    stands as it is."""
    names = list(have)
    rows: set[_Row] = {(p.version, p.start, p.length, number) for number, name in enumerate(names) for p in have[name]}
    rows |= {(p.version, p.start, p.length, -1) for p in alone}
    ordered = sorted(rows)
    groups: dict[tuple[int, Prefix], list[Prefix]] = defaultdict(list)
    for row, near, met in zip(ordered, _near(ordered), _met(ordered), strict=True):
        version, start, length, who = row
        if who >= 0 and met is not None:
            widest = Prefix(version, start, length) if met else _widest(row, near)
            groups[who, widest].append(Prefix(version, start, length))
    found: dict[str, list[Prefix]] = {name: [] for name in names}
    for (who, _), members in groups.items():
        found[names[who]].append(_common(members))
    return {name: tuple(sorted(prefixes)) for name, prefixes in found.items()}


def _near(rows: list[_Row]) -> list[list[_Row]]:
    """Of each row, the nearest before and after it that somebody else has: of all of others' that do not meet it, one of
    the two has the most leading bits in common with it."""
    near: list[list[_Row]] = [[] for _ in rows]
    for order in (range(len(rows)), range(len(rows) - 1, -1, -1)):
        last: _Row | None = None  # the nearest so far
        other: _Row | None = None  # the nearest so far of somebody else than `last`
        for index in order:
            row = rows[index]
            if last is not None and last[3] != row[3]:
                other = last
            if other is not None:
                near[index].append(other)
            last = row
    return near


def _met(rows: list[_Row]) -> list[bool | None]:
    """Of each row, whether it overlaps somebody else's; None where it lies in another of the same who, which holds it."""
    met: list[bool | None] = [False] * len(rows)
    around: list[int] = []
    for index, (version, start, length, who) in enumerate(rows):
        while around and not _holds(rows[around[-1]], version, start, length):
            around.pop()
        for outer in around:
            if rows[outer][3] != who:
                met[index] = met[index] if met[index] is None else True
                met[outer] = met[outer] if met[outer] is None else True
            else:
                met[index] = None
        around.append(index)
    return met


def _holds(row: _Row, version: int, start: int, length: int) -> bool:
    below = BITS[version] - row[2]
    return row[0] == version and row[2] <= length and row[1] >> below == start >> below


def _widest(row: _Row, near: Iterable[_Row]) -> Prefix:
    version, start, _, _ = row
    bits = BITS[version]
    shared = [bits - (start ^ other[1]).bit_length() for other in near if other[0] == version]
    length = max(shared) + 1 if shared else 0
    return Prefix(version, start >> (bits - length) << (bits - length), length)


def _common(members: list[Prefix]) -> Prefix:
    version, first, _ = members[0]
    bits = BITS[version]
    differ = max((first ^ other.start).bit_length() for other in members)
    length = min(bits - differ, *(other.length for other in members))
    return Prefix(version, first >> (bits - length) << (bits - length), length)
