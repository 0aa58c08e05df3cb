"""A check that does not end is ended, says `error`, and blocks; the others still run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from inventory.estate import Estate
from policies.checks.shape import Answer, Looked
from policies.deadline import within
from policies.judge import judge
from tests.policies.test_judge import HOST, _profile


def _endless(estate: Estate, params: Any) -> Iterator[Looked]:
    while True:
        pass
    yield Looked(Answer.PASS, None)


@pytest.mark.parametrize("thread", [False, True], ids=["main thread", "another thread"])
def test_an_endless_check_is_ended(thread: bool) -> None:
    profile = _profile(_endless)
    loaded = profile.entries[0].loaded
    short = replace(profile.entries[0], loaded=replace(loaded, check=replace(loaded.check, seconds=0.05)))
    profile = replace(profile, entries=(short, *profile.entries[1:]))
    found: list[Any] = []
    run = threading.Thread(target=lambda: found.append(judge(Estate((HOST,)), profile, planned=True)))
    run.start() if thread else run.run()
    if thread:
        run.join(30)
    (verdict,) = found
    assert [(f.check, f.answer) for f in verdict.blocking] == [("TST-001", "error")]
    assert "0.05 s" in verdict.blocking[0].en
    assert verdict.results["TST-002"]["pass"] == 1


def test_what_ends_in_time_is_left_alone() -> None:
    for _ in range(200):
        with within(5):
            pass
    with pytest.raises(KeyError), within(5):
        raise KeyError


def test_nothing_arrives_after_the_end() -> None:
    """Blocks that end about when their time does: late or not, the code after them is never hit."""
    late = 0
    for turn in range(300):
        try:
            with within(0.0005):
                sum(range(turn * 100))
        except TimeoutError:
            late += 1
        assert sum(range(1000)) == 499500
    assert late < 300
