"""64 writers in 4 processes change one ledger and are killed again and again: nothing is given twice, nothing is lost,
and what was answered is what a ledger of one process would have answered. The checker finds histories that are wrong."""

from __future__ import annotations

import dataclasses
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inventory.allotting import Book
from inventory.allotting.nouns import State
from inventory.allotting.prefixes import overlaps, text
from inventory.ledger import Change, Ledger
from inventory.places import ROOT
from tests.inventory.linear import Call, again, wrong
from tests.inventory.writer import HOLD, POOL, elsewhere

PROCESSES, THREADS, EVERY = 4, 16, 2.0


def calls(logs: list[Path]) -> list[Call]:
    """What the writers had asked for and been told. A line that a killed writer has cut is none."""
    found: dict[str, dict] = {}
    for log in filter(Path.exists, logs):  # some are killed before they begin
        for line in log.read_text(encoding="utf-8").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            found.setdefault(said["name"], {"ended": None, "answer": None, "serial": None}).update(said)
    for said in found.values():
        if isinstance(said["answer"], list):
            said["answer"] = tuple(said["answer"])
    return [Call(**said) for said in found.values()]


def killed(folder: Path, seconds: float, seed: int) -> tuple[int, list[Call]]:
    """Let the writers write; one process after another is killed and started again. How many kills; what was called."""
    chance = random.Random(seed)
    logs: list[Path] = []

    def start(number: int) -> subprocess.Popen[bytes]:
        logs.append(folder / f"log-{len(logs)}")
        name = f"p{number}.{len(logs)}"
        words = [str(folder / "ledger"), str(logs[-1]), name, str(seed + len(logs)), str(THREADS)]
        return subprocess.Popen([sys.executable, "-m", "tests.inventory.writer", *words], cwd=ROOT,
                                stderr=subprocess.PIPE)  # fmt: skip

    running = {number: start(number) for number in range(PROCESSES)}
    until, kills = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < until:
            time.sleep(EVERY * (0.8 + 0.4 * chance.random()))
            number = chance.randrange(PROCESSES)
            for process in running.values():
                assert process.poll() is None, (process.communicate()[1] or b"").decode()[-2000:]
            running[number].send_signal(signal.SIGKILL)
            running[number].communicate()
            kills += 1
            running[number] = start(number)
    finally:
        for process in running.values():
            process.kill()
            process.communicate()
    return kills, calls(logs)


def through(folder: Path, seconds: float, seed: int) -> None:
    kills, made = killed(folder, seconds, seed)
    with Ledger(folder / "ledger", create=False) as ledger:
        entries, history = ledger.entries(), list(ledger.history())
        assert ledger.audit() == (), "no duplicates, no leaks"
        assert not list(overlaps((entry.prefix, key) for key, entry in entries.items()))
        assert wrong(made, history, POOL) == []
        unanswered = [call for call in made if call.answer is None]
        answered = len(made) - len(unanswered)
        print(f"\n{kills} kills, {answered} operations answered, {len(unanswered)} not, {len(history)} changes")
        assert kills >= seconds / EVERY / 2
        assert answered > 500
        assert unanswered, "the kills have hit nobody at work"
        # what nobody committed is free again when its time is over, and nothing else is
        ledger.sweep(time.time() + HOLD + POOL.rest)
        assert {k: e for k, e in entries.items() if e.state is State.USED} == ledger.entries()
        assert ledger.audit() == ()


@pytest.mark.slow
def test_killed_writers_leave_whole_changes_behind(tmp_path: Path) -> None:
    through(tmp_path, 12, 1)


@pytest.mark.long
def test_writers_killed_for_five_minutes(tmp_path: Path) -> None:
    through(tmp_path, 300, 2)


def history(count: int, seed: int) -> tuple[list[Call], list[Change]]:
    """A history that is linearizable: by a book, each call with a moment of its own inside its time."""
    chance, book, made, changes = random.Random(seed), Book(), list[Call](), list[Change]()
    for number in range(count):
        moment = float(number)
        verb = chance.choice(("reserve", "reserve", "commit", "release", "cancel", "move", "rest"))
        known = sorted(item for item in book.entries().items() if verb == "rest" or "@" not in item[0])
        some = chance.sample(known, min(len(known), 2))
        asked: dict = {f"k{chance.randrange(40)}": 64} if verb == "reserve" else {k: text(e.prefix) for k, e in some}
        if verb == "move":
            asked = {k: [text(e.prefix), elsewhere(chance, text(e.prefix), None)] for k, e in some}
        call = Call(f"c{number}", verb, asked, moment, chance.choice((None, 9.0)), moment - chance.random() * 3,
                    moment + chance.random() * 3, None, None)  # fmt: skip
        before = book.entries()
        serial = changes[-1].serial if changes else 0
        answer = again(book, POOL, call)
        if book.entries() != before:
            serial += 1
            changes.append(Change(serial, moment, call.name, verb, POOL.name, {}))
        refused = isinstance(answer, tuple)
        made.append(dataclasses.replace(call, answer=answer, serial=None if refused else serial))
    return made, changes


@pytest.mark.parametrize("seed", range(5))
def test_the_checker_accepts_what_is_right_and_finds_what_is_wrong(seed: int) -> None:
    made, changes = history(120, seed)
    assert wrong(made, changes, POOL) == []
    chance = random.Random(seed)
    given = [n for n, call in enumerate(made) if call.verb == "reserve" and isinstance(call.answer, dict)]

    def altered(place: int, **fields) -> list[str]:
        return wrong([dataclasses.replace(c, **fields) if n == place else c for n, c in enumerate(made)], changes, POOL)

    for place in chance.sample(given[:-5], 10):
        call = made[place]
        assert isinstance(call.answer, dict)
        other = made[chance.choice([n for n in given if made[n].answer != call.answer])]
        assert isinstance(other.answer, dict)
        stolen = dict.fromkeys(call.answer, next(iter(other.answer.values())))
        if stolen != call.answer:
            assert altered(place, answer=stolen), "a prefix that is another's"
        assert altered(place, answer=("ledger.full",), serial=None), "a refusal without a reason"
        assert altered(place, began=call.began + 500, ended=(call.ended or 0) + 500), "an answer out of its time"
    writing = [n for n, call in enumerate(made) if call.name in {change.who for change in changes}]
    for place in chance.sample(writing, 5):
        assert wrong([c for n, c in enumerate(made) if n != place], changes, POOL), "a change of nobody"
        assert altered(place, answer=None, ended=None, serial=None) == [], (
            "a call that was killed after it had happened"
        )
        fewer = [change for change in changes if change.who != made[place].name]
        assert wrong(made, fewer, POOL), "a change that is not recorded"
