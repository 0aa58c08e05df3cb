"""The algebra of header sets: exact, and one form for each set."""

from __future__ import annotations

import random
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.reach.fields import FOUR, SIX, TOP, Field, Packet, address, addresses, joined, packet
from policies.reach.headers import Headers, Space

SPACE = Space()
_PREFIXES = ["3fff::/64", "3fff::1", "3fff::/127", "::/0", "10.0.0.0/8", "10.0.0.0/31", "0.0.0.0/0", "10.0.0.1"]
_RANGES = {
    Field.TARGET: st.lists(st.sampled_from(_PREFIXES).map(addresses), min_size=1, max_size=3),
    Field.SOURCE: st.lists(st.sampled_from(_PREFIXES).map(addresses), min_size=1, max_size=3),
    Field.PROTOCOL: st.lists(
        st.sampled_from([(6, 6), (17, 17), (1, 1), (58, 58), (0, 255), (50, 60)]), min_size=1, max_size=2
    ),
    Field.PORT: st.lists(
        st.sampled_from([(0, 0), (1, 5), (3, 9), (8, 8), (128, 128), (443, 65535)]), min_size=1, max_size=2
    ),
    Field.SOURCE_PORT: st.lists(st.sampled_from([(0, 0), (1, 1000), (40000, 40000)]), min_size=1, max_size=2),
    Field.STATE: st.lists(st.sampled_from([(0, 0), (1, 2), (3, 4)]), min_size=1, max_size=2),
    Field.NEAR: st.lists(st.sampled_from([(0, 0), (1, 1)]), min_size=1, max_size=2),
}
RANGES = st.fixed_dictionaries({}, optional=_RANGES)
BOXES = st.lists(RANGES, max_size=5)


def _some() -> list[Packet]:
    numbers = [addresses(text)[0] for text in ("3fff::", "3fff::1", "3fff::2", "3fff:0:0:1::", "::")]
    fours = [addresses(text)[0] for text in ("10.0.0.0", "10.0.0.1", "10.0.0.2", "192.0.2.1")]
    found = []
    for family in (numbers, fours):
        for target, source in product(family, family[:3]):
            for protocol, ports in ((6, (0, 1, 4, 9, 443)), (17, (3, 8)), (1, (0, 8)), (58, (3, 128)), (50, (0,))):
                for port, from_ in product(ports, (0, 999, 40000) if protocol in (6, 17) else (0,)):
                    found += [Packet(target, source, protocol, port, from_, state, state % 2) for state in (0, 1, 4)]
    return found


PACKETS = _some()


def _holds(ranges: dict[Field, list[tuple[int, int]]], one: Packet) -> bool:
    return all(any(low <= one.fields[f] <= high for low, high in some) for f, some in ranges.items())


def _set(boxes: list[dict[Field, list[tuple[int, int]]]]) -> Headers:
    return SPACE.union(SPACE.box(ranges) for ranges in boxes)


@settings(max_examples=12, deadline=None)
@given(BOXES, BOXES)
def test_a_set_holds_what_its_boxes_hold_and_the_operations_are_those_of_sets(a: list, b: list) -> None:
    left, right = _set(a), _set(b)
    for one in PACKETS:
        mine, other = any(_holds(box, one) for box in a), any(_holds(box, one) for box in b)
        assert (one in left) is mine
        assert (one in left | right) is (mine or other)
        assert (one in left & right) is (mine and other)
        assert (one in left - right) is (mine and not other)
    assert (left | right).size() == left.size() + right.size() - (left & right).size()
    assert left.size() == (left & right).size() + (left - right).size()
    assert (left <= right) is (not left - right)


@settings(max_examples=40, deadline=None)
@given(BOXES, BOXES, BOXES)
def test_equal_sets_are_the_same_node_whatever_they_were_made_of(a: list, b: list, c: list) -> None:
    one, two, three = _set(a), _set(b), _set(c)
    every = SPACE.everything
    assert one | (two | three) == (three | one) | two
    assert one & (two | three) == (one & two) | (one & three)
    assert every - (one | two) == (every - one) & (every - two)
    assert every - (every - one) == one
    assert (one - two) | (one & two) == one
    assert _set([*a, *reversed(a)]) == one


