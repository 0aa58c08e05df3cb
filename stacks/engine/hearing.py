"""What the stock engine tells of a run, as our own events, steps and problems.

In: `pulumi.automation`'s engine events of one stack. Out: calls of the reporter while it happens, and afterwards the
steps and the resources as they were and would be. Debug lines are dropped unread.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from inventory import urns
from inventory.problems import Problem
from stacks.engine.events import Reporter
from stacks.engine.plans import Step
from stacks.engine.records import Record

_OPS = {
    "same": "same", "create": "create", "update": "update", "delete": "delete", "read": "read", "refresh": "refresh",
    "create-replacement": "replace", "import": "import", "import-replacement": "replace", "discard": "delete",
    "read-replacement": "read",
}  # fmt: skip
"""the stock engine's steps; a replacement is counted where the new one is made, and its other steps are none of ours"""
_ONLY_THAT = re.compile(r"(?:update|preview|refresh|destroy) failed")


class Hearing:
    """One run's events, as they come in, from whichever thread."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._since: dict[str, float] = {}
        self.steps: list[Step] = []
        self.begun: list[Step] = []
        self.before: dict[str, Record] = {}
        self.after: dict[str, Record] = {}
        self.counts: Counter[str] = Counter()
        self._finished: set[str] = set()
        self._errors: dict[str, list[Problem]] = {}

    def __call__(self, event: Any) -> None:
        """One `EngineEvent`."""
        if event.resource_pre_event:
            self._began(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._done(event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._fell(event.res_op_failed_event.metadata)
        elif event.diagnostic_event:
            self._said(event.diagnostic_event)
        elif event.policy_event:
            self._judged(event.policy_event)
        elif event.summary_event:
            changes = {str(getattr(op, "value", op)): n for op, n in event.summary_event.resource_changes.items()}
            self.counts = Counter({op: n for op, n in changes.items() if op in _OPS.values()})

    def finish(self) -> None:
        """Errors that no step claimed; that the update failed is none where another says why."""
        problems = [problem for told in self._errors.values() for problem in told]
        self._errors.clear()
        why = [problem for problem in problems if not _ONLY_THAT.fullmatch(problem.en)]
        for problem in why or ([] if self._report.problems else problems):
            self._report.problem(problem)

    # ------------------------------------------------------------------ events

    def _began(self, step: Any) -> None:
        op = _OPS.get(step.op.value)
        if op in (None, "same"):
            return
        self.begun.append(Step(op, step.urn, _why(step)))
        self._since[step.urn] = self._report.started(
            op, step.urn, why=_why(step), diff=tuple(step.detailed_diff or ()), provider=step.provider
        )

    def _done(self, step: Any) -> None:
        op = _OPS.get(step.op.value)
        if op is None:
            return
        if step.old:
            self.before[step.urn] = _record(step.old)
        if step.new:
            self.after[step.urn] = _record(step.new)
        if op == "refresh":
            op = "delete" if not step.new else "refresh" if step.detailed_diff or step.diffs else "same"
        if step.urn in self._finished:
            return  # a component's second, when its outputs come
        self._finished.add(step.urn)
        self.steps.append(Step(op, step.urn, _why(step)))
        new = step.new or step.old
        self._report.done(
            op, step.urn, self._since.pop(step.urn, None), why=_why(step), diff=tuple(step.detailed_diff or ()),
            provider=step.provider, id=(new.id or "") if new and new.custom else "",
        )  # fmt: skip

    def _fell(self, step: Any) -> None:
        op = _OPS.get(step.op.value, "update")
        problems = self._errors.pop(step.urn, None) or [_problem("the operation failed", step.urn)]
        self._report.failed(op, step.urn, problems, provider=step.provider)

    def _said(self, said: Any) -> None:
        text = said.message.strip()
        if said.severity == "debug" or said.ephemeral or not text:
            return
        if said.severity == "error":
            self._errors.setdefault(said.urn or "", []).append(_problem(text, said.urn or ""))
        else:
            self._report.log("program.warning" if said.severity == "warning" else "program.info", text)

    def _judged(self, said: Any) -> None:
        code = f"policy.{said.policy_name}"
        zh, _, en = said.message.strip().partition("\n")  # our pack says both languages, a line each
        zh, en = (text.strip().removesuffix(f" [{code}]") for text in (zh, en))
        if said.enforcement_level == "mandatory":
            self._report.problem(Problem(code, zh, en or zh))
        else:
            self._report.log("policy.advisory", f"{said.policy_name}: {zh}")


def _record(state: Any) -> Record:
    body: Mapping[str, Any] = {
        "urn": state.urn, "type": state.type, "custom": bool(state.custom), "id": state.id or "", "parent": state.parent,
        "provider": state.provider, "inputs": dict(state.inputs or {}), "outputs": dict(state.outputs or {}),
    }  # fmt: skip
    return Record({key: value for key, value in body.items() if value not in ("", None)})


def _why(step: Any) -> tuple[str, ...]:
    if step.op.value == "create":
        return ("new",)
    return tuple(step.keys or ()) or tuple(step.detailed_diff or ()) or tuple(step.diffs or ())


def _problem(text: str, urn: str) -> Problem:
    text = text.removeprefix("error: ")
    return Problem("engine.stock", f"原版引擎报错:{text}", text, _name(urn))


def _name(urn: str) -> str:
    return urns.name(urn) if urn.count("::") >= 3 else ""
