"""What a run tells while it happens: one frozen event a step, from which progress, report and audit are drawn.

The engine prints nothing. Secrets never enter an event: every text goes through the reporter, which knows them.
`stream` numbers the events of a run and writes them as lines; docs/engine-events.md is the contract.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from inventory import urns
from inventory.kinds import kind_of
from inventory.problems import Problem
from stacks.engine.values import secret_texts

What = Literal[
    "run-started", "stack-started", "step-started", "step-done", "step-failed", "log", "diagnostic", "outputs",
    "stack-done", "stack-failed", "stack-skipped", "run-done",
]  # fmt: skip
OPS = ("same", "create", "update", "replace", "delete", "discard", "read", "refresh", "import")
HIDDEN = "[secret]"
_SHORTEST = 4
"""shorter secrets are not searched for in texts: they would blot out ordinary words"""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `seconds` is how long a step, a stack or the run took; `counts` are steps by op."""

    stack: str
    """"" for what concerns the whole run"""
    what: What
    op: str = ""
    kind: str = ""
    name: str = ""
    seconds: float = 0.0
    message: Problem | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    urn: str = ""
    id: str = ""
    provider: str = ""
    """reference of the provider that was asked"""
    why: tuple[str, ...] = ()
    """paths of what differs, or words for what else caused the step"""
    diff: tuple[str, ...] = ()
    """paths of the provider's detailed diff"""
    at: float = 0.0
    """seconds since 1970, UTC; 0 until somebody knows"""
    seq: int = 0
    """number inside the run, from 1"""
    more: Mapping[str, Any] = field(default_factory=dict)
    """what only one kind of event has: outputs, verb, options, …"""


class Reporter:
    """Counts what one stack does, keeps its problems, and says both without secrets."""

    def __init__(
        self,
        stack: str,
        send: Callable[[Event], None],
        clock: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.stack, self._send, self.clock, self._wall = stack, send, clock, wall
        self.counts: Counter[str] = Counter()
        self.problems: list[Problem] = []
        self._secrets: set[str] = set()

    def learn(self, values: Any) -> None:
        """Remember every secret text in the values, so that no message shows it."""
        for text in secret_texts(values):
            if len(text) >= _SHORTEST:
                self._secrets.add(text)

    def clean(self, text: str) -> str:
        for word in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(word, HIDDEN)
        return text

    def started(
        self,
        op: str,
        urn: str,
        *,
        why: tuple[str, ...] = (),
        diff: tuple[str, ...] = (),
        provider: str = "",
        id: str = "",
    ) -> float:
        """A step begins; give the result to `done`."""
        self._step("step-started", op, urn, why=why, diff=diff, provider=provider, id=id)
        return self.clock()

    def done(
        self,
        op: str,
        urn: str,
        since: float | None = None,
        *,
        why: tuple[str, ...] = (),
        diff: tuple[str, ...] = (),
        provider: str = "",
        id: str = "",
    ) -> None:
        """A step, begun or not worth a beginning, is done."""
        self.counts[op] += 1
        seconds = 0.0 if since is None else self.clock() - since
        self._step("step-done", op, urn, seconds, why=why, diff=diff, provider=provider, id=id)

    def failed(self, op: str, urn: str, problems: Iterable[Problem], *, provider: str = "", id: str = "") -> None:
        for problem in problems:
            self._step("step-failed", op, urn, message=self._kept(problem)[0], provider=provider, id=id)

    def problem(self, problem: Problem) -> Problem:
        """Keep, and tell, a problem that is no single step's, cleaned of secrets."""
        cleaned, fresh = self._kept(problem)
        if fresh:
            self._send(Event(self.stack, "diagnostic", message=cleaned, at=self._wall()))
        return cleaned

    def log(self, code: str, text: str) -> None:
        """A line that the program, the provider or one of their processes wrote."""
        text = self.clean(text.rstrip())
        if text:
            self._send(Event(self.stack, "log", message=Problem(code, text, text), at=self._wall()))

    def _kept(self, problem: Problem) -> tuple[Problem, bool]:
        cleaned = replace(
            problem, zh=self.clean(problem.zh), en=self.clean(problem.en), where=self.clean(problem.where)
        )
        if cleaned in self.problems:
            return cleaned, False
        self.problems.append(cleaned)
        return cleaned, True

    def _step(
        self, what: What, op: str, urn: str, seconds: float = 0.0, message: Problem | None = None, **more: Any
    ) -> None:
        kind, name = kind_of(urns.type_of(urn)), urns.name(urn)
        self._send(Event(self.stack, what, op, kind, name, seconds, message, urn=urn, at=self._wall(), **more))
