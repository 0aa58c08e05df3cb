"""Only what a change can reach is evaluated, and what is not evaluated would not have changed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacks import engine
from stacks.engine.options import Options
from tests.engine.conftest import CLOUD, PASSPHRASE, PROGRAMS

pytestmark = pytest.mark.slow

ALL = Options(all=True)
SETTLE = 0.03
"""seconds: a file that has only just changed is evaluated again, because it may change once more unseen"""


class Place:
    """A copy of the program, what it reads, and the verbs on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state, self.publish = folder / "reads", folder / "stacks", folder / "estate"
        self.program = folder / "program"
        shutil.copytree(PROGRAMS / "reads", self.program)
        shutil.copytree(PROGRAMS / "graph" / "provider", self.program / "provider")
        self.folder.mkdir()
        (folder / "cloud").mkdir()
        db = sqlite3.connect(folder / "cloud" / "cloud.db", isolation_level=None)
        db.executescript("PRAGMA journal_mode=WAL;" + CLOUD)
        db.close()
        self.specs: tuple[engine.Spec, ...] = ()
        self.evaluated: set[str] = set()

    def want(self, stack: str, *, after: tuple[str, ...] = (), **wants: Any) -> None:
        self.write(f"{stack}.json", json.dumps(wants | ({"ref": after[0]} if after else {})))
        self.specs = (*(spec for spec in self.specs if spec.name != stack), engine.Spec(stack, after))

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def plan(self, options: Options = Options()) -> engine.EstatePlan:  # noqa: B008
        time.sleep(SETTLE)
        self.evaluated = set()
        found = engine.plan(
            engine.Program(self.program), self.specs, self.state, PASSPHRASE, self._observe, options=options
        )
        assert not found.problems
        return found

    def up(self) -> None:
        time.sleep(SETTLE)
        self.evaluated = set()
        done = engine.apply(
            engine.Program(self.program), self.specs, self.state, PASSPHRASE, self._observe, publish=self.publish
        )
        assert not done.problems

    def settled(self) -> None:
        """Up, and a preview that finds nothing to change: from here on only what is reached is evaluated."""
        self.up()
        assert not self.plan().changes
        assert not self.plan().changes
        assert not self.evaluated

    def _observe(self, event: engine.Event) -> None:
        if event.what == "step-done":
            self.evaluated.add(event.stack)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("READS", str(tmp_path / "reads"))
    monkeypatch.setenv("CLOUD", str(tmp_path / "cloud"))
    return Place(tmp_path)


