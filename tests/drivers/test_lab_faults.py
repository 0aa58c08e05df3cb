"""The parts of lines and faults that need no machine: lanes of the delay line, what faults come to, what nft is told."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.kinds.net import Link
from stacks.drivers.lab import faults, lines, loss
from stacks.drivers.lab.delayline import QUEUE_BYTES, QUEUE_SECONDS, Lane
from stacks.drivers.lab.faults import Fault, Harm

FRAMES = st.lists(st.tuples(st.floats(0, 0.02), st.integers(60, 1514)), min_size=1, max_size=200)
"""(seconds since the one before, bytes)"""


@given(FRAMES, st.floats(0, 0.3), st.floats(1e6, 1e10))
def test_a_lane_delays_every_frame_keeps_order_and_is_no_faster_than_its_rate(
    frames: list[tuple[float, int]], seconds: float, rate: float
) -> None:
    lane, now, taken = Lane(seconds, rate), 0.0, list[tuple[float, bytes]]()
    for number, (gap, size) in enumerate(frames):
        now += gap
        frame = number.to_bytes(4, "big") + bytes(size - 4)
        if lane.take(frame, now):
            taken.append((now, frame))
    assert taken, "a line that is free takes a frame"
    out = list[tuple[float, bytes]]()
    while (at := lane.next()) is not None:
        assert list(lane.due(at - 1e-9 * max(1, at))) == []
        out += [(at, frame) for frame in lane.due(at)]
    assert [frame for _, frame in out] == [frame for _, frame in taken]
    for (went, frame), (came, _) in zip(taken, out, strict=True):
        least = seconds + len(frame) * 8 / rate
        assert came - went >= least - 1e-9
        assert came - went <= least + QUEUE_SECONDS + 1e-9
    for (before, _), (after, frame) in pairwise(out):
        assert after - before >= len(frame) * 8 / rate - 1e-9


def test_a_full_lane_drops_and_takes_again_when_it_has_emptied() -> None:
    slow = Lane(0.001, 1e6)
    fits = sum(slow.take(bytes(1250), 0.0) for _ in range(100))  # 10 ms each
    assert fits == 6, "five that wait at most 50 ms, and the one on the line"
    assert slow.take(bytes(1250), 0.02)
    assert len(list(slow.due(10.0))) == 7
    long = Lane(10.0, 1e12)
    assert sum(long.take(bytes(1 << 20), 0.0) for _ in range(100)) == QUEUE_BYTES >> 20


def _line(name: str, one: str, other: str, **more: object) -> Link:
    whole = {
        "ends": (one, other), "routers": (f"core-{one}", f"core-{other}"), "prefix6": "3fff:0:0:fe00::/127",
        "bandwidth_mbps": 1000, "rtt_ms": 1, "lines": 1, "carriers": ("x",), "encryption": "none", **more,
    }  # fmt: skip
    return Link.model_validate({"name": name, **whole})


LINES = (_line("ab", "a", "b"), _line("bc", "b", "c"), _line("ac", "a", "c"))


@pytest.mark.parametrize(
    ("declared", "harm"),
    [
        ([], Harm()),
        ([Fault("net.link", "ab", "lost")], Harm(lost=frozenset({"ab"}))),
        ([Fault("net.link", "ab", "lost", avoided=True)], Harm(lost=frozenset({"ab"}), avoided=frozenset({"ab"}))),
        ([Fault("net.link", "ab", "cut")], Harm(cut=frozenset({"ab"}))),
        ([Fault("site", "b", "lost")], Harm(lost=frozenset({"ab", "bc"}))),
        ([Fault("net.router", "core-c", "cut")], Harm(cut=frozenset({"bc", "ac"}), dead=frozenset({"core-c"}))),
        ([Fault("net.router", "access-c", "cut")], Harm(dead=frozenset({"access-c"}))),
        (
            [Fault("site", "a", "lost", avoided=True), Fault("net.link", "ab", "cut")],
            Harm(cut=frozenset({"ab"}), lost=frozenset({"ac"}), avoided=frozenset({"ac"})),
        ),
        ([Fault("net.link", "gone", "lost")], Harm()),
    ],
)
def test_what_faults_come_to(declared: list[Fault], harm: Harm) -> None:
    assert faults.harm(declared, LINES) == harm
    assert faults.harm(reversed(declared), reversed(LINES)) == harm


def test_what_nft_and_netem_are_told() -> None:
    assert loss.rules([]) == f"table inet {loss.TABLE}\ndelete table inet {loss.TABLE}\n"
    text = loss.rules(["w2", "w1"])
    assert [line.strip() for line in text.splitlines() if "drop" in line] == [
        'iifname "w1" counter drop', 'iifname "w2" counter drop',
    ]  # fmt: skip
    assert lines.netem(_line("x", "a", "b", rtt_ms=9.5, bandwidth_mbps=10, lines=2)) == (
        "netem limit 1000 delay 4750us rate 20mbit"
    )
    # a long fat line: what is on its way must fit
    assert lines.netem(_line("x", "a", "b", rtt_ms=600, bandwidth_mbps=10000)).split()[2] == str(350_000_000 // 1200)
