"""One verb from its ground to its end: plan, verdict, question, work, and what is told of each.

In: what was typed and what it works on. Out: an exit code in `tell.code`: 0, 1 for problems, 130 for an interruption.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.text import Text

from inventory.estate import Estate, Resource
from inventory.problems import Problem, Refused, refuse
from stacks import carried
from stacks.console import difference, plans, record
from stacks.console import typed as words
from stacks.console.ground import Ground
from stacks.console.hands import Embedded, Hands, Stock
from stacks.console.view import Lines, Progress
from stacks.console.words import counted
from stacks.engine import EstatePlan, Outcome
from stacks.engine.plans import StackPlan


class Session:
    """One typed verb. `with` it: with --json, what is refused is said as an event too."""

    def __init__(self, tell: Any, options: argparse.Namespace, typed: argparse.Namespace, judge: Any | None) -> None:
        self.tell, self.language, self.typed, self._judge = tell, options.language, typed, judge
        self._vouched: Any = None
        self.options = words.options(typed)
        self.json = options.json
        self._lines = Lines() if options.json else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lines and isinstance(error, Refused):
            self._lines.problems(error.problems, self.tell.clock().timestamp())

    def carry_out(self, ground: Ground) -> None:
        """The verb that was typed."""
        verb = self.typed.verb
        if verb in ("up", "destroy") and not self.typed.yes and not sys.stdin.isatty():
            raise refuse(
                "engine.not-confirmed",
                f"标准输入不是终端,无法询问:确认要执行 {verb} 请加 --yes;只看会改动什么用 preview",
                f"standard input is no terminal, so nobody can be asked: add --yes to {verb}, or only look with preview",
            )
        act = {"preview": self._preview, "up": self._up, "refresh": self._refresh, "destroy": self._destroy}.get(verb)
        if act is None:
            record.carry_out(self, ground)
            return
        make = Stock if self.typed.engine == "pulumi" else Embedded
        act(ground, make(ground, self.typed, self.options, self.tell.stopping))

    # ------------------------------------------------------------------ verbs

    def _preview(self, on: Ground, hands: Hands) -> None:
        plan = self._planned(on, hands)
        if plan and self.typed.save_plan:
            plans.save(self.typed.save_plan, on.program.name, plan)
            self.tell.say(f"计划已写入 {self.typed.save_plan}", f"the plan is in {self.typed.save_plan}")

    def _up(self, on: Ground, hands: Hands) -> None:
        given = plans.load(self.typed.plan, on.program.name, on.name) if self.typed.plan else None
        plan = self._planned(on, hands, given)
        if plan is None or not self._agreed(plan.stacks[on.name], "执行", "perform this update"):
            return
        with self.watching("provision") as observe:
            done = hands.up(observe, plan, self._vouched)
        self.ended(done)
        if not done.problems and self._lines is None:
            self._outputs(hands)

    def _refresh(self, on: Ground, hands: Hands) -> None:
        with self.watching("refresh") as observe:
            done = hands.refresh(observe)
        self.ended(done)
        if self.typed.expect_no_changes and set(done.counts) - {"same", "read"}:
            self.problems([_unexpected(done.counts)])

    def _destroy(self, on: Ground, hands: Hands) -> None:
        with self.watching("plan") as observe:
            doomed = hands.doomed(observe)
        if doomed.still:
            self.tell.say(f"{on.name}:没有资源", f"{on.name}: there is nothing")
            return
        self._show(doomed, hands)
        if self.typed.expect_no_changes and doomed.changes:
            self.problems([_unexpected(doomed.counts)])
            return
        if not self._agreed(doomed, "删除", "destroy these resources"):
            return
        with self.watching("destroy") as observe:
            done = hands.destroy(observe)
        self.ended(done)

    # ------------------------------------------------------------------ steps

    def _planned(self, on: Ground, hands: Hands, given: EstatePlan | None = None) -> EstatePlan | None:
        """The plan, shown and judged; None where it may not be carried out."""
        plan = given
        if plan is None:
            with self.watching("plan") as observe:
                plan = hands.preview(observe)
        if on.name not in plan.stacks:
            self._say_problems(plan.problems)
            self.tell.code = 130 if self.tell.stopping.is_set() else 1
            return None
        self._show(plan.stacks[on.name], hands)
        findings = [*(carried.beneath(plan) if on.places else ()), *self._blocking(on, hands.others(), plan.estate)]
        if self.typed.expect_no_changes and plan.changes:
            findings.append(_unexpected(plan.counts))
        self.problems(findings)
        return None if findings or plan.problems else plan

    def _blocking(self, on: Ground, there: Estate, planned: Estate) -> list[Problem]:
        """What the judge holds against it: of this stack, of the whole, and of others what was well before."""
        if self._judge is None or not on.profile or self.typed.engine == "pulumi":
            return []
        others = there.only(lambda one: one.stack != on.name)
        whole = Estate.union([others, planned])
        verdict = self._judge(whole, planned=True)
        stood = self._judge(Estate.union([there]), planned=True)
        self._vouched = self._judge.vouch(whole, verdict)
        before = {(one.check, one.urn) for one in stood.blocking}
        mine = [one for one in verdict.blocking if one.stack in ("", on.name) or (one.check, one.urn) not in before]
        return [one.problem() for one in mine]

    def _agreed(self, plan: StackPlan, zh: str, en: str) -> bool:
        """Whether to go on: --yes, or whoever sits at the terminal says so."""
        if self.typed.yes or not plan.changes:
            return True
        question = (
            f"{zh}?[y 是 / N 否 / d 详情] " if self.language == "zh" else f"{en[0].upper()}{en[1:]}? [y/N/d(etails)] "
        )
        while True:
            answer = self.tell.console.input(Text(question)).strip().lower()
            if answer in ("d", "details"):
                self._told(plan, {}, full=True)
            elif answer in ("y", "yes", "是"):
                return True
            else:
                self.tell.say("没有改动任何资源", "nothing was changed")
                self.tell.code = 1
                return False

    # ------------------------------------------------------------------ telling

    def data(self, data: Mapping[str, Any]) -> None:
        """A line for machines that is no event."""
        print(json.dumps(data, ensure_ascii=False))

    def watching(self, step: str) -> Any:
        """Whoever shows the run that is inside."""
        progress = Progress(self.tell.console, self.language, self.tell.stopping, plan=step == "plan")
        return self._lines or _Gently(self.tell, step, progress)

    def _show(self, plan: StackPlan, hands: Hands) -> None:
        if self._lines is None:
            self._told(plan, hands.before(), full=getattr(self.typed, "diff", False))

    def _told(self, plan: StackPlan, before: Mapping[str, Resource], *, full: bool) -> None:
        many = len([step for step in plan.steps if step.op not in ("same", "read")]) > difference.MOST
        told = (
            difference.summary(plan, self.language)
            if many and not full
            else difference.lines(plan, before, self.language, full=full)
        )
        for text in told:
            self.tell.console.print(text)
        zh, en = counted(plan.counts)
        self.tell.say(f"{plan.stack}:{zh}", f"{plan.stack}: {en}")

    def _outputs(self, hands: Hands) -> None:
        values = hands.outputs(show_secrets=self.typed.show_secrets)
        if values:
            self.tell.say("输出:", "Outputs:")
        for key, value in sorted(values.items()):
            self.tell.say(*(f"  {key}: {difference.said(value)}",) * 2)

    def ended(self, done: Outcome) -> None:
        self._say_problems(done.problems)
        if done.problems or done.interrupted:
            self.tell.code = 130 if done.interrupted else 1

    def _say_problems(self, problems: Iterable[Problem]) -> None:
        """What the events have said already is not repeated for machines."""
        if self._lines is None:
            self.tell.problems(problems)

    def problems(self, problems: Iterable[Problem]) -> None:
        """What the engine did not find itself; with any, the exit code is 1."""
        told = list(problems)
        if not told:
            return
        self.tell.code = 1
        if self._lines is None:
            self.tell.problems(told)
        else:
            self._lines.problems(told, self.tell.clock().timestamp())


class _Gently:
    """A run that the first Ctrl-C only asks to finish, shown by a progress."""

    def __init__(self, tell: Any, step: str, progress: Progress) -> None:
        self._gently, self._progress = tell.gently(step), progress

    def __enter__(self) -> Progress:
        self._gently.__enter__()
        return self._progress.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._progress.__exit__(*error)
        self._gently.__exit__(*error)


def _unexpected(counts: Any) -> Problem:
    zh, en = counted(counts)
    return Problem(
        "engine.changes", f"不应有改动(--expect-no-changes),却有:{zh}",
        f"no change was expected (--expect-no-changes), but there is: {en}",
    )  # fmt: skip
