"""The engine on every store: what is done is recorded there, a run can be asked to stop, and one that lost its lease
stops by itself."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from inventory import signing
from stacks import engine
from stacks.engine import Spec, state
from stacks.engine.state import Holder, Shelf
from tests.engine.conftest import PASSPHRASE, PROGRAMS, Bench, thing
from tests.engine.state import server
from tests.engine.state.conftest import STORES, execute, fresh

pytestmark = pytest.mark.slow

RUN = """
import sys
from pathlib import Path
from stacks import engine
folder, program, location = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
outcome = engine.apply(engine.Program(program), [engine.Spec("one")], location, sys.argv[4], publish=folder / "estate")
print("interrupted" if outcome.interrupted else "done", *[p.code for p in outcome.problems], flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def postgres() -> Iterator[str]:
    """Before any bench, which counts the processes that a test leaves behind."""
    if server.binaries() is None:
        yield ""
        return
    with server.postgresql() as location:
        yield location


@pytest.fixture(params=STORES)
def shelf(request: pytest.FixtureRequest, bench: Bench) -> Shelf:
    if request.param == "postgresql":
        location = request.getfixturevalue("postgres")
        return fresh(location) if location else pytest.skip(server.MISSING)
    return state.at(bench.state if request.param == "folder" else bench.folder / "state.db")


def start(bench: Bench, shelf: Shelf) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(bench.folder), str(PROGRAMS / "graph"), str(shelf), PASSPHRASE]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    end = time.monotonic() + 60
    while not bench.ask("SELECT * FROM log WHERE name='slow'"):
        assert time.monotonic() < end, process.communicate(timeout=5)
        time.sleep(0.02)
    return process


def test_the_engine_works_on_it(bench: Bench, shelf: Shelf) -> None:
    bench.state = shelf  # pyright: ignore[reportAttributeAccessIssue]
    bench.specs = (Spec("one"), Spec("two", ("one",)))
    bench.want(
        one={"things": [thing("a", secret={"$secret": "open-sesame-4711"})], "exports": {"x": ["a", "address"]}},
        two=[thing("b", ref={"$stack": ["one", "x"]})],
    )
    plan = bench.plan()
    assert not bench.up(plan=plan).problems
    assert bench.things()["b"] == {"ref": "3fff::a"}
    assert engine.stacks(shelf) == ("one", "two")
    assert {r.name for r in engine.deployed(shelf, PASSPHRASE) if r.name in "ab"} == {"a", "b"}
    versions = [bench.recorded(stack).version for stack in ("one", "two")]
    still = bench.plan()
    assert all(stack.still for stack in still.stacks.values())
    assert not bench.up(plan=still).problems
    assert not bench.up().problems
    assert [bench.recorded(stack).version for stack in ("one", "two")] == versions  # what is unchanged writes nothing
    assert [u["kind"] for u in shelf.history("one")] == ["up"] * 3
    assert (shelf.check("one"), shelf.check("two")) == ((), ())
    assert not bench.destroy().problems
    assert not bench.things()
    shelf.rollback("one", versions[0])
    assert [r for r in bench.recorded().records if r.urn.endswith("::a")]
    assert not bench.refresh().problems  # what the record has again, the cloud has not
    assert not [r for r in bench.recorded().records if r.urn.endswith("::a")]


def test_every_store_tells_who_went_round_the_judge(bench: Bench, shelf: Shelf) -> None:
    bench.state = shelf  # pyright: ignore[reportAttributeAccessIssue]
    runner = engine.Voucher({"verdict": "sha256:1"}, signing.new_key()[0])

    def whys() -> list[str]:
        return [one.why for one in engine.standings(shelf, runner.keys)]

    bench.specs = (Spec("one"), Spec("two", ("one",)))
    bench.want(one=[thing("a")], two=[thing("b")])
    assert not bench.up().problems
    assert whys() == ["never", "never"]
    assert not bench.up(plan=bench.plan(), voucher=runner).problems
    assert whys() == ["", ""]
    shelf.rollback("two", bench.recorded("two").version - 2)
    assert whys() == ["", "moved"]


def test_a_run_that_is_asked_to_stop_finishes_what_is_in_flight(bench: Bench, shelf: Shelf) -> None:
    bench.want(one=[thing("slow", delay=4), thing("later", depends=("slow",))])
    process = start(bench, shelf)
    lease = shelf.lease("one")
    assert lease is not None
    assert lease.held
    assert shelf.cancel("one", lease.holder.name)[0] == "asked"
    out, err = process.communicate(timeout=60)
    assert out.split() == ["interrupted"], err
    assert [name for _, name in bench.calls()] == ["slow"]
    assert shelf.history("one")[-1]["result"] == "interrupted"
    assert (shelf.lease("one"), shelf.snapshot("one", PASSPHRASE).pending) == (None, [])


def test_a_run_that_lost_its_lease_stops_and_says_so(bench: Bench, shelf: Shelf) -> None:
    bench.want(one=[thing("slow", delay=4), thing("later", depends=("slow",))])
    process = start(bench, shelf)
    version = shelf.snapshot("one", PASSPHRASE).version
    execute(shelf, "UPDATE lease SET expires=0")
    other = shelf.open("one", PASSPHRASE, "")
    other.begin("up", Holder("op", "elsewhere", 1, "1", "another kernel"), "up")
    other.close()
    out, err = process.communicate(timeout=60)
    assert out.split() == ["done", "state.lease-lost"], err
    assert [name for _, name in bench.calls()] == ["slow"]
    assert shelf.snapshot("one", PASSPHRASE).version == version  # nothing was written after that
    assert [p.op for p in shelf.snapshot("one", PASSPHRASE).pending] == ["creating"]
    shelf.cancel("one", "op@elsewhere")
    shelf.cancel("one", "op@elsewhere")
    bench.state = shelf  # pyright: ignore[reportAttributeAccessIssue]
    bench.want(one=[thing("slow"), thing("later")])
    assert not bench.up().problems
    assert set(bench.things()) == {"slow", "later"}
    assert not bench.recorded().pending


def test_the_old_format_is_a_sentence(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    bench.state.mkdir()
    with sqlite3.connect(bench.state / "one.db") as db:
        db.execute("CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    db.close()
    assert {problem.code for problem in bench.up().problems} == {"state.format"}
