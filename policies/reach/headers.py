"""Sets of packet headers, exactly. In: ranges of fields. Out: sets with union, intersection, difference, one form each.

A set is an interval decision diagram: a node belongs to one field, cuts the field's numbers into ranges and leads each
to a node of a later field. Nodes are made once in a `Space` and neighbours that lead to the same place are joined, so
two sets are equal exactly where they are the same node, whatever they were made of.

Only packets that can be are in a set: both addresses of one family; ICMP has a type (in `PORT`) and no source port;
protocols without ports have neither.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from policies.reach.fields import FOUR, MESSAGES, PORTED, SIX, TOP, Field, Packet, Range, Ranges, joined

Label = TypeVar("Label", bound=Hashable)

_LEAF = len(Field)
_LIKED: Final[tuple[int, ...]] = (0, 0, 6, 1, 40000, 0, 0)
"""where a sample may choose"""


class Node:
    """Of the diagram. `ends` are the last numbers of the ranges, the last of them `TOP`; `kids` where they lead."""

    __slots__ = ("ends", "kids", "level")

    def __init__(self, level: int, ends: tuple[int, ...], kids: tuple[Node, ...]) -> None:
        self.level, self.ends, self.kids = level, ends, kids


NONE: Final = Node(_LEAF, (), ())
ALL: Final = Node(_LEAF, (), ())


class Space:
    """Where the nodes of one proof live; sets of two spaces have nothing to do with each other."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, tuple[int, ...], tuple[Node, ...]], Node] = {}
        self._memo: dict[tuple[object, ...], Node] = {}
        self.notes: dict[Hashable, Any] = {}
        """what those who work in this space want to remember as long as it lives"""
        self.nothing = Headers(self, NONE)
        self.everything = Headers(self, self._possible())

    def __len__(self) -> int:
        return len(self._nodes)

    def box(self, ranges: Ranges) -> Headers:
        """All packets whose fields lie in one of their ranges each; a field that is not named may be anything."""
        return Headers(self, self.both(self._raw(ranges), self.everything.node))

    def union(self, sets: Iterable[Headers]) -> Headers:
        """Of many: two by two, so that the work stays near the size of the result."""
        nodes = [one.node for one in sets] or [NONE]
        while len(nodes) > 1:
            paired = [self.either(a, b) for a, b in zip(nodes[::2], nodes[1::2], strict=False)]
            nodes = paired + nodes[len(paired) * 2 :]
        return Headers(self, nodes[0])

    def made(self, level: int, ends: Sequence[int], kids: Sequence[Node]) -> Node:
        """The one node of these ranges, neighbours joined."""
        joined: list[int] = []
        to: list[Node] = []
        for end, kid in zip(ends, kids, strict=True):
            if to and to[-1] is kid:
                joined[-1] = end
            else:
                joined.append(end)
                to.append(kid)
        if len(to) == 1:
            return to[0]
        key = (level, tuple(joined), tuple(to))
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(*key)
        return found

    def either(self, a: Node, b: Node) -> Node:
        """Union."""
        if a is b or b is NONE or a is ALL:
            return a
        if a is NONE or b is ALL:
            return b
        key = ("|", a, b) if id(a) < id(b) else ("|", b, a)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._merged(a, b, self.either)
        return found

    def both(self, a: Node, b: Node) -> Node:
        """Intersection."""
        if a is b or a is NONE or b is ALL:
            return a
        if b is NONE or a is ALL:
            return b
        key = ("&", a, b) if id(a) < id(b) else ("&", b, a)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._merged(a, b, self.both)
        return found

    def without(self, a: Node, b: Node) -> Node:
        """Difference."""
        if a is b or a is NONE or b is ALL:
            return NONE
        if b is NONE:
            return a
        key = ("-", a, b)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._merged(a, b, self.without)
        return found

    def _merged(self, a: Node, b: Node, act: Callable[[Node, Node], Node]) -> Node:
        if a.level < b.level:
            return self.made(a.level, a.ends, [act(kid, b) for kid in a.kids])
        if b.level < a.level:
            return self.made(b.level, b.ends, [act(a, kid) for kid in b.kids])
        ends: list[int] = []
        kids: list[Node] = []
        i = j = 0
        ends_a, ends_b, kids_a, kids_b = a.ends, b.ends, a.kids, b.kids
        last = len(ends_a)
        while i < last:
            end_a, end_b = ends_a[i], ends_b[j]
            kids.append(act(kids_a[i], kids_b[j]))
            if end_a <= end_b:
                ends.append(end_a)
                i += 1
                j += end_a == end_b
            else:
                ends.append(end_b)
                j += 1
        return self.made(a.level, ends, kids)

    def any_of(self, node: Node, field: Field) -> Node:
        """The field forgotten: whatever it was, it may be anything."""
        if node.level > field:
            return node
        key = ("any", node, field)
        found = self._memo.get(key)
        if found is None:
            if node.level == field:
                found = self.union(Headers(self, kid) for kid in node.kids).node
            else:
                found = self.made(node.level, node.ends, [self.any_of(kid, field) for kid in node.kids])
            self._memo[key] = found
        return found

    def moved(self, node: Node, field: Field, delta: int) -> Node:
        """Every number of the field, of a node that holds it within bounds, by so much."""
        if node.level < field:
            return self.made(node.level, node.ends, [self.moved(kid, field, delta) for kid in node.kids])
        if node.level > field:
            return node  # nothing here, or nothing said of the field
        pieces, low = [], 0
        for end, kid in zip(node.ends, node.kids, strict=True):
            if kid is not NONE:
                pieces.append((low + delta, end + delta, kid))
            low = end + 1
        return self.pieces(field, pieces)

    def pieces(self, field: Field, pieces: Iterable[tuple[int, int, Node]]) -> Node:
        """A node of sorted ranges and where they lead; between them is nothing."""
        ends: list[int] = []
        kids: list[Node] = []
        at = 0
        for low, high, kid in pieces:
            if low > at:
                ends.append(low - 1)
                kids.append(NONE)
            ends.append(high)
            kids.append(kid)
            at = high + 1
        if at <= TOP[field]:
            ends.append(TOP[field])
            kids.append(NONE)
        return self.made(field, ends, kids)

    def _raw(self, ranges: Ranges) -> Node:
        node = ALL
        for field in reversed(Field):
            if field in ranges:
                node = self.pieces(field, ((low, high, node) for low, high in joined(ranges[field])))
        return node

    def _possible(self) -> Node:
        kinds = (
            {Field.PROTOCOL: [(n, n) for n in PORTED]},
            {Field.PROTOCOL: [(n, n) for n in MESSAGES], Field.PORT: [(0, 255)], Field.SOURCE_PORT: [(0, 0)]},
            {
                Field.PROTOCOL: [(n, n) for n in range(256) if n not in (*PORTED, *MESSAGES)],
                Field.PORT: [(0, 0)],
                Field.SOURCE_PORT: [(0, 0)],
            },
        )
        families = [self._raw({Field.TARGET: [one], Field.SOURCE: [one]}) for one in (SIX, FOUR)]
        rest = self.union(Headers(self, self._raw(kind)) for kind in kinds).node
        return self.both(self.either(*families), rest)


