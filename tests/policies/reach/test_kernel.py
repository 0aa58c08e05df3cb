"""The engine against the kernel: random headers through real nftables and routes; no disagreement."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from policies.reach.connections import opening
from policies.reach.fields import Field, Packet
from policies.reach.headers import Space
from policies.reach.spreading import End, Way, reach
from tests.policies.reach.kernel import Kernel, distinct, missing
from tests.policies.reach.worlds import packets, world

EVERY = list(packets())


def disagreements(seed: int, count: int) -> tuple[int, int, list[str]]:
    """How many were sent and how many arrived in the world of a number, and what engine and kernel say differently."""
    some, space, found = world(seed), Space(), []
    sent = [opening(space) & space.box({Field.NEAR: [(near, near)]}) for near in (0, 1)]
    ways = [reach(space, some.network(), "h0", one).ended(End.ARRIVED) for one in sent]
    chosen = distinct(EVERY, random.Random(seed), count)
    with Kernel(some) as kernel:
        seen = kernel.arrivals("h0", chosen)
    for index, packet in enumerate(chosen):
        said = {way.at for way in ways[packet.near] if _in(packet, way)}
        if said != seen.get(index, set()):
            found.append(f"seed {seed}: {packet}: engine {said}, kernel {seen.get(index, set())}")
    return len(chosen), len(seen), found


def _in(packet: Packet, way: Way) -> bool:
    """In whatever state the first node gives it."""
    near = 0 if way.handed_on else packet.near
    return any(replace(packet, state=state, near=near) in way.headers for state in range(5))


@pytest.mark.lab
@pytest.mark.slow
def test_random_headers_arrive_where_the_engine_says() -> None:
    if reason := missing():
        pytest.skip(reason)
    sent = arrived = 0
    for seed in range(4):
        some, seen, found = disagreements(seed, 400)
        sent, arrived = sent + some, arrived + seen
        assert not found, found[:5]
    assert arrived > 50, f"{arrived} of {sent} arrived: too few to say anything"


@pytest.mark.lab
@pytest.mark.long
def test_ten_thousand_random_headers() -> None:
    if reason := missing():
        pytest.skip(reason)
    sent, seed = 0, 0
    while sent < 10_000:
        some, _, found = disagreements(seed, 800)
        sent, seed = sent + some, seed + 1
        assert not found, found[:5]
