"""Carries out steps: calls the provider, and records before and after, so that any crash leaves something to go on from.

Without a store it is a preview: the same calls, with preview set, and nothing recorded. Each provider operation takes
one of a stack's slots; once the run is stopping, no new one begins.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from inventory.problems import Problem, Refused, refuse
from stacks.engine import urns
from stacks.engine.events import Reporter
from stacks.engine.journal import Store
from stacks.engine.plans import StackPlan, Step
from stacks.engine.provider import Provider
from stacks.engine.records import Pending, Record
from stacks.engine.steps import Decision, Goal
from stacks.engine.values import secret

_DEFINITE = {f"driver.{reason}" for reason in ("quota", "conflict", "invalid", "denied", "unsupported", "not-found")}
"""after one of these the cloud is as it was; after anything else the operation stays pending"""


class Stopped(Exception):
    """The run is ending: nothing new begins."""


class Executor:
    """The hands of one run on one stack."""

    def __init__(
        self,
        store: Store | None,
        pending: list[Pending],
        report: Reporter,
        now: Callable[[], str],
        slots: int,
        plan: StackPlan | None = None,
    ) -> None:
        self.store, self.report, self._now, self._plan = store, report, now, plan
        self.records: dict[str, Record] = {}
        """URN → what it is now, of everything that this run has seen"""
        self.deleted: set[int] = set()
        """rows of what this run has deleted, or in a preview would have"""
        self.steps: list[Step] = []
        self.touched = False
        """whether anything was, or in a preview would be, recorded"""
        self.stopping = False
        self.interrupted = False
        self._slots = asyncio.Semaphore(slots)
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._pending: dict[str, list[Pending]] = defaultdict(list)
        for operation in pending:
            self._pending[operation.urn].append(operation)

    # ------------------------------------------------------------------ the run

    def stop(self) -> None:
        """Finish what is in flight and begin nothing new."""
        self.stopping = True

    async def idle(self) -> None:
        """Return when nothing is in flight any more."""
        await self._idle.wait()

    def begun(self, urn: str, op: str) -> bool:
        """Whether an earlier run began this operation (creating, updating, deleting) and never confirmed it."""
        return any(operation.op == op for operation in self._pending.get(urn, ()))

    def orphans(self) -> list[Pending]:
        """Creations in doubt that this run has not repeated: the program no longer wants them."""
        return [p for many in self._pending.values() for p in many if p.op == "creating" and p.urn not in self.records]

    # ------------------------------------------------------------------ steps

    async def same(self, goal: Goal, inputs: dict[str, Any], old: Record) -> Record:
        """Keep a resource; what the program says about it beside its properties may still have changed."""
        body = self.body(goal, inputs, old)
        body |= {key: old.body[key] for key in ("id", "outputs") if key in old.body}
        record = Record(body, old.number)
        if not record.equals(old):
            self._put("same", record)
        self._did("same", record)
        return record

    async def create(
        self, decision: Decision, goal: Goal, provider: Provider | None, inputs: dict[str, Any], old: Record | None
    ) -> Record:
        """Create, or create the replacement of `old`. Components and providers have no provider to ask."""
        self._promised(decision.op, goal.urn)
        body = self.body(goal, inputs, None)
        body["created"] = body["modified"] = self._now()
        if old is not None and old.urn != goal.urn:
            body["aliases"] = [old.urn]
        since = self.report.started(decision.op, goal.urn)
        settles: tuple[int, ...] = ()
        if provider is not None:
            with self._failing(decision.op, goal.urn):
                async with self._slots:
                    settles = await self._intend("creating", body, old)
                    with self._flying(settles):
                        body["id"], outputs = await provider.create(
                            goal.urn, inputs, goal.custom_timeouts.get("create", 0), preview=self.store is None
                        )
            body["outputs"] = self._marked(outputs, goal.additional_secret_outputs)
        record = Record(body)
        if old is not None:
            if old.gone or old.number in self.deleted or self.begun(goal.urn, "deleting"):
                record.number = old.number
                self.deleted.discard(old.number)
            else:
                old.body["delete"] = True
                self._put("replaced", old)
        self._put(decision.op, record, self._settled(goal.urn, settles))
        self._did(decision.op, record, decision.why, since)
        return record

    async def update(
        self, decision: Decision, goal: Goal, provider: Provider | None, inputs: dict[str, Any], old: Record
    ) -> Record:
        self._promised("update", goal.urn)
        body = self.body(goal, inputs, old)
        body["modified"] = self._now()
        since = self.report.started("update", goal.urn)
        settles: tuple[int, ...] = ()
        if provider is None:
            body |= {key: old.body[key] for key in ("id", "outputs") if key in old.body}
        else:
            with self._failing("update", goal.urn):
                async with self._slots:
                    settles = await self._intend("updating", body | {"id": old.id}, old)
                    with self._flying(settles):
                        outputs = await provider.update(
                            goal.urn, (old.id, old.inputs, old.outputs), inputs,
                            goal.custom_timeouts.get("update", 0), goal.ignore_changes, preview=self.store is None,
                        )  # fmt: skip
            body |= {"id": old.id, "outputs": self._marked(outputs, goal.additional_secret_outputs)}
        record = Record(body, old.number)
        self._put("update", record, self._settled(goal.urn, settles))
        self._did("update", record, decision.why, since)
        return record

    async def delete(
        self, record: Record, provider: Provider | None, *, replaced: bool, keep: bool = False, spared: bool = False
    ) -> None:
        """Delete. `replaced`: part of a replacement, which is counted where it is created. `keep` the record until
        the replacement comes. `spared`: the provider is not asked (retained, or gone with another resource)."""
        if record.number in self.deleted:
            return
        body = record.body
        if body.get("protect") and not record.doomed:
            raise refuse(
                "engine.protected",
                "该资源受保护(protect),不能删除或替换:若确需如此,先去掉 protect 并应用一次",
                "this resource is protected: to delete or replace it, first take protect away and apply that",
                where=urns.name(record.urn),
            )
        op = "replace" if replaced else "delete"
        if not replaced:
            self._promised(op, record.urn)
        since = None if replaced else self.report.started("delete", record.urn)
        settles: tuple[int, ...] = ()
        if (
            self.store
            and provider
            and record.managed
            and not spared
            and not body.get("retainOnDelete")
            and not record.gone
        ):
            with self._failing(op, record.urn):
                async with self._slots:
                    settles = await self._intend("deleting", {"urn": record.urn, "type": record.type}, record)
                    with self._flying(settles):
                        timeout = (body.get("customTimeouts") or {}).get("delete", 0)
                        await provider.delete(record.urn, record.id, record.inputs, record.outputs, timeout)
        self.deleted.add(record.number)
        self.touched = True
        if self.store and keep:
            body["pendingReplacement"] = True
            self.store.put("delete-replaced", record, self._settled(record.urn, settles))
        elif self.store:
            self.store.drop("delete-replaced" if replaced else "delete", record, self._settled(record.urn, settles))
        if not replaced:
            self.report.done("delete", record.urn, since)
            self.steps.append(Step("delete", record.urn))

    def forget(self, record: Record) -> None:
        """Drop the record of what was deleted to be replaced, and whose replacement nobody wants."""
        self.touched = True
        if self.store:
            self.store.drop("delete", record, self._settled(record.urn))
        self.steps.append(Step("delete", record.urn))
        self.report.done("delete", record.urn)

    async def refresh(self, record: Record, provider: Provider) -> None:
        """Read a resource and record what is there; nothing where it is as recorded."""
        async with self._slots:
            if self.stopping:
                raise Stopped
            since = self.report.started("refresh", record.urn)
            with self._flying(()):
                id, inputs, outputs = await provider.read(record.urn, record.id, record.inputs, record.outputs)
        if not id:
            self.deleted.add(record.number)
            if self.store:
                self.store.drop("refresh", record, self._settled(record.urn))
            self.report.done("delete", record.urn, since)
            return
        outputs = self._marked(outputs, tuple(record.body.get("additionalSecretOutputs") or ()))
        self.report.learn([inputs, outputs])
        changed = (id, inputs, outputs) != (record.id, record.inputs, record.outputs)
        if changed or self.begun(record.urn, "updating") or self.begun(record.urn, "deleting"):
            record.body |= {"id": id, "inputs": inputs, "outputs": outputs, "modified": self._now()}
            self._put("refresh", record, self._settled(record.urn))
        self.records[record.urn] = record
        self.report.done("refresh" if changed else "same", record.urn, since)

    def read(self, record: Record, old: Record | None) -> Record:
        """Keep what was read and is not managed here (a stack reference)."""
        record.number = old.number if old else 0
        if old is None or not record.equals(old):
            self._put("read", record)
        self.records[record.urn] = record
        self.report.done("read", record.urn)
        return record

    def outputs(self, record: Record, outputs: dict[str, Any]) -> None:
        """Outputs that a component, or the stack itself, registers at its end."""
        self.report.learn(outputs)
        if record.outputs == outputs:
            return
        record.body["outputs"] = outputs
        self._put("outputs", record)

    # ------------------------------------------------------------------ parts

    def _put(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> None:
        self.touched = True
        if self.store:
            self.store.put(op, record, settles)

    def body(self, goal: Goal, inputs: dict[str, Any], old: Record | None) -> dict[str, Any]:
        """A resource's record as far as the program decides it, in Pulumi's shape and order."""
        body: dict[str, Any] = {"urn": goal.urn, "custom": goal.custom, "type": goal.type}
        optional = {
            "inputs": inputs, "parent": goal.parent, "protect": goal.protect, "provider": goal.provider,
            "dependencies": list(goal.dependencies), "propertyDependencies": goal.property_dependencies,
            "additionalSecretOutputs": list(goal.additional_secret_outputs), "retainOnDelete": goal.retain_on_delete,
            "deletedWith": goal.deleted_with, "customTimeouts": goal.custom_timeouts,
            "ignoreChanges": list(goal.ignore_changes), "replaceOnChanges": list(goal.replace_on_changes),
        }  # fmt: skip
        body |= {key: value for key, value in optional.items() if value}
        if old is not None:
            body |= {key: old.body[key] for key in ("created", "modified") if key in old.body}
            if old.urn != goal.urn:
                body["aliases"] = [old.urn]
        return body

    def _promised(self, op: str, urn: str) -> None:
        """Nothing is done that the plan, where there is one, does not hold: it is what was judged."""
        if self._plan is not None and not self._plan.holds(op, urn):
            raise refuse(
                "plan.differs",
                f"计划中没有这一步({op}):程序或驱动的答复在计划之后变了,请重新运行 ./lz up 生成新计划",
                f"the plan does not hold this step ({op}): the program, or what the provider says, has changed since "
                "it was made; run ./lz up again for a new plan",
                where=urns.name(urn),
            )

    def _did(self, op: str, record: Record, why: tuple[str, ...] = (), since: float | None = None) -> None:
        self.records[record.urn] = record
        self.report.learn(record.outputs)
        self.steps.append(Step(op, record.urn, why))
        self.report.done(op, record.urn, since)

    def _marked(self, outputs: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        return {key: secret(value) if key in names else value for key, value in outputs.items()}

    def _settled(self, urn: str, more: tuple[int, ...] = ()) -> tuple[int, ...]:
        return (*more, *(operation.number for operation in self._pending.pop(urn, ())))

    async def _intend(self, op: str, body: dict[str, Any], old: Record | None) -> tuple[int, ...]:
        if self.stopping:
            raise Stopped
        if self.store is None:
            return ()
        number, durable = self.store.intend(op, body, old.number if old else 0)
        await durable
        return (number,)

    @contextmanager
    def _flying(self, settles: tuple[int, ...]) -> Iterator[None]:
        self._busy += 1
        self._idle.clear()
        try:
            yield
        except Refused as refused:
            if self.store and settles and all(problem.code in _DEFINITE for problem in refused.problems):
                self.store.settle(settles)
            raise
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    @contextmanager
    def _failing(self, op: str, urn: str) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            self.report.failed(op, urn, refused.problems)
            self.stop()
            raise Stopped from refused


def protected(urn: str) -> Problem:
    return Problem(
        "engine.protected",
        "该资源受保护(protect),不能替换:若确需如此,先去掉 protect 并应用一次",
        "this resource is protected and cannot be replaced: first take protect away and apply that",
        urns.name(urn),
    )
