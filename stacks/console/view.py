"""How a run is seen: a live line a stack on a terminal, plain lines without one, or the event stream as it is.

In: the engine's events. Out: lines. The engine prints nothing itself.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from inventory import urns
from inventory.problems import Language, Problem
from stacks.console.words import SIGNS, counted
from stacks.engine.events import Event
from stacks.engine.stream import line

_MARKS = {
    "stack-started": ("…", "cyan"), "stack-done": ("✓", "green"), "stack-failed": ("✗", "bold red"),
    "stack-skipped": ("–", "yellow"),
}  # fmt: skip
_ENDS = ("stack-done", "stack-failed", "stack-skipped")


class Lines:
    """`--json`: each event as one line on standard output, and nothing else there."""

    def __init__(self, write: Callable[[str], Any] | None = None) -> None:
        self._write = write or sys.stdout.write
        self._last = Event("", "diagnostic")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None: ...

    def __call__(self, event: Event) -> None:
        self._last = event
        try:
            self._write(line(event) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:  # nobody listens any more, which is no reason to leave a run half done
            self._write = len
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def problems(self, problems: Iterable[Problem], at: float) -> None:
        """What the engine did not say itself: they go on in the last run's numbers."""
        for problem in problems:
            more = {"run": self._last.more.get("run", "")}
            self(Event("", "diagnostic", message=problem, at=at, seq=self._last.seq + 1, more=more))


class Progress:
    """One run on a terminal or in a log. Of a `plan`, which is shown as a whole, no step and no good end is told."""

    def __init__(self, console: Console, language: Language, stopping: threading.Event, *, plan: bool) -> None:
        self._console, self._zh, self._stopping = console, language == "zh", stopping
        self._plain = not plan
        self._steps = not plan and not console.is_terminal
        self._stacks: dict[str, tuple[str, Counter[str], str]] = {}
        """stack → (its last mark, steps by op, what is being done)"""
        self._live: Live | None = None
        self._warned = False

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=8, transient=True, get_renderable=self._table)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def __call__(self, event: Event) -> None:
        """Move the event's stack on; say what only a line of its own can say."""
        self._stop()
        if not event.stack:
            if event.what == "diagnostic" and event.message:
                self._say(event.message.text("zh" if self._zh else "en"), "red")
            return
        mark, counts, doing = self._stacks.get(event.stack, ("stack-started", Counter(), ""))
        if event.what in _MARKS:
            mark, doing = event.what, ""
        elif event.what == "step-started":
            doing = f"{_sign(event.op)} {event.name}"
        elif event.what == "step-done":
            counts[event.op] += 1
            doing = ""
        self._stacks[event.stack] = (mark, counts, doing)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        if event.what == "log" and event.message and event.message.code != "policy.advisory":
            wrong = event.message.code.rpartition(".")[2] in ("error", "warning", "cancelled")
            self._say(f"    {event.stack}: {event.message.zh}", "yellow" if wrong else "dim")
        elif event.what == "step-failed" and event.message:
            self._say(f"  ✗ {_called(event)}", "red")  # the sentence comes at the end, in both languages
        elif event.what == "step-done" and event.op in SIGNS and self._steps:
            self._say(f"  {_sign(event.op)} {_called(event)}  {event.seconds:.1f} s", "")
        elif event.what in _ENDS and (self._plain or event.what != "stack-done"):
            mark, style = _MARKS[event.what]
            words = counted(event.counts)[0 if self._zh else 1] if event.counts else ""
            took = f"{event.seconds:.1f} s" if event.seconds else ""
            self._say("  ".join(filter(None, (f"{mark} {event.stack}", words, took))), style)

    def _say(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style))

    def _stop(self) -> None:
        if self._stopping.is_set() and not self._warned:
            self._warned = True
            self._say(
                "正在收尾:等待进行中的操作完成(再按一次 Ctrl-C 立即停止)…"
                if self._zh
                else "Finishing what is in flight (Ctrl-C once more stops at once) …",
                "yellow",
            )

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for stack, (mark, counts, doing) in self._stacks.items():
            if mark not in _ENDS:
                sign, style = _MARKS[mark]
                words = counted(counts)[0 if self._zh else 1] if counts else ""
                table.add_row(Text(sign, style=style), stack, words, Text(doing, style="dim"))
        return table


def _sign(op: str) -> str:
    return SIGNS[op][0] if op in SIGNS else " "


def _called(event: Event) -> str:
    type_ = urns.type_of(event.urn) if event.kind == "component" and event.urn else event.kind
    return f"{type_} {event.name}"
