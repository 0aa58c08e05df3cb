"""The way back against a brute-force walker that keeps connection tracking by hand, on random small networks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.reach.fields import Field, Packet
from policies.reach.headers import Space
from policies.reach.returning import returned
from policies.reach.spreading import End, reach
from tests.policies.reach.brute import Ended, One, answers, ends, plain
from tests.policies.reach.worlds import packets, world

EVERY = [(one, plain(one)) for one in packets()]
_OF_A_WAY = 12
"""questions that are answered of each way"""


def differences(seed: int) -> tuple[list[str], int, int]:
    """What the two say differently of the answers in the world of a number; answers that come back, and that do not."""
    some, space = world(seed), Space()
    network = some.network()
    # one hop limit: after the first router nobody could tell what it was
    sent = space.box({Field.STATE: [(0, 0)], Field.NEAR: [(0, 0)]})
    found: list[str] = []
    come = lost = 0
    for way in reach(space, network, "h0", sent, losses=False).ways:
        if way.end is not End.ARRIVED or way.at == "h0":
            continue
        back = returned(space, network, way).arrived.get("h0", space.nothing)
        asked = [(p, one) for p, one in EVERY if p in way.headers]
        for question, one in asked[:: max(1, len(asked) // _OF_A_WAY)]:
            (forth,) = (end for end in ends(some, "h0", one) if end.how == "arrived")
            expected = _comes_back(answers(some, forth))
            turned = _turned(question)
            said = any(replace(turned, state=state) in back for state in range(5)) if turned else False
            come, lost = come + expected, lost + (not expected)
            if said != expected:
                found.append(f"seed {seed}: answer to {question}: engine {said}, brute force {expected}")
    return found, come, lost


def _comes_back(fates: set[Ended]) -> bool:
    return any((fate.how, fate.at) == ("arrived", "h0") for fate in fates)


def _turned(one: Packet) -> Packet | None:
    """The header of the answer, as it is at the end of a way over a router."""
    echo = {(1, 8): 0, (58, 128): 129}
    if one.protocol in (1, 58):
        kind = echo.get((one.protocol, one.port))
        return None if kind is None else Packet(one.source, one.target, one.protocol, kind)
    return Packet(one.source, one.target, one.protocol, one.source_port, one.port)


def test_a_few_answers() -> None:
    assert not [one for seed in range(4) for one in differences(seed)[0]]


@pytest.mark.slow
def test_answers_in_hundreds_of_networks() -> None:
    come = lost = 0
    for seed in range(4, 200):
        found, some, others = differences(seed)
        assert not found, found[:5]
        come, lost = come + some, lost + others
    assert min(come, lost) > 100, f"{come} came back and {lost} did not: too few of one kind to say anything"


def test_an_answer_of_the_brute_force_walker_is_turned_round() -> None:
    one = plain(EVERY[0][0])
    assert isinstance(one, One)
    assert one.protocol == "tcp"
