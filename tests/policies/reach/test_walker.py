"""The engine against a brute-force walker, on every packet of random small networks: no difference."""

from __future__ import annotations

from collections import defaultdict

import pytest

from policies.reach.fields import BASE4, PROTOCOLS, Field, Packet
from policies.reach.headers import Space
from policies.reach.spreading import End, Reached, reach
from policies.reach.walking import walk
from tests.policies.reach.brute import One, ends, plain
from tests.policies.reach.worlds import World, packets, world

EVERY = [(one, plain(one)) for one in packets()]


def _engine(one: One) -> Packet:
    numbers = [int(end) + (BASE4 if end.version == 4 else 0) for end in (one.target, one.source)]
    return Packet(numbers[0], numbers[1], PROTOCOLS[one.protocol], one.port, one.from_, 0, int(one.near))


def _reached(some: World, source: str, near: tuple[int, int] = (0, 1)) -> Reached:
    space = Space()
    return reach(space, some.network(), source, space.box({Field.STATE: [(0, 0)], Field.NEAR: [near]}))


def differences(seed: int) -> list[str]:
    """What the two say differently of all packets that h0 may send in the world of a number; ways are compared too."""
    some = world(seed, shared=seed % 3 == 1)
    # one hop limit at a time: after the first router nobody could tell what it was
    reached = [_reached(some, "h0", (near, near)) for near in (0, 1)]
    network = some.network()
    found: list[str] = []
    for packet, one in EVERY:
        brute = ends(some, "h0", one)
        said: set[tuple[str, str]] = set()
        for way in reached[packet.near].ways:
            late = Packet(*packet.fields[:6], 0) if way.handed_on else packet
            if late in way.headers:
                said.add((way.end.value, way.at))
        expected = {(ended.how, ended.at) for ended in brute}
        if said != expected:
            found.append(f"seed {seed}: {packet}: engine {sorted(said)}, brute force {sorted(expected)}")
        if seed % 3 != 1 and (one.port, one.from_) == (1, 1):
            trace = walk(network, "h0", packet)
            if {trace.end.value} != {how for how, _ in expected}:
                found.append(f"seed {seed}: witness {trace}, brute force {sorted(expected)}")
    return found


def translated_differences(seed: int) -> list[str]:
    """The same where nodes translate: what arrives where, as it is then."""
    some = world(seed, translates=True)
    arrived = _reached(some, "h0").arrived
    brute: dict[str, set[Packet]] = defaultdict(set)
    for _, one in EVERY:
        for ended in ends(some, "h0", one):
            if ended.how == "arrived":
                brute[ended.at].add(_engine(ended.one))
    found = []
    for name in some.boxes:
        for packet, _ in EVERY:
            said = name in arrived and packet in arrived[name]
            if said != (packet in brute[name]):
                found.append(f"seed {seed}: {packet} at {name}: engine {said}, brute force {not said}")
    return found


@pytest.mark.parametrize("seed", range(2))
def test_a_few_networks(seed: int) -> None:
    assert not differences(seed)
    assert not translated_differences(seed)


@pytest.mark.slow
def test_hundreds_of_networks() -> None:
    found = [one for seed in range(2, 250) for one in (*differences(seed), *translated_differences(seed))]
    assert not found, found[:5]


@pytest.mark.long
@pytest.mark.parametrize("first", range(250, 10_250, 250))
def test_ten_thousand_networks(first: int) -> None:
    """In pieces, so that several processes may share them and a run that was stopped goes on (`--lf`, `-k`)."""
    found = [one for seed in range(first, first + 250) for one in (*differences(seed), *translated_differences(seed))]
    assert not found, found[:5]


def test_the_worlds_are_worth_looking_at() -> None:
    """Every end is come to by some packet of some world: a comparison of nothing with nothing says nothing."""
    seen: dict[str, int] = defaultdict(int)
    for seed in range(40):
        for way in _reached(world(seed), "h0").ways:
            seen[way.end.value] += 1
    assert set(seen) == {end.value for end in End} - {"dead-end"}, seen
    assert seen["arrived"] > 40
