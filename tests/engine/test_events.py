"""The event stream: numbered, timed, as its contract says, without secrets; and the trail that it leaves."""

from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from inventory.places import ROOT
from inventory.problems import Problem
from stacks import engine
from stacks.engine.events import Event, Reporter
from stacks.engine.state import at
from stacks.engine.stream import FIELDS, VERSION, Stream, data, line, schema
from tests.engine.conftest import PASSPHRASE, Bench, thing

WORD = "open-sesame-4711"
CONTRACT = (ROOT / "docs" / "engine-events.md").read_text(encoding="utf-8")
CHECKER = jsonschema.Draft202012Validator(schema())


def lines(bench: Bench) -> list[dict[str, Any]]:
    told = [json.loads(line(event)) for event in bench.events]
    for one in told:
        CHECKER.validate(one)
    bench.events.clear()
    return told


def of(told: list[dict[str, Any]], *events: str) -> list[dict[str, Any]]:
    return [one for one in told if one["event"] in events]


def test_the_schema_is_fresh() -> None:
    written = json.loads((ROOT / "docs" / "engine-events.schema.json").read_text(encoding="utf-8"))
    assert written == schema(), "docs/engine-events.schema.json: write it anew from stacks.engine.stream.schema()"
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("what", FIELDS)
def test_the_contract_names_every_event_with_its_fields(what: str) -> None:
    _, found, after = CONTRACT.partition(f"### `{what}`")
    assert found, f"docs/engine-events.md does not describe {what}"
    part = after.partition("\n### ")[0]
    for field in FIELDS[what]:
        assert f"`{field.rstrip('?')}`" in part, f"docs/engine-events.md: {what} lacks {field}"


def test_the_examples_of_the_contract_keep_it() -> None:
    examples = [json.loads(text) for text in CONTRACT.splitlines() if text.startswith('{"v":')]
    assert {one["event"] for one in examples} == set(FIELDS)
    for one in examples:
        CHECKER.validate(one)


def test_the_schema_refuses_what_is_no_event() -> None:
    good = data(Event("one", "stack-started", seq=1, at=1.0, more={"run": "r"}))
    CHECKER.validate(good)
    for bad in ({**good, "v": VERSION + 1}, {**good, "event": "else"}, {k: v for k, v in good.items() if k != "stack"}):
        with pytest.raises(jsonschema.ValidationError):
            CHECKER.validate(bad)


def test_a_run_is_told_from_its_start_to_its_end(bench: Bench) -> None:
    bench.want(one={"things": [thing("a", size=1)], "exports": {"where": ["a", "address"]}})
    plan = bench.plan()
    preview = lines(bench)
    assert preview[0]["event"] == "run-started"
    assert preview[0]["verb"] == "preview"
    assert [one["seq"] for one in preview] == list(range(1, len(preview) + 1))
    assert len({one["run"] for one in preview}) == 1
    (planned,) = of(preview, "stack-done")
    assert planned["digest"] == plan.stacks["one"].digest

    assert not bench.up(plan=plan, message="first").problems
    told = lines(bench)
    assert told[0]["message"] == "first"
    assert told[0]["plan"] == {"one": plan.stacks["one"].digest}
    assert told[0]["who"]
    assert told[-1]["event"] == "run-done"
    assert told[-1]["result"] == "succeeded"
    assert told[-1]["counts"]["create"] == 3
    assert told[0]["run"] != preview[0]["run"]
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    (made,) = [one for one in of(told, "step-done") if one["name"] == "a"]
    assert made["op"] == "create"
    assert made["id"]
    assert "pulumi:providers:test" in made["provider"]
    assert made["why"] == ["new"]
    (outputs,) = of(told, "outputs")
    assert outputs["outputs"] == {"where": "3fff::a"}
    (stack,) = of(told, "stack-done")
    assert stack["version"] == at(bench.state).snapshot("one", PASSPHRASE).version

    bench.want(one=[thing("a", size=2)])
    bench.up()
    told = lines(bench)
    (changed,) = [one for one in of(told, "step-done") if one["op"] == "update"]
    assert changed["why"] == ["size"]
    bench.refresh()
    assert lines(bench)[0]["verb"] == "refresh"
    bench.destroy()
    assert {one["op"] for one in of(lines(bench), "step-done")} == {"delete"}


