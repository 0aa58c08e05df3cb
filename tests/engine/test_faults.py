"""Crashes, interruptions, two engines at once, damaged states: nothing recorded is lost, the next run goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.estate import published
from inventory.problems import Refused
from stacks import engine
from stacks.engine import Spec, state
from stacks.engine.session import Session
from tests.engine.conftest import PASSPHRASE, PROGRAMS, Bench, thing

RUN = """
import sys, threading
from pathlib import Path
from stacks import engine
folder, program, verb = map(Path, sys.argv[1:4])
run = getattr(engine, str(verb))
outcome = run(engine.Program(program), [engine.Spec("one"), engine.Spec("two", ("one",))], folder / "stacks", sys.argv[4],
              publish=folder / "estate")
print("interrupted" if outcome.interrupted else "done", len(outcome.problems), flush=True)
"""


def start(bench: Bench, verb: str = "apply") -> subprocess.Popen[str]:
    """An engine in a process of its own, as `./lz up` is one."""
    command = [sys.executable, "-c", RUN, str(bench.folder), str(PROGRAMS / "graph"), verb, PASSPHRASE]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def until(test: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def chain(count: int, **props: object) -> list[dict[str, object]]:
    return [thing(f"t{i}", depends=(f"t{i - 1}",) if i % 3 else (), **props) for i in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 4, 7])
def test_kill_9_in_the_middle_leaves_no_worker_and_the_next_up_converges(bench: Bench, after: int) -> None:
    bench.specs = (Spec("one"), Spec("two", ("one",)))
    bench.want(one=chain(6, delay=0.1), two=[thing(f"u{i}", delay=0.1) for i in range(4)])
    process = start(bench)
    until(lambda: len(bench.ask("SELECT * FROM log WHERE phase='begin'")) >= after)
    workers = children(process.pid)
    process.kill()
    process.communicate(timeout=30)
    until(lambda: all(gone(pid) for pid in workers))
    time.sleep(0.3)
    there = set(bench.things())
    recorded = {r.urn.rpartition("::")[2] for name in ("one", "two") for r in _records(bench, name) if r.managed}
    doubtful = {p.urn.rpartition("::")[2] for name in ("one", "two") for p in _pending(bench, name)}
    assert recorded <= there <= recorded | doubtful

    outcome = bench.up()
    assert not outcome.problems
    assert set(bench.things()) == {f"t{i}" for i in range(6)} | {f"u{i}" for i in range(4)}
    names = [r.urn for name in ("one", "two") for r in _records(bench, name)]
    assert len(names) == len(set(names))
    assert not _pending(bench, "one")
    assert not _pending(bench, "two")
    bench.forget()
    assert set(bench.up().counts) == {"same", "read"} - {"read"}
    assert not bench.calls("create", "update", "delete")


@pytest.mark.slow
def test_kill_9_during_destroy(bench: Bench) -> None:
    bench.specs = (Spec("one"), Spec("two", ("one",)))
    bench.want(one=chain(6, delay=0.1), two=[])
    assert not bench.up().problems
    bench.forget()
    process = start(bench, "destroy")
    until(lambda: len(bench.ask("SELECT * FROM log WHERE op='delete'")) >= 3)
    process.kill()
    process.communicate(timeout=30)
    time.sleep(0.3)
    assert not bench.destroy().problems
    assert not bench.things()
    assert not _records(bench, "one")
    assert not len(published(bench.publish))


def test_a_creation_in_doubt_that_nobody_wants_any_more_is_found_and_deleted(bench: Bench) -> None:
    bench.want(one=[thing("wanted"), thing("doubtful")])
    bench.faults(create_doubtful="after: the line broke")
    assert bench.up().problems
    assert "doubtful" in bench.things()
    bench.faults()
    bench.want(one=[thing("wanted")])
    plan = bench.plan()
    assert plan.stacks["one"].changes
    assert not bench.up(plan=plan).problems
    assert set(bench.things()) == {"wanted"}
    assert not _pending(bench, "one")
    assert bench.plan().stacks["one"].still


def test_an_update_in_doubt_is_made_again(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    assert not bench.up().problems
    bench.want(one=[thing("a", size=2)])
    bench.faults(update_a="after: the line broke")
    assert bench.up().problems
    bench.faults()
    bench.want(one=[thing("a", size=1)])
    assert bench.things()["a"] == {"size": 2}
    assert not bench.up().problems
    assert bench.things()["a"] == {"size": 1}


def test_a_deletion_in_doubt_of_what_is_wanted_again(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    assert not bench.up().problems
    bench.want(one=[])
    bench.faults(delete_a="after: the line broke")
    assert bench.up().problems
    assert not bench.things()
    bench.faults()
    bench.want(one=[thing("a", size=1)])
    assert not bench.up().problems
    assert bench.things() == {"a": {"size": 1}}
    assert bench.plan().stacks["one"].still


@pytest.mark.slow
def test_ctrl_c_once_finishes_what_is_in_flight(bench: Bench) -> None:
    bench.want(one=[thing("slow", delay=2), thing("later", depends=("slow",))], two=[thing("never")])
    process = start(bench)
    until(lambda: bench.ask("SELECT * FROM log WHERE name='slow'"))
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out.split() == ["interrupted", "0"], err
    assert [name for _, name in bench.calls()] == ["slow"]
    assert state.at(bench.state).history("one")[-1]["result"] == "interrupted"
    bench.specs = (Spec("one"), Spec("two", ("one",)))
    assert not bench.up().problems
    assert set(bench.things()) == {"slow", "later", "never"}


@pytest.mark.slow
def test_ctrl_c_twice_stops_now(bench: Bench) -> None:
    bench.want(one=[thing("slow", delay=30)], two=[])
    process = start(bench)
    until(lambda: bench.ask("SELECT * FROM log WHERE name='slow'"))
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert out.split() == ["interrupted", "0"], err
    assert [p.op for p in _pending(bench, "one")] == ["creating"]
    bench.want(one=[thing("slow")])
    assert not bench.up().problems
    assert set(bench.things()) == {"slow"}


def test_the_stopping_event_is_ctrl_c_once(bench: Bench) -> None:
    bench.want(one=chain(9, delay=0.3))
    stopping = threading.Event()

    def observe(event: engine.Event) -> None:
        if event.what == "step-done" and event.name == "t0":
            stopping.set()

    outcome = engine.apply(
        bench.program, bench.specs, bench.state, PASSPHRASE, observe, publish=bench.publish, stopping=stopping
    )
    assert outcome.interrupted
    assert not outcome.problems
    assert 0 < len(bench.things()) < 9
    assert not bench.up().problems
    assert len(bench.things()) == 9


@pytest.mark.slow
def test_exactly_one_of_two_engines_runs(bench: Bench) -> None:
    bench.want(one=[thing("slow", delay=10)], two=[])
    process = start(bench)
    until(lambda: bench.ask("SELECT * FROM log WHERE name='slow'"))
    (problem,) = bench.up().problems
    assert problem.code == "state.leased"
    assert "apply" not in problem.en
    assert "(up)" in problem.en
    out, err = process.communicate(timeout=60)
    assert out.split() == ["done", "0"], err
    assert not bench.up().problems


def test_a_plan_does_not_outlive_a_change_of_the_state(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    plan = bench.plan()
    bench.want(one=[thing("a", size=2)])
    assert not bench.up().problems
    outcome = bench.up(plan=plan)
    assert [problem.code for problem in outcome.problems] == ["plan.stale"]
    still = bench.plan()
    bench.want(one=[thing("a", size=3)])
    assert not bench.up().problems
    assert [problem.code for problem in bench.up(plan=still).problems] == ["plan.stale"]


def test_nothing_is_done_that_the_plan_does_not_hold(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1)])
    plan = bench.plan()
    bench.want(one=[thing("a", size=1), thing("sneaked-in")])
    outcome = bench.up(plan=plan)
    assert [(problem.code, problem.where) for problem in outcome.problems] == [("plan.differs", "sneaked-in")]
    assert "sneaked-in" not in bench.things()


def test_a_damaged_state_is_a_sentence_and_is_left_as_it_is(bench: Bench) -> None:
    bench.want(one=[thing(f"t{i}", size=i) for i in range(40)])
    assert not bench.up().problems
    path = bench.state / "one.db"
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)
    assert {problem.code for problem in bench.up().problems} == {"state.corrupt"}
    assert {problem.code for problem in bench.plan().problems} == {"state.corrupt"}
    assert path.read_bytes() == bytes(content)
    path.write_bytes(b"this is no database, but somebody put it here" * 200)
    assert {problem.code for problem in bench.up().problems} == {"state.corrupt"}
    with pytest.raises(Refused):
        engine.deployed(bench.state, PASSPHRASE)
    path.unlink()
    bench.forget()
    assert not bench.up().problems  # found again by name
    assert len(bench.things()) == 40


def test_a_state_file_that_was_cut_to_nothing_is_not_taken_for_an_empty_state(bench: Bench) -> None:
    """A file is made whole before it has its name, so that a killed run leaves none that is only begun."""
    bench.want(one=[thing("a")])
    bench.state.mkdir(parents=True)
    path = bench.state / "one.db"
    path.touch()
    assert {problem.code for problem in bench.up().problems} == {"state.corrupt"}
    assert not path.read_bytes()
    path.unlink()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    assert {problem.code for problem in bench.plan().problems} == {"state.corrupt"}
    assert not bench.things()
    path.unlink()
    assert not bench.up().problems
    assert {child.name for child in bench.state.iterdir()} == {"encryptionsalt", "one.db", "events"}


@pytest.mark.skipif(
    os.geteuid() == 0 and not hasattr(os, "chflags"),
    reason="root may write to read-only files: shown with a folder in a file's place instead",
)
def test_a_state_without_write_permission_is_a_sentence(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    assert not bench.up().problems
    path = bench.state / "one.db"
    path.chmod(stat.S_IRUSR)
    assert {problem.code for problem in bench.up().problems} == {"state.readonly"}


def test_a_state_that_cannot_be_opened_is_a_sentence(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    bench.state.mkdir()
    (bench.state / "one.db").mkdir()
    assert {problem.code for problem in bench.up().problems} == {"state.readonly"}


def test_a_full_disk_is_a_sentence_and_loses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers may not let a file grow: the kernel then says what it says when the disk is full."""
    import resource

    bench.want(one=[thing("a")])
    assert not bench.up().problems
    worked = Session.run

    def limited(self: Session) -> object:
        size = (bench.state / "one.db").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return worked(self)

    monkeypatch.setattr(Session, "run", limited)
    bench.want(one=[thing("a"), *(thing(f"big{i}", ref="x" * 9000) for i in range(40))])
    assert {problem.code for problem in bench.up().problems} == {"state.full"}
    monkeypatch.setattr(Session, "run", worked)
    assert not state.at(bench.state).check("one")
    assert not bench.up().problems
    assert len(bench.things()) == 41
    assert not state.at(bench.state).check("one")


def test_history_tells_who_did_what(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    plan = bench.plan()
    assert not bench.up(plan=plan).problems
    assert not bench.destroy().problems
    first, last = state.at(bench.state).history("one")
    assert (first["kind"], first["result"], first["plan"]) == ("up", "succeeded", plan.stacks["one"].digest)
    assert "@" in first["who"]
    assert (last["kind"], last["version"] > first["version"]) == ("destroy", True)


def _records(bench: Bench, stack: str) -> list[engine.records.Record]:  # pyright: ignore[reportAttributeAccessIssue]
    return bench.recorded(stack).records


def _pending(bench: Bench, stack: str) -> list[engine.records.Pending]:  # pyright: ignore[reportAttributeAccessIssue]
    return bench.recorded(stack).pending
