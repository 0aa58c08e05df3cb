"""What a run tells while it happens: one frozen event a step, from which progress, report and audit are drawn.

The engine prints nothing. Secrets never enter an event: every text goes through the reporter, which knows them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from inventory.kinds import kind_of
from inventory.problems import Problem
from stacks.engine import urns
from stacks.engine.values import secret_texts

What = Literal[
    "stack-started", "step-started", "step-done", "step-failed", "stack-done", "stack-failed", "stack-skipped", "log"
]
OPS = ("same", "create", "update", "replace", "delete", "read", "refresh")
HIDDEN = "[secret]"
_SHORTEST = 4
"""shorter secrets are not searched for in texts: they would blot out ordinary words"""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `seconds` is how long a step or a stack took; `counts` are steps by op, of a stack."""

    stack: str
    what: What
    op: str = ""
    kind: str = ""
    name: str = ""
    seconds: float = 0.0
    message: Problem | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


class Reporter:
    """Counts what one stack does, keeps its problems, and says both without secrets."""

    def __init__(self, stack: str, send: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self.stack, self._send, self.clock = stack, send, clock
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

    def started(self, op: str, urn: str) -> float:
        self._step("step-started", op, urn)
        return self.clock()

    def done(self, op: str, urn: str, since: float | None = None) -> None:
        self.counts[op] += 1
        self._step("step-done", op, urn, 0.0 if since is None else self.clock() - since)

    def failed(self, op: str, urn: str, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._step("step-failed", op, urn, message=self.problem(problem))

    def problem(self, problem: Problem) -> Problem:
        """Keep a problem of the stack, cleaned of secrets."""
        cleaned = replace(
            problem, zh=self.clean(problem.zh), en=self.clean(problem.en), where=self.clean(problem.where)
        )
        if cleaned not in self.problems:
            self.problems.append(cleaned)
        return cleaned

    def log(self, code: str, text: str) -> None:
        """A line that the program, the provider or one of their processes wrote."""
        text = self.clean(text.rstrip())
        if text:
            self._send(Event(self.stack, "log", message=Problem(code, text, text)))

    def _step(self, what: What, op: str, urn: str, seconds: float = 0.0, message: Problem | None = None) -> None:
        type_ = urns.type_of(urn)
        self._send(Event(self.stack, what, op, kind_of(type_), urns.name(urn), seconds, message))