@settings(max_examples=40, deadline=None)
@given(BOXES)
def test_a_sample_is_in_the_set_and_the_ranges_make_it_again(boxes: list) -> None:
    one = _set(boxes)
    sample = one.sample()
    assert (sample in one) if sample else not one
    parts = list(one.boxes())
    assert SPACE.union(SPACE.box({f: [r] for f, r in part.items()}) for part in parts) == one


@settings(max_examples=40, deadline=None)
@given(BOXES, st.sampled_from(_PREFIXES).map(addresses), st.integers(0, 65535))
def test_a_field_may_be_set_forgotten_moved_and_split_by(boxes: list, prefix: tuple[int, int], port: int) -> None:
    one = _set(boxes)
    fixed = one.assigned(Field.SOURCE_PORT, [(port, port)])
    assert bool(fixed) is bool(one)
    assert fixed.assigned(Field.SOURCE_PORT, [(0, 65535)]) == one.assigned(Field.SOURCE_PORT, [(0, 65535)])
    inside = one & SPACE.box({Field.TARGET: [prefix]})
    delta = 7 if prefix[1] < TOP[0] - 7 else -7
    assert inside.shifted(Field.TARGET, prefix, delta).shifted(Field.TARGET, (0, TOP[0]), -delta) == inside
    ends, labels = (prefix[0] - 1, prefix[1], TOP[0]), ("below", "inside", "above")
    if prefix[0] == 0:
        ends, labels = ends[1:], labels[1:]
    if prefix[1] == TOP[0]:
        ends, labels = ends[:-1], labels[:-1]
    parts = one.by_target(ends, labels)
    assert parts.get("inside", SPACE.nothing) == inside
    assert SPACE.union(parts.values()) == one
    assert sum(part.size() for part in parts.values()) == one.size()


def test_only_packets_that_can_be_are_in_a_set() -> None:
    every = SPACE.everything
    six, four = SIX[1] + 1, FOUR[1] - FOUR[0] + 1
    ports = 5 * 65536 * 65536 + 2 * 256 + (256 - 7)
    assert every.size() == (six * six + four * four) * ports * 5 * 2
    assert not SPACE.box({Field.TARGET: [SIX], Field.SOURCE: [FOUR]})
    assert not SPACE.box({Field.PROTOCOL: [(58, 58)], Field.SOURCE_PORT: [(1, 65535)]})


@pytest.mark.parametrize("text", ["::", "3fff:430::1", "2001:db8::ffff:1", "0.0.0.0", "203.0.113.9"])
def test_an_address_is_a_number_and_back(text: str) -> None:
    assert address(addresses(text)[0]) == text
    assert addresses(text)[0] == addresses(text)[1]


def test_a_packet_is_a_sentence() -> None:
    assert str(packet("3fff::1", "3fff::2", "tcp", 443, 40000)) == "tcp [3fff::1]:40000 → [3fff::2]:443"
    assert str(packet("10.0.0.1", "10.0.0.2", "icmp", 8)) == "icmp type 8 10.0.0.1 → 10.0.0.2"


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=8))
def test_joined_ranges_hold_the_same_numbers_apart(ranges: list[tuple[int, int]]) -> None:
    result = joined(ranges)
    assert {n for low, high in result for n in range(low, high + 1)} == {n for a, b in ranges for n in range(a, b + 1)}
    assert all(one[1] + 1 < other[0] for one, other in pairwise(result))


@pytest.mark.slow
def test_thousands_of_rules_stay_small() -> None:
    """10,000 boxes of four prefixes each: the diagram has a few nodes for each, and no blow-up."""
    dice = random.Random(5)

    def box() -> Headers:
        port = dice.randrange(1000)
        sources = [addresses(f"3fff:{dice.randrange(1 << 16):x}::/{dice.choice([32, 48, 64])}") for _ in range(4)]
        target = addresses(f"3fff::{dice.randrange(500):x}")
        return space.box(
            {Field.TARGET: [target], Field.SOURCE: sources, Field.PROTOCOL: [(6, 6)], Field.PORT: [(port, port)]}
        )

    space = Space()
    whole = space.union(box() for _ in range(10_000))
    assert len(space) < 100_000
    assert (space.everything - whole) | whole == space.everything
