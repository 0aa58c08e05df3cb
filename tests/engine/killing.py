"""Runs the engine in a process of its own and kills it, or one of its workers, at a point that was drawn.

The engine is forked from this process, which has everything imported already. Where the point lies in the engine
itself (a commit of the state, an event) it is this module's hooks that tell; where it lies in a call to the cloud, the
provider does it. Both ends of all of them hold one pipe, so its end says that the last of them is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from stacks import engine
from tests.engine.conftest import PASSPHRASE
from tests.engine.world import World

BOUND = 90.0
"""seconds that a run may take before the test has failed"""
WHO = ("engine", "worker", "both")


@dataclass(frozen=True)
class Point:
    """Where to kill. `number` counts calls, commits, or events; `delay` is in seconds, from the point or the start."""

    kind: str
    """time, call, commit or event"""
    who: str
    number: int = 0
    phase: str = ""
    delay: float = 0.0


@dataclass(frozen=True)
class Measured:
    """What there is to hit in a run that nobody kills."""

    seconds: float
    calls: int
    commits: int
    events: int


def drawn(dice: random.Random, there: Measured) -> Point:
    """A random point, each kind as often as there is something particular about it."""
    kind = dice.choices(("time", "call", "commit", "event"), (4, 4, 5, 2))[0]
    who = dice.choice(WHO)
    if kind == "time":
        return Point(kind, who, delay=dice.uniform(0, there.seconds))
    if kind == "call":
        phase = dice.choice(("before", "within", "after", "answer"))
        return Point(kind, who, dice.randint(1, there.calls), phase)
    if kind == "commit":
        phase = dice.choice(("before", "within", "after"))
        return Point(kind, who, dice.randint(1, there.commits), phase, dice.uniform(0, 0.002))
    return Point(kind, who, dice.randint(1, there.events), "", dice.choice((0.0, dice.uniform(0, 0.06))))


def run(world: World, verb: str, point: Point | None = None, **more: Any) -> Measured | None:
    """Run a verb in a process of its own; None where it was killed. The world's log of calls starts anew."""
    world.forget()
    for name in ("kill.json", "commits", "outcome.json"):
        (world.cloud / name).unlink(missing_ok=True)
    if point and point.kind == "call":
        words = {"call": point.number, "phase": point.phase, "who": point.who}
        (world.cloud / "kill.json").write_text(json.dumps(words), encoding="utf-8")
    hearing, telling = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        os.close(hearing)
        _engine(world, verb, point, telling, more)
    os.close(telling)
    try:
        _strike(pid, hearing, point)
    finally:
        os.close(hearing)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        (world.cloud / "kill.json").unlink(missing_ok=True)
    told = world.cloud / "outcome.json"
    outcome = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
    died = any("engine.worker-died" in text for text in outcome.get("problems", ()))
    if status == -signal.SIGKILL or died:
        return None
    assert not status, f"the engine ended with {status}"
    assert not outcome["problems"], outcome
    commits = (world.cloud / "commits").stat().st_size
    return Measured(time.monotonic() - began, len(world.log()), commits, outcome["events"])


# ---------------------------------------------------------------------- the one who kills


def _strike(pid: int, hearing: int, point: Point | None) -> None:
    """Wait for the point and kill; return when the last process of the run is gone."""
    end = time.monotonic() + BOUND
    if point and point.kind == "time":
        time.sleep(point.delay)
        _kill(pid, _children(pid), point.who)
        point = None
    while True:
        ready, _, _ = select.select([hearing], [], [], max(0.0, end - time.monotonic()))
        assert ready, "a process of the run did not end in time"
        word = os.read(hearing, 64)
        if not word:
            return
        if point:
            time.sleep(point.delay)
            one = int(word.split()[0])
            _kill(pid, [one] if one != pid else _children(pid), point.who)
            point = None


def _kill(engine: int, workers: list[int], who: str) -> None:
    victims = ([engine] if who != "worker" or not workers else []) + (workers if who != "engine" else [])
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


# ---------------------------------------------------------------------- the one who is killed


def _engine(world: World, verb: str, point: Point | None, telling: int, more: dict[str, Any]) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        world.enter()
        commits = os.open(world.cloud / "commits", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        _watch(str(world.state), commits, telling, point)
        seen = 0

        def observe(event: engine.Event) -> None:
            nonlocal seen
            seen += 1
            if point and point.kind == "event" and seen == point.number:
                os.write(telling, f"{os.getpid()} ".encode())
                time.sleep(point.delay + 0.01)

        verb = {"up": "apply"}.get(verb, verb)
        outcome = getattr(engine, verb)(
            world.program, world.specs, world.state, PASSPHRASE, observe, publish=world.publish, **more
        )
        told = {"problems": [f"{p.code} {p.where}: {p.en}" for p in outcome.problems], "events": seen}
        (world.cloud / "outcome.json").write_text(json.dumps(told), encoding="utf-8")
        os._exit(0)
    finally:
        os._exit(3)


def _watch(state: str, commits: int, telling: int, point: Point | None) -> None:
    """Count the commits of the state in the file `commits`, over all processes, and die at the one that is meant."""
    connect = sqlite3.connect

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql != "COMMIT":
                return super().execute(sql, *values)
            os.write(commits, b".")
            here = point and point.kind == "commit" and os.fstat(commits).st_size == point.number
            if here and point and point.phase == "within":
                os.write(telling, f"{os.getpid()} ".encode())
            if here and point and point.phase == "before":
                _die(point.who)
            done = super().execute(sql, *values)
            if here and point and point.phase == "after":
                _die(point.who)
            return done

    def watching(database: Any, *args: Any, **more: Any) -> sqlite3.Connection:
        if state in str(database):
            more["factory"] = Watched
        return connect(database, *args, **more)

    home = os.getpid()

    def _die(who: str) -> None:
        mine = os.getpid()
        if who in ("engine", "both"):
            os.kill(mine if mine == home else os.getppid(), signal.SIGKILL)
        if who in ("worker", "both"):
            os.kill(mine, signal.SIGKILL)
        time.sleep(5)

    sqlite3.connect = watching
