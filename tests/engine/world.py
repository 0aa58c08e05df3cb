"""A world that fails on demand: the program `faulty`, a durable cloud that notes every call, and what is known of both.

Beside `conftest.Bench`: what the state holds and what the cloud holds, as sets of ids that can be compared.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventory import urns
from stacks.engine import Spec, state
from stacks.engine.records import Pending, Record
from stacks.engine.values import clear
from tests.engine.conftest import PASSPHRASE, Bench

TABLES = """CREATE TABLE things(label TEXT PRIMARY KEY, name TEXT, props TEXT);
CREATE TABLE calls(number INTEGER PRIMARY KEY, pid INTEGER, op TEXT, name TEXT, label TEXT, begun INTEGER,
  effect TEXT, ended INTEGER);"""
EFFECTS = ("made", "changed", "removed")
"""what a call came to where it did something"""


@dataclass(frozen=True)
class Call:
    """One call that the cloud had; `effect` and `ended` are missing where it was cut. Times are monotonic, ns."""

    op: str
    name: str
    label: str
    begun: int
    effect: str | None
    ended: int | None


class World(Bench):
    """One environment of the program `faulty`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "faulty", TABLES)

    @classmethod
    def copy(cls, other: Bench, folder: Path) -> World:
        """Another world, as `other` is now."""
        shutil.copytree(other.folder, folder)
        copied = cls.__new__(cls)
        copied.__dict__ |= other.__dict__ | {
            "folder": folder, "state": folder / "stacks", "publish": folder / "estate", "cloud": folder / "cloud",
            "events": [],
        }  # fmt: skip
        return copied

    def enter(self, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        """Let the programs and providers of this process, and of those that it forks, be of this world."""
        words = {"GRAPH": str(self.folder / "graph.json"), "CLOUD": str(self.cloud)}
        if monkeypatch is None:
            os.environ.update(words)
        for key, value in words.items() if monkeypatch else ():
            monkeypatch.setenv(key, value)

    # ------------------------------------------------------------------ what is there

    def held(self, stack: str) -> tuple[list[Record], list[Pending]]:
        """(records, pending operations) of a stack's state."""
        found = state.at(self.state).snapshot(stack, PASSPHRASE)
        return found.records, found.pending

    def records(self, *, whole: bool = False) -> list[Record]:
        """What the state holds of the cloud, of all stacks; `whole`: components and providers too."""
        found = [record for spec in self.specs for record in self.held(spec.name)[0]]
        return found if whole else [record for record in found if record.managed and not record.gone]

    def doubts(self) -> list[Pending]:
        return [pending for spec in self.specs for pending in self.held(spec.name)[1]]

    def there(self) -> dict[str, dict[str, Any]]:
        """What the cloud holds: id → properties."""
        return {label: json.loads(props) for label, props in self.ask("SELECT label, props FROM things")}

    def log(self) -> list[Call]:
        """Every call since `forget`, in the order of their beginnings."""
        columns = "op, name, label, begun, effect, ended"
        return [Call(*row) for row in self.ask(f"SELECT {columns} FROM calls ORDER BY number")]

    def effects(self) -> dict[str, list[str]]:
        """name → what the calls did to things of that name, in order; what did nothing is left out."""
        found: dict[str, list[str]] = {}
        for call in self.log():
            if call.effect in EFFECTS:
                found.setdefault(call.name, []).append(call.effect)
        return found

    def forget(self) -> None:
        self.ask("DELETE FROM calls")

    # ------------------------------------------------------------------ what must hold

    def agrees(self, spared: frozenset[str] = frozenset(), drifted: frozenset[str] = frozenset()) -> None:
        """State and cloud agree except for operations recorded as pending. `spared`: ids that were left in the cloud
        because an option said so; `drifted`: names of what somebody else has changed there."""
        records, there, doubts = self.records(), self.there(), self.doubts()
        known = {record.id for record in records}
        assert len(known) == len(records), "two records of one thing"
        coming = {clear(p.body["inputs"])["label"] for p in doubts if p.op == "creating"}
        rows = {pending.record: pending.op for pending in doubts}
        going = {record.id for record in records if rows.get(record.number) == "deleting"}
        going |= {record.id for record in records if urns.name(record.urn) in drifted}
        assert not (known - going) - there.keys(), "the state has what the cloud has not"
        assert not there.keys() - (known | coming | spared), "the cloud has what the state has not"
        for record in records:
            settled = rows.get(record.number) is None and record.id not in coming | going
            if settled and record.id in there:
                assert there[record.id] == clear(record.inputs), "the state and the cloud differ about a thing"

    def converges(self, spared: frozenset[str] = frozenset(), **more: Any) -> None:
        """The next up asks nobody, settles everything, and one more has nothing to do."""
        outcome = self.up(**more)
        assert not outcome.problems, outcome.problems
        self.agrees(spared)
        assert not self.doubts()
        assert not [record for record in self.records(whole=True) if record.doomed or record.gone]
        before = [record.number for record in self.records(whole=True)], self.there()
        done = len(self.log())
        again = self.up()
        assert not again.problems, again.problems
        assert set(again.counts) <= {"same", "read"}, again.counts
        assert len(self.log()) == done, "an up with nothing to do called the cloud"
        assert before == ([record.number for record in self.records(whole=True)], self.there())


def specs(*names: str) -> tuple[Spec, ...]:
    """Stacks in a row, each after the one before it."""
    return tuple(Spec(name, names[max(0, index - 1) : index]) for index, name in enumerate(names))
