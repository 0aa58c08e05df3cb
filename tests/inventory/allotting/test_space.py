"""Free blocks against a list of single addresses: nothing is given twice or lost, and the blocks depend on nothing but
which addresses are free."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inventory.allotting.prefixes import Prefix, parse
from inventory.allotting.space import Free

SPANS = [Prefix(4, 0, 26), Prefix(4, 128, 27)]
"""96 addresses in two pieces"""


class Addresses(RuleBasedStateMachine):
    """`Free` beside a set of addresses."""

    @initialize()
    def begin(self) -> None:
        self.free = Free.of(32, SPANS)
        self.left = {address for span in SPANS for address in range(span.start, span.last + 1)}
        self.taken: list[Prefix] = []

    def _blocks(self) -> list[Prefix]:
        """The largest aligned blocks of what is left, found by trying all."""
        found: list[Prefix] = []
        for length in range(24, 33):
            size = 1 << (32 - length)
            for start in range(0, 256, size):
                block = Prefix(4, start, length)
                if self.left.issuperset(range(start, start + size)) and not any(block in other for other in found):
                    found.append(block)
        return found

    @rule(length=st.integers(25, 32), sparse=st.booleans())
    def take(self, length: int, sparse: bool) -> None:
        fit = [block for block in self._blocks() if block.length <= length]
        wanted = min(fit, key=lambda b: (b.length if sparse else -b.length, b.start), default=None)
        start = self.free.take(length, sparse=sparse)
        assert start == (wanted.start if wanted else None)
        if start is not None:
            self._gone(Prefix(4, start, length))

    @rule(length=st.integers(25, 32), count=st.integers(1, 40))
    def run(self, length: int, count: int) -> None:
        twin = Free.of(32, [Prefix(4, block.start, block.length) for block in self._blocks()])
        one_by_one = [start for _ in range(count) if (start := twin.take(length)) is not None]
        assert self.free.run(length, count) == one_by_one
        for start in one_by_one:
            self._gone(Prefix(4, start, length))

    @rule(length=st.integers(25, 32), start=st.integers(0, 255))
    def carve(self, length: int, start: int) -> None:
        prefix = Prefix(4, start >> (32 - length) << (32 - length), length)
        there = self.left.issuperset(range(prefix.start, prefix.last + 1))
        assert self.free.carve(prefix.length, prefix.start) == there
        if there:
            self._gone(prefix)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        prefix = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        self.free.give(prefix.length, prefix.start)
        self.left |= set(range(prefix.start, prefix.last + 1))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def grow(self, data: st.DataObject) -> None:
        prefix = data.draw(st.sampled_from(self.taken))
        length = self.free.grow(prefix.length, prefix.start)
        wider = Prefix(4, prefix.start, length)
        assert prefix in wider
        assert self.left.issuperset(set(range(wider.start, wider.last + 1)) - set(range(prefix.start, prefix.last + 1)))
        beyond = range(prefix.start, wider.start + 2 * wider.size)
        aligned = prefix.start % (2 * wider.size) == 0
        assert not (aligned and self.left.issuperset(set(beyond) - set(range(prefix.start, prefix.last + 1))))

    @invariant()
    def the_blocks_are_the_largest_that_there_are(self) -> None:
        assert sorted(self.free.blocks()) == sorted((block.length, block.start) for block in self._blocks())
        assert self.free.size == len(self.left)

    def _gone(self, prefix: Prefix) -> None:
        addresses = set(range(prefix.start, prefix.last + 1))
        assert addresses <= self.left
        assert prefix.start % prefix.size == 0
        self.left -= addresses
        self.taken.append(prefix)


class TestAddresses(Addresses.TestCase):
    settings = settings(max_examples=12, stateful_step_count=20, deadline=None)


@pytest.mark.slow
class TestAddressesAtLength(Addresses.TestCase):
    settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.integers(1, 64))
def test_sparse_prefixes_lie_as_far_apart_as_they_can(count: int) -> None:
    whole = parse("3fff:430::/32")
    free = Free.of(128, [whole])
    starts = free.spread(64, count)
    doublings = (count - 1).bit_length()
    gap = whole.size >> doublings
    ordered = sorted(starts)
    assert all(b - a >= gap for a, b in itertools.pairwise(ordered))
    for start in starts:
        assert free.grow(64, start) <= 32 + doublings, "each can grow to its share of the whole"


def test_a_million_prefixes_of_one_block_are_all_there_once() -> None:
    free = Free.of(128, [parse("3fff:430::/44")])
    starts = free.run(64, 1 << 20)
    assert len(starts) == 1 << 20
    assert starts == list(range(starts[0], starts[0] + (1 << 84), 1 << 64))
    assert free.take(64) is None
    assert free.size == 0
