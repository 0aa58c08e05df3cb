"""Three other ways to hold a set of headers, for the comparison in `tests.bench.reach`: plain boxes, a binary decision
diagram, atomic predicates. Each is exact and as simple as it can be; none is used by the platform.

In: rules as ranges of fields, first and last, all seven in order. Out: unions, differences, and whether two are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from policies.reach.fields import TOP
from policies.reach.headers import Headers

Box = tuple[tuple[int, int], ...]
WIDTHS = tuple(top.bit_length() for top in TOP)


class Boxes:
    """A set as boxes that do not overlap. Two are equal where each lacks nothing of the other: there is no one form."""

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self.boxes: list[Box] = []
        for box in boxes:
            self.add(box)

    def add(self, box: Box) -> None:
        self.boxes += _minus([box], self.boxes)

    def without(self, other: Boxes) -> Boxes:
        found = Boxes()
        found.boxes = _minus(self.boxes, other.boxes)
        return found

    def same(self, other: Boxes) -> bool:
        return not _minus(self.boxes, other.boxes) and not _minus(other.boxes, self.boxes)


def _minus(boxes: Sequence[Box], others: Sequence[Box]) -> list[Box]:
    left = list(boxes)
    for other in others:
        rest: list[Box] = []
        for box in left:
            rest += _cut(box, other)
        left = rest
        if not left:
            break
    return left


def _cut(box: Box, other: Box) -> list[Box]:
    if any(a[1] < b[0] or b[1] < a[0] for a, b in zip(box, other, strict=True)):
        return [box]
    pieces, now = [], list(box)
    for n, ((low, high), (first, last)) in enumerate(zip(box, other, strict=True)):
        if low < first:
            pieces.append((*now[:n], (low, first - 1), *now[n + 1 :]))
        if last < high:
            pieces.append((*now[:n], (last + 1, high), *now[n + 1 :]))
        now[n] = (max(low, first), min(high, last))
    return pieces


class Bdd:
    """Binary decision diagrams, reduced and ordered, one table of nodes. A node is a number; 0 is nothing, 1 all."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, int, int], int] = {}
        self._rows: list[tuple[int, int, int]] = [(1 << 30, 0, 0), (1 << 30, 1, 1)]
        self._memo: dict[tuple[str, int, int], int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def box(self, box: Box) -> int:
        node, base = 1, sum(WIDTHS)
        for (low, high), width in zip(reversed(box), reversed(WIDTHS), strict=True):
            base -= width
            node = self._range(base, width, low, high, node)
        return node

    def union(self, nodes: Iterable[int]) -> int:
        some = list(nodes) or [0]
        while len(some) > 1:
            paired = [self.apply("|", a, b) for a, b in zip(some[::2], some[1::2], strict=False)]
            some = paired + some[len(paired) * 2 :]
        return some[0]

    def apply(self, op: str, a: int, b: int) -> int:
        if op == "|":
            if b in (a, 0) or a == 1:
                return a
            if a == 0 or b == 1:
                return b
        else:
            if a in (b, 0) or b == 1:
                return 0
            if b == 0:
                return a
        key = (op, a, b)
        if key not in self._memo:
            (la, a0, a1), (lb, b0, b1) = self._rows[a], self._rows[b]
            level = min(la, lb)
            (a0, a1), (b0, b1) = (a0, a1) if la == level else (a, a), (b0, b1) if lb == level else (b, b)
            self._memo[key] = self._made(level, self.apply(op, a0, b0), self.apply(op, a1, b1))
        return self._memo[key]

    def _made(self, level: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = (level, low, high)
        if key not in self._nodes:
            self._nodes[key] = len(self._rows)
            self._rows.append(key)
        return self._nodes[key]

    def _range(self, base: int, width: int, low: int, high: int, then: int) -> int:
        if low == 0 and high == (1 << width) - 1:
            return then
        half = 1 << (width - 1)
        left = self._range(base + 1, width - 1, low, min(high, half - 1), then) if low < half else 0
        right = self._range(base + 1, width - 1, max(low, half) - half, high - half, then) if high >= half else 0
        return self._made(base, left, right)


def atoms(sets: Iterable[Headers]) -> list[Headers]:
    """Atomic predicates: the coarsest parts of everything that each set is a union of."""
    found: list[Headers] = []
    for one in sets:
        if not found:
            found = [part for part in (one, one.space.everything - one) if part]
            continue
        split: list[Headers] = []
        for part in found:
            split += [piece for piece in (part & one, part - one) if piece]
        found = split
    return found