CHANGES = {
    "a file": lambda place: place.write("number", "6"),
    "a file that was not there": lambda place: place.write("absent", "x"),
    "the names in a folder": lambda place: place.write("folder/more", "x"),
    "a file that a pattern finds": lambda place: place.write("matched/7.txt", ""),
    "a variable": lambda place: os.environ.__setitem__("REACH_MORE", "xyz"),
    "the stack's configuration": lambda place: (place.program / "Pulumi.one.yaml").write_text(
        "config:\n  reads:size: 4\n"
    ),
    "a module of the program's own": lambda place: (place.program / "helper.py").write_text("SIZE = 30\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_the_program_has_read_reaches_it(what: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACH_MORE", "x")
    (place.program / "helper.py").write_text("SIZE = 3\n")
    place.write("number", "5")
    place.write("folder/one", "x")
    place.write("matched/1.txt", "")
    place.want("one", files=["number"], exists=["absent"], listed=["folder"], matched=["matched"],
               variables=["REACH_MORE"], helper=True)  # fmt: skip
    place.want("two", size=2)
    place.settled()
    CHANGES[what](place)
    plan = place.plan()
    assert plan.stacks["one"].counts["update"] == 1
    assert "one" in place.evaluated
    if what != "the stack's configuration":  # whose folder, the program's own, both stacks look into
        assert place.evaluated == {"one"}


@pytest.mark.parametrize("what", ["the program", "the provider", "the settings"])
def test_code_reaches_every_stack(what: str, place: Place) -> None:
    place.want("one", size=1)
    place.want("two", size=2)
    place.settled()
    file = {"the program": "__main__.py", "the provider": "provider/__main__.py", "the settings": "Pulumi.yaml"}[what]
    with (place.program / file).open("a") as source:
        source.write("# changed\ndescription: x\n" if what == "the settings" else "\n# changed\n")
    assert not place.plan().changes
    assert place.evaluated == {"one", "two"}
    assert not place.plan().changes
    assert not place.evaluated


def test_a_change_travels_along_outputs_and_stops_where_they_stay(place: Place) -> None:
    place.want("hub", size=1)
    place.want("near", after=("hub",))
    place.want("far", after=("near",))
    place.want("other", size=5)
    place.settled()
    place.want("hub", size=1, files=[])
    assert not place.plan().changes
    assert place.evaluated == {"hub"}
    place.want("hub", size=2)
    assert place.plan().changes
    assert place.evaluated == {"hub", "near", "far"}


@pytest.mark.parametrize("strange", ["process", "writes", "random"])
def test_what_cannot_be_held_is_evaluated_each_time(strange: str, place: Place) -> None:
    place.want("one", **{strange: True})
    place.up()
    for _ in range(2):
        place.plan()
        assert place.evaluated == {"one"}


def test_a_state_that_moved_on_or_is_in_doubt_is_looked_at_again(place: Place) -> None:
    place.want("one", size=1)
    place.settled()
    place.want("one", size=2)
    place.up()
    place.want("one", size=1)
    assert place.plan().changes, "the fingerprint of before is of another version"


def test_the_switch_evaluates_every_stack(place: Place) -> None:
    place.want("one", size=1)
    place.settled()
    skipped = place.plan()
    assert not place.evaluated
    evaluated = place.plan(ALL)
    assert place.evaluated == {"one"}
    assert skipped.stacks["one"].digest == evaluated.stacks["one"].digest


def test_variables_are_kept_sealed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACH_MORE", "a-password-of-somebody")
    place.want("one", variables=["REACH_MORE"])
    place.settled()
    kept = list((place.state / "reach").iterdir())
    assert kept
    assert not any(b"a-password" in path.read_bytes() or b"REACH_MORE" in path.read_bytes() for path in kept)


def test_an_up_without_a_plan_skips_too_and_notes_it(place: Place) -> None:
    place.want("one", size=1)
    place.want("two", size=2)
    place.up()
    place.up()
    assert place.evaluated == {"one", "two"}
    place.want("two", size=3)
    place.up()
    assert place.evaluated == {"two"}


def test_nobody_knows_what_a_program_is_given(place: Place) -> None:
    place.want("one", size=1)
    place.specs = (replace(place.specs[0], inputs=None),)
    place.up()
    for _ in range(2):
        assert not place.plan().changes
        assert place.evaluated == {"one"}


EDITS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["size", "file", "ref"]), st.integers(0, 3)), max_size=4
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(EDITS, min_size=1, max_size=3))
def test_the_skipped_would_not_have_changed(
    rounds: list[list[tuple[str, str, int]]], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random edits of four stacks, each of which may refer to the one before it: a preview that skips says the same as
    one that evaluates everything."""
    folder = tmp_path_factory.mktemp("reach")
    monkeypatch.setenv("READS", str(folder / "reads"))
    monkeypatch.setenv("CLOUD", str(folder / "cloud"))
    place = Place(folder)
    place.write("shared", "1")
    wants: dict[str, dict[str, Any]] = {stack: {"size": 1, "files": ["shared"]} for stack in "abcd"}
    refers: dict[str, bool] = dict.fromkeys("abcd", False)
    for edits in rounds:
        for stack, what, value in edits:
            if what == "size":
                wants[stack]["size"] = value
            elif what == "file":
                place.write("shared", str(value))
            else:
                refers[stack] = bool(value % 2) and stack != "a"
        place.specs = ()
        for stack, want in wants.items():
            place.want(stack, after=(chr(ord(stack) - 1),) if refers[stack] else (), **want)
        reached, whole = place.plan(), place.plan(ALL)
        assert {name: plan.digest for name, plan in reached.stacks.items()} == {
            name: plan.digest for name, plan in whole.stacks.items()
        }
        assert {r.urn: r for r in reached.estate} == {r.urn: r for r in whole.estate}
        place.up()
        place.plan()