@dataclass(frozen=True, slots=True)
class Headers:
    """A set of packets. Equal where the space and the node are the same."""

    space: Space
    node: Node

    def __or__(self, other: Headers) -> Headers:
        return Headers(self.space, self.space.either(self.node, other.node))

    def __and__(self, other: Headers) -> Headers:
        return Headers(self.space, self.space.both(self.node, other.node))

    def __sub__(self, other: Headers) -> Headers:
        return Headers(self.space, self.space.without(self.node, other.node))

    def __le__(self, other: Headers) -> bool:
        return self.space.without(self.node, other.node) is NONE

    def __bool__(self) -> bool:
        return self.node is not NONE

    def __contains__(self, one: Packet) -> bool:
        node, fields = self.node, one.fields
        while node.level < _LEAF:
            node = node.kids[bisect_left(node.ends, fields[node.level])]
        return node is ALL

    def sample(self) -> Packet | None:
        """One packet of the set, always the same one; None of nothing."""
        if not self:
            return None
        node = self.node
        fields: list[int] = list(_LIKED)
        while node.level < _LEAF:
            at = bisect_left(node.ends, _LIKED[node.level])
            if node.kids[at] is NONE:
                at = next(i for i, kid in enumerate(node.kids) if kid is not NONE)
                fields[node.level] = node.ends[at - 1] + 1 if at else 0
            node = node.kids[at]
        return Packet(*fields)

    def size(self) -> int:
        """How many packets."""
        return _size(self.node, 0, {})

    def assigned(self, field: Field, ranges: Sequence[Range]) -> Headers:
        """The field set to something of the ranges, whatever it was."""
        space = self.space
        return Headers(space, space.both(space.any_of(self.node, field), space._raw({field: ranges})))

    def shifted(self, field: Field, within: Range, delta: int) -> Headers:
        """Those whose field lies within the range, moved by so much."""
        held = self.space.both(self.node, self.space._raw({field: [within]}))
        return Headers(self.space, self.space.moved(held, field, delta))

    def by_target(self, ends: Sequence[int], labels: Sequence[Label]) -> dict[Label, Headers]:
        """Sorted by a table of the destination's number: label → its part."""
        found: dict[Label, list[tuple[int, int, Node]]] = {}
        low = 0
        split = self.node.level == Field.TARGET
        for end, kid in zip(*((self.node.ends, self.node.kids) if split else ((TOP[0],), (self.node,))), strict=True):
            if kid is not NONE:
                at = bisect_left(ends, low)
                while True:
                    upto = min(end, ends[at])
                    found.setdefault(labels[at], []).append((low, upto, kid))
                    low = upto + 1
                    if low > end:
                        break
                    at += 1
            low = end + 1
        return {label: Headers(self.space, self.space.pieces(Field.TARGET, pieces)) for label, pieces in found.items()}

    def targets(self) -> list[Range]:
        """Destinations that packets of the set have, as sorted ranges."""
        if self.node.level != Field.TARGET:
            return [(0, TOP[Field.TARGET])] if self else []
        lows = (0, *(end + 1 for end in self.node.ends))
        spans = zip(lows, self.node.ends, self.node.kids, strict=False)
        return joined((low, end) for low, end, kid in spans if kid is not NONE)

    def boxes(self) -> Iterator[dict[Field, Range]]:
        """The set as ranges of fields, none overlapping another: for people, and for what counts them."""
        yield from _boxes(self.node, {})


def _size(node: Node, level: int, memo: dict[Node, int]) -> int:
    if node is NONE:
        return 0
    if node not in memo:
        low, total = 0, 0
        for end, kid in zip(node.ends, node.kids, strict=True):
            total += (end - low + 1) * _size(kid, node.level + 1, memo)
            low = end + 1
        memo[node] = total if node is not ALL else 1
    skipped = 1
    for each in range(level, node.level):
        skipped *= TOP[each] + 1
    return skipped * memo[node]


def _boxes(node: Node, so_far: dict[Field, Range]) -> Iterator[dict[Field, Range]]:
    if node is ALL:
        yield dict(so_far)
    low = 0
    for end, kid in zip(node.ends, node.kids, strict=True):
        if kid is not NONE:
            yield from _boxes(kid, {**so_far, Field(node.level): (low, end)})
        low = end + 1
