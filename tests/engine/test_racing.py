"""Many engines on one stack at once: each time exactly one runs, and every other one says who holds the lease."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest

from stacks import engine
from tests.engine.conftest import PASSPHRASE, thing
from tests.engine.world import World

pytestmark = pytest.mark.slow

RACERS = 4
BOUND = 60.0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    made.enter(monkeypatch)
    return made


def racer(world: World, number: int, starting: int, start: int) -> int:
    """A process that runs an up when `start`, the other end of `starting`, is closed: its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        os.close(start)
        os.read(starting, 1)
        _race(world, number)
    finally:
        os._exit(3)


def _race(world: World, number: int) -> NoReturn:
    outcome = engine.apply(world.program, world.specs, world.state, PASSPHRASE, publish=world.publish)
    told = {"problems": [[problem.code, problem.en] for problem in outcome.problems]}
    target = world.folder / f"told-{number}.json"
    target.with_suffix(".new").write_text(json.dumps(told), encoding="utf-8")
    target.with_suffix(".new").rename(target)
    os._exit(0)


def race(world: World) -> list[list[tuple[str, str]]]:
    """Let them all start at once; whoever came in first may only end when all others have: what each of them said."""
    for path in (*world.folder.glob("told-*"), world.cloud / "go"):
        path.unlink(missing_ok=True)
    starting, start = os.pipe()
    pids: list[int] = []
    try:
        for number in range(RACERS):
            pids.append(racer(world, number, starting, start))
        os.close(starting)
        os.close(start)
        end = time.monotonic() + BOUND
        while len(list(world.folder.glob("told-*.json"))) < RACERS - 1:
            assert time.monotonic() < end, "the others did not give up in time"
            time.sleep(0.01)
        (world.cloud / "go").touch()
        for pid in pids:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        pids.clear()
    finally:
        (world.cloud / "go").touch()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    told: list[Any] = [
        json.loads((world.folder / f"told-{number}.json").read_text(encoding="utf-8"))["problems"]
        for number in range(RACERS)
    ]
    return told


def test_exactly_one_of_many_engines_runs_each_time(world: World) -> None:
    world.want(one=[])
    assert not world.up().problems
    world.faults(create_slow="hold", delete_slow="hold")
    for turn in range(6):
        world.forget()
        world.want(one=[] if turn % 2 else [thing("slow")])
        told = race(world)
        assert sorted(len(problems) for problems in told) == [0] + [1] * (RACERS - 1), told
        for problems in told:
            for code, text in problems:
                assert code == "state.leased"
                assert "(up)" in text
                assert "has been working on this stack since" in text
        assert len(world.log()) == 1
        world.agrees()


def test_of_many_engines_on_a_new_environment_one_runs_and_all_share_its_key(world: World) -> None:
    world.want(one=[thing("slow", secret={"$secret": "hush"})])
    world.faults(create_slow="hold")
    told = race(world)
    assert sorted(len(problems) for problems in told) == [0] + [1] * (RACERS - 1), told
    assert {code for problems in told for code, _ in problems} == {"state.leased"}
    world.converges()
