"""Tells a run step by step, with counts and time, in one language. The rooms report results; only this prints.

In: the steps that the door takes, and what the rooms observe on the way. Out: lines on the terminal (a moving one
where it is a terminal), the record of the steps for the report, and the exit code.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from inventory.places import home
from inventory.problems import Language, Problem, Refused
from monitors import words

INTERRUPTIBLE = frozenset({"plan", "provision", "destroy", "refresh"})
"""steps that finish what is in flight when they are asked to stop"""


@dataclass(frozen=True)
class Step:
    """One step that was taken, or skipped with the reason."""

    name: str
    seconds: float
    zh: str
    en: str
    skipped: bool = False


class Narrator:
    """One run. `with` it: problems end the run as sentences and code 1, Ctrl-C as a word and code 130."""

    def __init__(self, verb: str, environment: str, language: Language, console: Console | None = None) -> None:
        self.verb, self.environment = verb, environment
        self.language: Language = language
        self.console = console or Console(highlight=False, soft_wrap=True)
        self.steps: list[Step] = []
        self.stopping = threading.Event()
        self.code = 0
        self._stack = ExitStack()
        self._step = ""
        self._status: Any = None
        self._told = 0.0
        self._seen: dict[str, int] = {}
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Narrator:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        self._stack.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if isinstance(error, Refused):
            self.problems(error.problems)
            self.code = 1
            return True
        if isinstance(error, KeyboardInterrupt):
            self.say(
                "\n已中断;已记录的不会丢失,再次运行即可继续。", "\nInterrupted; nothing recorded is lost: run it again."
            )
            self.code = 130
            return True
        if isinstance(error, Exception):
            self._unforeseen(error)
            self.code = 70
            return True
        return False

    def _unforeseen(self, error: Exception) -> None:
        """A fault of ours: kept in a file for whoever mends it, told as a sentence."""
        text = "".join(traceback.format_exception(error))
        path: Path | str = home() / f"fault-{self.clock():%Y%m%dT%H%M%S}.txt"
        try:
            home().mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text, encoding="utf-8")
        except OSError:
            path = text  # no place to keep it
        self.say(
            f"程序出错({type(error).__name__});已记录的不会丢失。请把 {path} 交给运维,然后再运行一次 [lz.fault]",
            f"a fault of the program ({type(error).__name__}); nothing recorded is lost. Give {path} to operations, "
            "then run it again [lz.fault]",
        )

    def step(self, name: str, work: Callable[..., Any], *args: Any, unless: Any = None, **kwargs: Any) -> Any:
        """Take a step and tell it. `unless`: a (Chinese, English) reason to skip it; the result is then None."""
        title = words.TITLES[name][self.language]
        if unless:
            self.steps.append(Step(name, 0.0, *unless, skipped=True))
            self.console.print(Text(f"– {title:<4}  ", style="yellow") + Text(self._say(*unless)))
            return None
        self._step, self._seen, started = name, {}, time.monotonic()
        try:
            if self.console.is_terminal:
                with self.console.status(title) as self._status:
                    result = work(*args, **kwargs)
            else:
                result = work(*args, **kwargs)
        except BaseException:
            self.console.print(Text(f"✗ {title}", style="bold red"))
            raise
        finally:
            self._status, self._step = None, ""
        seconds = time.monotonic() - started
        zh, en = words.result(name, result)
        self.steps.append(Step(name, seconds, zh, en))
        line = (
            Text(f"✓ {title:<4}  ", style="green") + Text(self._say(zh, en)) + Text(f"  {seconds:.1f} s", style="dim")
        )
        self.console.print(line)
        for moved in words.moves(getattr(result, "moved", ()), self.language):
            self.console.print(moved)
        wrong = getattr(result, "problems", None) or getattr(result, "failures", None) or ()
        self.problems(wrong)
        if wrong or getattr(result, "ok", True) is False:
            self.code = self.code or 1
        return result

    @contextmanager
    def gently(self, name: str) -> Iterator[None]:
        """For rooms that tell their step themselves: while this lasts, the first Ctrl-C only asks to finish."""
        self._step = name
        try:
            yield
        finally:
            self._step = ""

    def observe(self, event: Any, english: str | None = None) -> None:
        """Something happened inside the step (an event, or Chinese and English words): move the line on; without a
        terminal, a sign of life every 15 s."""
        if english is not None:
            event = (event, english)
        what = getattr(event, "what", "")
        self._seen[what] = self._seen.get(what, 0) + 1
        text = words.event(event, self.language, self._seen)
        now = time.monotonic()
        if self._status is not None:
            self._status.update(f"{words.TITLES.get(self._step, {}).get(self.language, '')}  {text}")
        elif text and now - self._told > 15:
            self._told = now
            self.console.print(Text(f"  … {text}", style="dim"))

    def may_go_on(self, plan: Any, verdict: Any) -> bool:
        """False, told and coded, where the plan has problems or the verdict blocks."""
        self.steps_of(plan)
        if plan.problems or verdict.blocking:
            self.verdict(verdict)
            self.say("没有改动任何资源:请先改正以上问题。", "Nothing was changed: mend what is listed above first.")
            self.code = 1
            return False
        return True

    def blocked(self, done: Any, real: bool) -> tuple[str, str] | None:
        """Why the hosts are not configured, proved and watched: a failed provision, or no real hosts."""
        if done.problems or done.interrupted:
            self.code = 130 if done.interrupted else 1
            return (
                "供给没有完成,先解决上面的问题再运行 ./lz up",
                "provisioning is not complete: mend it and run ./lz up again",
            )
        return None if real else words.NO_HOSTS

    def steps_of(self, plan: Any) -> None:
        """For `plan`: what would change, a line a resource; a big plan only by stack."""
        if self.verb == "plan":
            for line in words.changes(plan, self.language):
                self.console.print(line)

    def verdict(self, verdict: Any) -> None:
        """Every finding that blocks, as a sentence with its place and its fix."""
        for finding in verdict.blocking:
            place = f"{finding.origin}: " if finding.origin else ""
            text = self._say(f"{finding.zh}:{finding.fix_zh}", f"{finding.en}: {finding.fix_en}")
            self.console.print(Text("✗ ", style="red") + Text(f"{place}{finding.name}: {text} [{finding.check}]"))

    def problems(self, problems: Any) -> None:
        """Sentences, Chinese first (both languages for departments), each with its place."""
        for problem in problems:
            first = problem.text(self.language) if isinstance(problem, Problem) else str(problem)
            self.console.print(Text(first, style="red"))
            if isinstance(problem, Problem) and self.language == "zh" and problem.en != problem.zh:
                self.console.print(Text(f"    {problem.en}", style="dim"))

    def summary(self, data: dict[str, Any], places: Any) -> None:
        """The table at the end, where the report is, and what to type next."""
        self.console.print()
        self.console.print(words.table(self.steps, data, self.language))
        self.say(*words.next_words(self.steps, data, places, self.environment, self.code))

    def enter(self, context: AbstractContextManager[Any]) -> None:
        """Something to hold until the run ends."""
        self._stack.enter_context(context)

    def clock(self) -> datetime:
        """Now, with the zone. The rooms take time as an argument; this is where it comes from."""
        return datetime.now().astimezone()

    def say(self, zh: str, en: str) -> None:
        self.console.print(Text(self._say(zh, en)))

    def verbatim(self, text: str) -> None:
        """Lines as they are, however long: what another program may read."""
        self.console.print(Text(text), soft_wrap=True)

    def _say(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def _stop(self, number: int, frame: Any) -> None:
        if self._step not in INTERRUPTIBLE or self.stopping.is_set():
            raise KeyboardInterrupt
        self.stopping.set()
        print(
            self._say("\n正在收尾:等待进行中的操作完成(再按一次立即停止)…",
                      "\nFinishing what is in flight (once more stops at once) …"),
            file=sys.stderr,
        )  # fmt: skip
