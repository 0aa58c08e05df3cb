"""The event stream of a run: numbered events to whoever listens, lines of JSON for machines, the audit trail.

In: events as they happen. Out: the same with run, number and time; `data`/`line` make plain data of one, `schema` says
what that looks like. docs/engine-events.md is the contract, docs/engine-events.schema.json the same for machines; what
is there is only ever added to within one version.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from inventory import urns
from inventory.estate import marked
from inventory.problems import Problem
from stacks.engine.events import Event

VERSION = 1
_TEXT, _NUMBER, _COUNT = {"type": "string"}, {"type": "number"}, {"type": "integer", "minimum": 0}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_COUNTS: dict[str, Any] = {"type": "object", "additionalProperties": _COUNT}
_PROBLEM: dict[str, Any] = {
    "type": "object", "required": ["code", "zh", "en"], "additionalProperties": False,
    "properties": {name: _TEXT for name in ("code", "zh", "en", "where", "file")} | {"line": _COUNT, "col": _COUNT},
}  # fmt: skip
_TYPES: dict[str, dict[str, Any]] = {
    "stack": _TEXT, "stacks": _TEXTS, "verb": _TEXT, "engine": {"enum": ["embedded", "pulumi"]},
    "options": {"type": "object"}, "who": _TEXT, "message": _TEXT, "plan": {"type": "object", "additionalProperties": _TEXT},
    "op": _TEXT, "urn": _TEXT, "type": _TEXT, "kind": _TEXT, "name": _TEXT, "id": _TEXT, "provider": _TEXT,
    "why": _TEXTS, "diff": _TEXTS, "seconds": _NUMBER, "problem": _PROBLEM, "level": _TEXT, "text": _TEXT,
    "outputs": {"type": "object"}, "counts": _COUNTS, "version": _COUNT, "digest": _TEXT,
    "result": {"enum": ["succeeded", "failed", "interrupted"]}, "problems": _COUNT,
}  # fmt: skip
_STEP = ("stack", "op", "urn", "type", "kind", "name", "id?", "provider?", "why?", "diff?")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "run-started": ("verb", "engine", "stacks", "options", "who", "message?", "plan?"),
    "stack-started": ("stack",),
    "step-started": _STEP,
    "step-done": (*_STEP, "seconds"),
    "step-failed": (*_STEP, "problem"),
    "log": ("stack", "level", "text"),
    "diagnostic": ("stack?", "problem"),
    "outputs": ("stack", "outputs"),
    "stack-done": ("stack", "counts", "seconds", "version?", "digest?"),
    "stack-failed": ("stack", "counts", "seconds", "problem?", "version?"),
    "stack-skipped": ("stack", "problem?"),
    "run-done": ("result", "counts", "problems", "seconds"),
}
"""event → its fields beside `v`, `seq`, `at`, `run`, `event`; a question mark: only where there is one"""
_QUIET = frozenset({"same", "read"})
"""steps that change nothing: the audit trail has only their count"""


def data(event: Event) -> dict[str, Any]:
    """One event as plain data, its fields in the contract's order."""
    problem = event.message.data() if event.message else None
    has: dict[str, Any] = {
        "stack": event.stack, "op": event.op, "urn": event.urn, "type": urns.type_of(event.urn) if event.urn else "",
        "kind": event.kind, "name": event.name, "id": event.id, "provider": event.provider, "why": list(event.why),
        "diff": list(event.diff), "seconds": round(event.seconds, 6), "counts": dict(event.counts), "problem": problem,
    }  # fmt: skip
    if event.what == "log" and event.message:
        has |= {"level": event.message.code.rpartition(".")[2], "text": event.message.zh}
    has |= event.more
    told = {"v": VERSION, "run": event.more.get("run", ""), "seq": event.seq, "at": utc(event.at), "event": event.what}
    for name in FIELDS[event.what]:
        bare = name.rstrip("?")
        if bare == name or has.get(bare):
            told[bare] = marked(has[bare])
    return told


def line(event: Event) -> str:
    """One event as a line of JSON, without its end."""
    return json.dumps(data(event), ensure_ascii=False, separators=(",", ":"))


def utc(seconds: float) -> str:
    """`2026-11-26T21:09:00.123Z`"""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def schema() -> dict[str, Any]:
    """JSON Schema of one line."""
    common: dict[str, Any] = {
        "v": {"const": VERSION},
        "run": _TEXT,
        "seq": {"type": "integer", "minimum": 1},
        "at": _TEXT,
    }
    shapes = []
    for what, fields in FIELDS.items():
        properties = {**common, "event": {"const": what}, **{f.rstrip("?"): _TYPES[f.rstrip("?")] for f in fields}}
        required = [*common, "event", *(f for f in fields if not f.endswith("?"))]
        shapes.append({"type": "object", "title": what, "required": required, "properties": properties})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Liangzhu engine event, version {VERSION}",
        "oneOf": shapes,
    }


class Stream:
    """One run's events. `with` it; without a word of `ended`, a run that leaves it has failed.

    `audit`: folder of the audit trail, None where nothing is to be written; `clock`: seconds since 1970."""

    def __init__(
        self,
        observe: Callable[[Event], None],
        verb: str,
        stacks: Iterable[str],
        *,
        who: str,
        engine: str = "embedded",
        options: Mapping[str, Any] | None = None,
        message: str = "",
        plan: Mapping[str, str] | None = None,
        audit: Path | None = None,
        clock: Callable[[], float] = time.time,
        fresh: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self._observe, self._clock, self._began = observe, clock, clock()
        self.run = f"{datetime.fromtimestamp(self._began, UTC):%Y%m%dT%H%M%SZ}-{fresh()}"
        self._audit, self._file = audit, None
        self._seq, self._open = 0, False
        self._more = {
            "verb": verb, "engine": engine, "stacks": list(stacks), "options": dict(options or {}), "who": who,
            "message": message, "plan": dict(plan or {}),
        }  # fmt: skip

    def __enter__(self) -> Self:
        self._open = True
        self(Event("", "run-started", more=self._more))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self.ended("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", {}, 1 if error else 0)
        if self._file:
            self._file.close()

    def __call__(self, event: Event) -> None:
        """Number the event, pass it on, and note it where it changed something."""
        self._seq += 1
        event = replace(event, seq=self._seq, at=event.at or self._clock(), more={**event.more, "run": self.run})
        if not (event.op in _QUIET or event.what == "step-started"):
            self._note(event)
        self._observe(event)

    def ended(self, result: str, counts: Mapping[str, int], problems: int) -> None:
        """The last event."""
        self._open = False
        more = {"result": result, "problems": problems}
        self(Event("", "run-done", seconds=self._clock() - self._began, counts=dict(counts), more=more))

    def _note(self, event: Event) -> None:
        if self._audit is None:
            return
        try:
            file = self._file = self._file or self._opened(self._audit)
            file.write(line(event) + "\n")
        except OSError as error:  # the state, not its trail, decides whether a run goes on
            folder, self._audit = self._audit, None
            self(Event("", "diagnostic", message=_unwritten(folder, error)))

    def _opened(self, folder: Path) -> TextIO:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / f"{self.run}.jsonl").open("x", encoding="utf-8", buffering=1)


def _unwritten(folder: Path, error: OSError) -> Problem:
    return Problem(
        "events.unwritten",
        f"事件记录写不进去({error.strerror}),本次运行照常进行,但没有审计记录:请检查磁盘和权限",
        f"the event trail cannot be written ({error.strerror}); the run goes on, but leaves no audit trail: check disk and "
        "permissions",
        file=str(folder),
    )