def test_failures_and_what_they_stop_are_told(bench: Bench) -> None:
    bench.specs = (engine.Spec("one"), engine.Spec("two", ("one",)))
    bench.want(one=[thing("a")], two=[thing("b")])
    bench.faults(create_a="denied")
    assert bench.up().problems
    told = lines(bench)
    (failed,) = of(told, "step-failed")
    assert failed["problem"]["code"] == "provider.failed"
    assert failed["urn"].endswith("::a")
    (stack,) = of(told, "stack-failed")
    assert stack["stack"] == "one"
    (skipped,) = of(told, "stack-skipped")
    assert skipped["problem"]["code"] == "engine.skipped"
    assert told[-1]["result"] == "failed"
    assert told[-1]["problems"] == 2

    bench.want(one={"things": [], "crash": "no way"}, two=[])
    bench.up()
    (said,) = of(lines(bench), "diagnostic")
    assert said["problem"]["code"] == "program.failed"


def test_a_run_that_is_stopped_says_so(bench: Bench) -> None:
    bench.want(one=[thing("a", delay=0.2), thing("b", depends=("a",))])
    stopping = threading.Event()

    def observe(event: Event) -> None:
        bench.events.append(event)
        if event.what == "step-started" and event.name == "a":
            stopping.set()

    engine.apply(bench.program, bench.specs, bench.state, PASSPHRASE, observe, stopping=stopping)
    assert lines(bench)[-1]["result"] == "interrupted"


def test_secrets_reach_neither_the_stream_nor_the_trail(bench: Bench) -> None:
    bench.want(one={"things": [thing("a", secret={"$secret": WORD})], "exports": {"word": ["a", "secret"]}})
    assert not bench.up().problems
    (outputs,) = of(lines(bench), "outputs")
    assert outputs["outputs"]["word"] == {"$": "secret"}
    trails = list((bench.state / "events").iterdir())
    assert trails
    for path in trails:
        assert WORD not in path.read_text(encoding="utf-8")


def test_the_trail_has_what_changed_something_and_previews_leave_none(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    plan = bench.plan()
    assert not (bench.state / "events").exists()
    bench.events.clear()
    bench.up(plan=plan)
    told = lines(bench)
    run = told[-1]["run"]
    (path,) = (bench.state / "events").iterdir()
    assert path.name == f"{run}.jsonl"
    trail = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    assert trail[0]["event"] == "run-started"
    assert trail[-1] == told[-1]
    assert [one for one in trail if one["event"] == "step-done"] == [
        one for one in of(told, "step-done") if one["op"] == "create"
    ]
    bench.up()
    (second,) = [path for path in (bench.state / "events").iterdir() if run not in path.name]
    assert not [text for text in second.read_text(encoding="utf-8").splitlines() if "step-done" in text]


def test_a_trail_that_cannot_be_written_does_not_stop_the_run(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    bench.state.mkdir()
    (bench.state / "events").write_text("in the way")
    assert not bench.up().problems
    assert "a" in bench.things()
    (said,) = of(lines(bench), "diagnostic")
    assert said["problem"]["code"] == "events.unwritten"


def test_a_stream_that_is_left_without_a_word_has_failed() -> None:
    heard: list[Event] = []
    ticks = iter(range(100))
    stream = Stream(heard.append, "up", ["one"], who="me", clock=lambda: float(next(ticks)), fresh=lambda: "abc")

    def run() -> None:
        with stream as tell:
            tell(Event("one", "stack-started"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert [event.what for event in heard] == ["run-started", "stack-started", "run-done"]
    assert data(heard[-1])["result"] == "failed"
    assert data(heard[0])["run"] == "19700101T000000Z-abc"
    assert data(heard[1])["at"] == "1970-01-01T00:00:02.000Z"


def test_events_are_plain_enough_for_a_pipe() -> None:
    heard: list[Event] = []
    report = Reporter("one", heard.append, lambda: 1.0, lambda: 2.0)
    since = report.started("create", "urn:pulumi:one::p::t:index:T::n", why=("new",), provider="p::1")
    report.done("create", "urn:pulumi:one::p::t:index:T::n", since, id="7")
    report.failed("delete", "urn:pulumi:one::p::t:index:T::n", [Problem("a.b", "坏", "bad")])
    report.problem(Problem("c.d", "也坏", "bad too"))
    report.problem(Problem("c.d", "也坏", "bad too"))
    assert [event.what for event in heard] == ["step-started", "step-done", "step-failed", "diagnostic"]
    assert [pickle.loads(pickle.dumps(event)) for event in heard] == heard


def test_the_trail_stays_beside_the_state(tmp_path: Path) -> None:
    with Stream(lambda event: None, "up", [], who="me", audit=tmp_path / "deep" / "events") as tell:
        tell.ended("succeeded", {}, 0)
    (path,) = (tmp_path / "deep" / "events").iterdir()
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
