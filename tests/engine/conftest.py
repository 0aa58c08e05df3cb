"""A place with a program, a cloud and a state folder of its own, and the verbs of the engine on them."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import engine
from stacks.engine import state

PROGRAMS = Path(__file__).parent / "programs"
PASSPHRASE = "correct horse battery staple"

CLOUD = """CREATE TABLE things(name TEXT PRIMARY KEY, id TEXT, props TEXT);
CREATE TABLE log(at REAL, op TEXT, name TEXT, phase TEXT);"""


class Bench:
    """One environment: what the program should build, what the cloud holds, what the engine says."""

    def __init__(self, folder: Path, program: str = "graph", tables: str = CLOUD) -> None:
        self.folder = folder
        self.state, self.publish = folder / "stacks", folder / "estate"
        self.cloud = folder / "cloud"
        self.cloud.mkdir()
        db = sqlite3.connect(self.cloud / "cloud.db", isolation_level=None)
        db.executescript("PRAGMA journal_mode=WAL;" + tables)
        db.close()
        self.program = engine.Program(PROGRAMS / program)
        self.events: list[engine.Event] = []
        self.specs: tuple[engine.Spec, ...] = (engine.Spec("one"),)

    def want(self, **stacks: Mapping[str, Any] | list[Any]) -> None:
        """What the program builds: stack → its things, or the whole entry."""
        entries = {name: {"things": entry} if isinstance(entry, list) else entry for name, entry in stacks.items()}
        (self.folder / "graph.json").write_text(json.dumps(entries), encoding="utf-8")

    def faults(self, **faults: str) -> None:
        """`create_a="denied"` lets the creation of `a` fail."""
        words = {key.replace("_", " ", 1): text for key, text in faults.items()}
        (self.cloud / "faults.json").write_text(json.dumps(words), encoding="utf-8")

    def plan(self, **more: Any) -> engine.EstatePlan:
        return engine.plan(self.program, self.specs, self.state, PASSPHRASE, self.events.append, **more)

    def up(self, **more: Any) -> engine.Outcome:
        return engine.apply(
            self.program, self.specs, self.state, PASSPHRASE, self.events.append, publish=self.publish, **more
        )

    def refresh(self, **more: Any) -> engine.Outcome:
        return engine.refresh(
            self.program, self.specs, self.state, PASSPHRASE, self.events.append, publish=self.publish, **more
        )

    def destroy(self, **more: Any) -> engine.Outcome:
        return engine.destroy(
            self.program, self.specs, self.state, PASSPHRASE, self.events.append, publish=self.publish, **more
        )

    def recorded(self, stack: str = "one") -> state.Snapshot:
        """What the state of a stack holds."""
        return state.at(self.state).snapshot(stack, PASSPHRASE)

    def things(self) -> dict[str, Any]:
        """What the cloud holds: name → properties."""
        return {name: json.loads(props) for name, props in self.ask("SELECT name, props FROM things")}

    def calls(self, *ops: str) -> list[tuple[str, str]]:
        """(op, name) of every call that the cloud answered, in the order of their ends."""
        return [
            (op, name) for op, name in self.ask("SELECT op, name FROM log WHERE phase='end'") if not ops or op in ops
        ]

    def spans(self, op: str) -> dict[str, tuple[float, float]]:
        """name → (begin, end) of its last call of this op."""
        found: dict[str, tuple[float, float]] = {}
        for at, name, phase in self.ask(f"SELECT at, name, phase FROM log WHERE op='{op}' ORDER BY rowid"):
            found[name] = (at, 0.0) if phase == "begin" else (found[name][0], at)
        return found

    def forget(self) -> None:
        """Empty the cloud's log."""
        self.ask("DELETE FROM log")

    def ask(self, sql: str) -> list[Any]:
        db = sqlite3.connect(self.cloud / "cloud.db", isolation_level=None, timeout=30)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made, before = Bench(tmp_path), _children()
    monkeypatch.setenv("GRAPH", str(tmp_path / "graph.json"))
    monkeypatch.setenv("CLOUD", str(made.cloud))
    yield made
    assert not _children() - before  # no worker outlives its run; servers of other tests may be there


def _children() -> set[str]:
    tasks = Path(f"/proc/{os.getpid()}/task")
    return {child for task in tasks.iterdir() for child in (task / "children").read_text().split()}


def thing(
    name: str, depends: tuple[str, ...] = (), opts: Mapping[str, Any] | None = None, **props: Any
) -> dict[str, Any]:
    """An entry of the graph."""
    entry: dict[str, Any] = {"name": name, "props": props}
    return entry | ({"depends": list(depends)} if depends else {}) | ({"opts": dict(opts)} if opts else {})
