"""Carries out steps: calls the provider, and records before and after, so that any crash leaves something to go on from.

Without a store it is a preview: the same calls, with preview set, and nothing recorded. Each provider operation takes
one of a stack's slots; once the run is stopping, no new one begins. How a failure ends is `flight.py`'s matter.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Set
from typing import Any, Protocol

from inventory import urns
from inventory.problems import Problem, Refused, refuse
from stacks.engine.again import Again
from stacks.engine.doubts import Doubts
from stacks.engine.events import Reporter
from stacks.engine.flight import Flight
from stacks.engine.hooks import Hooks
from stacks.engine.plans import StackPlan, Step
from stacks.engine.provider import Partial
from stacks.engine.records import REREAD, SEED, Body, Pending, Record
from stacks.engine.state import Store
from stacks.engine.steps import Answer, Decision, Goal
from stacks.engine.values import is_secret, is_unknown, secret

Values = dict[str, Any]


class Hands(Protocol):
    """Who makes and unmakes a resource: a provider, or for provider resources the registry."""

    @property
    def rereads(self) -> Set[str]: ...
    async def check(self, urn: str, olds: Values | None, news: Values, seed: bytes) -> Values: ...
    async def diff(
        self, urn: str, id: str, old_inputs: Values, old_outputs: Values, news: Values, ignore: tuple[str, ...]
    ) -> Answer: ...
    async def create(self, urn: str, inputs: Values, timeout: float, *, preview: bool) -> tuple[str, Values]: ...
    async def update(
        self, urn: str, old: tuple[str, Values, Values], inputs: Values, timeout: float, ignore: tuple[str, ...],
        *, preview: bool,
    ) -> Values: ...  # fmt: skip
    async def delete(self, urn: str, id: str, inputs: Values, outputs: Values, timeout: float) -> None: ...


class Executor:
    """The hands of one run on one stack."""

    def __init__(
        self,
        store: Store | None,
        pending: list[Pending],
        report: Reporter,
        now: Callable[[], str],
        flight: Flight,
        hooks: Hooks,
        plan: StackPlan | None = None,
        again: Again | None = None,
    ) -> None:
        self._again = again
        self.store, self.report, self.flight, self.hooks = store, report, flight, hooks
        self._now, self.plan = now, plan
        self.records: dict[str, Record] = {}
        """URN → what it is now, of everything that this run has seen"""
        self.deleted: set[int] = set()
        """rows of what this run has deleted, or in a preview would have"""
        self.fallen: set[str] = set()
        """URNs of what this run has deleted ahead of a replacement, and not made again"""
        self.steps: list[Step] = []
        self.touched = False
        """whether anything was, or in a preview would be, recorded"""
        self.doubts = Doubts(pending)
        self._imagined = 0
        self._leaving: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    # ------------------------------------------------------------------ steps

    async def same(self, goal: Goal, inputs: Values, old: Record) -> Record:
        """Keep a resource; what the program says about it beside its properties may still have changed."""
        body = self.body(goal, inputs, old)
        body |= {key: old.body[key] for key in ("id", "outputs", REREAD) if key in old.body}
        self._mark(body)
        record = Record(body, old.number)
        if not record.equals(old):
            self._put("same", record)
        self._did("same", record)
        return record

    async def create(
        self, decision: Decision, goal: Goal, hands: Hands | None, inputs: Values, old: Record | None, seed: bytes = b""
    ) -> Record:
        """Create, or create the replacement of `old`. A component has no hands: it is only recorded. `seed`: what the
        provider has drawn names from."""
        self._promised(decision.op, goal.urn)
        body = self.body(goal, inputs, None)
        since = self.report.started(decision.op, goal.urn, why=decision.why, provider=goal.provider)
        settles: tuple[int, ...] = ()
        with self.flight.failing(decision.op, goal.urn):
            self._known(body)
            await self.hooks.run("BeforeCreate", body, None, body)
            if hands is not None:
                async with self.flight.slot():
                    settles = await self._intend("creating", body | {SEED: seed.hex()}, old)

                    async def make() -> tuple[str, Values]:
                        timeout = goal.custom_timeouts.get("create", 0)
                        return await hands.create(goal.urn, inputs, timeout, preview=self.store is None)

                    try:
                        with self._flying(settles):
                            body["id"], outputs = await self.hooks.trying("create", body, None, body, make)
                    except Partial as partial:
                        body |= {"id": partial.id, "outputs": partial.outputs, "initErrors": list(partial.reasons)}
                        body |= reread(hands, goal.urn)
                        self._made(decision, goal, body, old, settles)
                        raise
                body |= {"outputs": outputs} | reread(hands, goal.urn)
        record = self._made(decision, goal, body, old, settles)
        self._did(decision.op, record, decision.why, since)
        if goal.custom:
            await self.after("AfterCreate", decision.op, record, None)
        return record

    def _made(self, decision: Decision, goal: Goal, body: Body, old: Record | None, settles: tuple[int, ...]) -> Record:
        body["created"] = body["modified"] = self._now()
        self._mark(body)
        record = Record(body)
        settles += self.doubts.created(goal.urn, old.number if old else 0)
        if old is not None:
            if decision.gone or old.gone or old.number in self.deleted:
                record.number = old.number
                settles += self.doubts.learnt(old)
                self.deleted.discard(old.number)
                self.fallen.discard(old.urn)
            else:
                old.body["delete"] = True
                self._put("replaced", old)
        self._put(decision.op, record, settles)
        self.records[goal.urn] = record
        return record

    async def find(
        self, operation: Pending, goal: Goal, hands: Hands, there: list[Record], gone: Record | None
    ) -> Record | None:
        """Repeat a creation in doubt that nobody wants any more, so that it can be deleted: the record of what it made;
        None where that is one of those that are `there`. `gone`: what it was to replace, where that was deleted
        first."""
        self._promised("create", goal.urn)
        since = self.report.started("create", goal.urn)
        body = self.body(goal, goal.inputs, None)
        with self.flight.failing("create", goal.urn):
            async with self.flight.slot():
                with self.flight.flying(lambda: None):
                    try:
                        id, outputs = await hands.create(goal.urn, goal.inputs, 0, preview=self.store is None)
                    except Partial as partial:
                        id, outputs = partial.id, partial.outputs
                    same = next((r for r in there if r.type == goal.type and id and r.id == id), None)
                    if same is not None and not same.doomed:  # what was asked for in vain is not how it should be
                        old = id, goal.inputs, outputs
                        same.body["outputs"] = await hands.update(
                            same.urn, old, same.inputs, 0, (), preview=self.store is None
                        )
                        self._mark(same.body)
        settles = self.doubts.created(goal.urn, operation.record)
        if same is not None:
            self._put("update", same, settles)
            return None
        body |= {"id": id, "outputs": outputs, "created": self._now(), "modified": self._now()}
        body |= reread(hands, goal.urn)
        self._mark(body)
        record = Record(body)
        if any(other.urn == goal.urn and not other.doomed for other in there):
            body["delete"] = True  # a name has one record that is not: this one only waits for its deletion
        elif gone is not None:
            record.number = gone.number
            settles += self.doubts.learnt(gone)
        self._put("create", record, settles)
        self.report.learn(outputs)
        self.steps.append(Step("create", goal.urn, ("pending",)))
        self.report.done("create", goal.urn, since)
        return record

    async def update(self, decision: Decision, goal: Goal, hands: Hands | None, inputs: Values, old: Record) -> Record:
        """Change what is there."""
        self._promised("update", goal.urn)
        body = self.body(goal, inputs, old) | ({"id": old.id} if old.id else {})
        since = self.report.started("update", goal.urn, why=decision.why, provider=goal.provider, id=old.id)
        settles: tuple[int, ...] = ()
        with self.flight.failing("update", goal.urn):
            self._known(body)
            await self.hooks.run("BeforeUpdate", body, old.body, body)
            if hands is None:
                body |= {"outputs": old.outputs} if old.outputs else {}
            else:
                async with self.flight.slot():
                    settles = await self._intend("updating", body, old)

                    async def change() -> Values:
                        return await hands.update(
                            goal.urn, (old.id, old.inputs, old.outputs), inputs,
                            goal.custom_timeouts.get("update", 0), goal.ignore_changes, preview=self.store is None,
                        )  # fmt: skip

                    try:
                        with self._flying(settles):
                            outputs = await self.hooks.trying("update", body, old.body, body, change)
                    except Partial as partial:  # with the inputs of before, the next Diff sees what is still to be done
                        body |= {"inputs": old.inputs, "outputs": partial.outputs, "initErrors": list(partial.reasons)}
                        body |= reread(hands, goal.urn)
                        self._changed(goal, body, old, settles)
                        raise
                body |= {"outputs": outputs} | reread(hands, goal.urn)
        record = self._changed(goal, body, old, settles)
        self._did("update", record, decision.why, since)
        if goal.custom:
            await self.after("AfterUpdate", "update", record, old)
        return record

    def _changed(self, goal: Goal, body: Body, old: Record, settles: tuple[int, ...]) -> Record:
        if goal.custom:
            body["modified"] = self._now()
        self._mark(body)
        record = Record(body, old.number)
        self._put("update", record, settles + self.doubts.learnt(old))
        self.records[goal.urn] = record
        return record

    async def delete(
        self, record: Record, hands: Hands | None, *, replaced: bool, keep: bool = False, spared: bool = False,
        left: bool = False,
    ) -> None:  # fmt: skip
        """Delete. `replaced`: part of a replacement, which is counted where it is created, unless an earlier run `left`
        it. `keep` the record until the replacement comes. `spared`: the provider is not asked (retained, or gone with
        another resource)."""
        async with self._leaving[record.number]:  # two that are replaced may have one dependent
            if record.number not in self.deleted:
                await self._delete(record, hands, replaced, keep, spared, left)

    async def _delete(
        self, record: Record, hands: Hands | None, replaced: bool, keep: bool, spared: bool, left: bool
    ) -> None:
        body = record.body
        op, counted = "replace" if replaced else record.ends_as, left or not replaced
        if counted:
            self._promised(op, record.urn)
        since = self.report.started(op, record.urn, **_named(record)) if counted else None
        settles: tuple[int, ...] = ()
        with self.flight.failing(op, record.urn):
            await self.hooks.run("BeforeDelete", body, body, None)
            if not replaced and body.get("protect"):
                raise Protected(record.urn)
            if self.store and hands and not (record.external or spared or body.get("retainOnDelete") or record.gone):
                async with self.flight.slot():
                    settles = await self._intend("deleting", {"urn": record.urn, "type": record.type}, record)

                    async def unmake() -> None:
                        timeout = (body.get("customTimeouts") or {}).get("delete", 0)
                        await hands.delete(record.urn, record.id, record.inputs, record.outputs, timeout)

                    with self._flying(settles):
                        await self.hooks.trying("delete", body, body, None, unmake)
        self.deleted.add(record.number)
        self.touched = True
        if keep:
            body["pendingReplacement"] = True
            self.fallen.add(record.urn)
        settles += self.doubts.learnt(record)
        if self.store and keep:
            self.store.put("delete-replaced", record, settles)
        elif self.store:
            self.store.drop("delete-replaced" if replaced else "delete", record, settles)
        if counted:
            self.report.done(op, record.urn, since, **_named(record))
            self.steps.append(Step(op, record.urn, ("pending",) if left else ()))
        await self.after("AfterDelete", op, record, record)

    def forget(self, record: Record) -> None:
        """Drop the record of what was deleted to be replaced, and whose replacement nobody wants."""
        self.touched = True
        if self.store:
            self.store.drop("delete", record, self.doubts.learnt(record))
        self.steps.append(Step("delete", record.urn))
        self.report.done("delete", record.urn, **_named(record))

    def adopt(self, goal: Goal, found: tuple[str, Values, Values], old: Record | None, hands: Hands) -> Record:
        """Record what was read by its id as managed from now on (import). `found`: (id, inputs, outputs)."""
        op = "import" if old is None else "replace"
        self._promised(op, goal.urn)
        body = self.body(goal, found[1], None)
        body |= {"id": found[0], "outputs": found[2]} | reread(hands, goal.urn)
        body["created"] = body["modified"] = self._now()
        self._mark(body)
        record = Record(body)
        if old is not None:
            old.body["delete"] = True
            self._put("replaced", old)
        self._put("import", record)
        self._did(op, record)
        return record

    def read(self, record: Record, old: Record | None) -> Record:
        """Keep what was read and is not managed here. `old` that is another thing is deleted in the end."""
        self._mark(record.body)
        op = "read"
        if old is not None and not old.external and old.id != record.id:
            op = "replace"
            old.body["delete"] = True
            self._put("replaced", old)
        elif old is not None:
            record.number = old.number
            record.body |= {key: old.body[key] for key in ("created", "modified") if key in old.body}
        if old is None or not record.equals(old):
            self._put("read", record)
        self.records[record.urn] = record
        self.steps.append(Step(op, record.urn))
        self.report.done(op, record.urn, **_named(record))
        return record

    def lose(self, record: Record, since: float) -> None:
        """A refresh has found that a resource is gone."""
        self.deleted.add(record.number)
        self.touched = True
        if self.store:
            self.store.drop("refresh", record, self.doubts.learnt(record))
        self.report.done("delete", record.urn, since, **_named(record))

    def found(
        self, record: Record, id: str, inputs: Values | None, outputs: Values, errors: list[str], since: float,
        hands: Hands, *, differs: bool,
    ) -> None:  # fmt: skip
        """A refresh has read a resource: record it as it is there. `differs`: it is not as it was left."""
        body = record.body | {"id": id, "inputs": record.inputs if inputs is None else inputs, "outputs": outputs}
        body.pop("initErrors", None)
        body.pop(REREAD, None)
        body |= reread(hands, record.urn)
        if errors:
            body["initErrors"] = errors
        self._mark(body)
        body = {key: value for key, value in body.items() if value or key in ("custom", "id")}
        self.report.learn([inputs, outputs])
        changed = not Record(body).equals(record)
        settles = self.doubts.learnt(record)
        if changed or settles:
            record.body = body | ({"modified": self._now()} if changed else {})
            self._put("refresh", record, settles)
        op = "refresh" if differs or (record.external and changed) else "same"
        self.report.done(op, record.urn, since, **_named(record))

    def outputs(self, record: Record, outputs: Values) -> None:
        """Outputs that a component, or the stack itself, registers at its end."""
        self.report.learn(outputs)
        if record.outputs == outputs:
            return
        record.body["outputs"] = outputs
        self._put("outputs", record)

    def leave(self, record: Record) -> None:
        """A resource stays as the state has it, whatever the program says of it."""
        self.steps.append(Step("same", record.urn))
        self.report.done("same", record.urn)

    def keep(self, record: Record) -> None:
        """Record a resource of which only what it refers to has changed."""
        self._put("same", record)

    async def after(self, kind: str, op: str, record: Record, old: Record | None) -> None:
        """Run the hooks after a step. The step stands whatever they say; the run has failed where one does."""
        new = None if kind == "AfterDelete" else record.body
        try:
            await self.hooks.run(kind, record.body, old.body if old else None, new)
        except Refused as refused:
            self.flight.failed_after(op, record.urn, refused)

    # ------------------------------------------------------------------ parts

    def _put(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> None:
        self.touched = True
        if self.store:
            self.store.put(op, record, settles)
        elif not record.number:  # a preview has no rows; what it would delete again has to be told apart all the same
            self._imagined -= 1
            record.number = self._imagined

    def body(self, goal: Goal, inputs: Values, old: Record | None) -> Body:
        """A resource's record as far as the program decides it, in Pulumi's shape and order."""
        body: Body = {"urn": goal.urn, "custom": goal.custom, "type": goal.type}
        optional = {
            "inputs": inputs, "parent": goal.parent, "protect": goal.protect, "provider": goal.provider,
            "dependencies": list(goal.dependencies), "propertyDependencies": goal.property_dependencies,
            "additionalSecretOutputs": list(goal.additional_secret_outputs), "retainOnDelete": goal.retain_on_delete,
            "deletedWith": goal.deleted_with, "replaceWith": list(goal.replace_with),
            "customTimeouts": goal.custom_timeouts, "ignoreChanges": list(goal.ignore_changes),
            "hideDiff": list(goal.hide_diff), "replaceOnChanges": list(goal.replace_on_changes),
            "replacementTrigger": goal.replacement_trigger, "resourceHooks": goal.hooks, "importID": goal.import_id,
        }  # fmt: skip
        body |= {key: value for key, value in optional.items() if value}
        if old is not None:
            body |= {key: old.body[key] for key in ("created", "modified") if key in old.body}
        return body

    def _promised(self, op: str, urn: str) -> None:
        """Nothing is done that the plan, where there is one, does not hold: it is what was judged."""
        if self.plan is not None and not self.plan.holds(op, urn):
            raise refuse(
                "plan.differs",
                f"计划中没有这一步({op}):程序或驱动的答复在计划之后变了,请重新运行 ./lz up 生成新计划",
                f"the plan does not hold this step ({op}): the program, or what the provider says, has changed since "
                "it was made; run ./lz up again for a new plan",
                where=urns.name(urn),
            )

    def _known(self, body: Body) -> None:
        """What the plan did not know of it is judged now. Refused where that forbids it."""
        if self._again is not None:
            self._again.look(Record(dict(body)), self.records)

    def _did(self, op: str, record: Record, why: tuple[str, ...] = (), since: float | None = None) -> None:
        self.records[record.urn] = record
        self.report.learn(record.outputs)
        self.steps.append(Step(op, record.urn, why))
        self.report.done(op, record.urn, since, why=why, **_named(record))

    def _mark(self, body: Body) -> None:
        """Mark outputs as secret that the program says are, or whose input of the same name is."""
        outputs, inputs = body.get("outputs"), body.get("inputs") or {}
        if not outputs:
            body.pop("outputs", None)
            return
        names = set(body.get("additionalSecretOutputs") or ()) | {
            key for key, value in inputs.items() if is_secret(value)
        }
        if names:
            body["outputs"] = {key: secret(value) if key in names else value for key, value in outputs.items()}

    async def _intend(self, op: str, body: Body, old: Record | None) -> tuple[int, ...]:
        """Record that an operation is about to begin. Making a provider resource touches no cloud."""
        if self.store is None or urns.is_provider(body["type"]):
            return ()
        number, durable = self.store.intend(op, body, old.number if old else 0)
        await durable
        return (number,)

    def _flying(self, settles: tuple[int, ...]) -> Any:
        return self.flight.flying(lambda: self.store.settle(settles) if self.store and settles else None)


def reread(hands: Hands, urn: str) -> Body:
    """What the record keeps of a provider's wish to have the resource read before every update."""
    return {REREAD: True} if urn in hands.rereads else {}


class Protected(Refused):
    """A resource that may not be deleted. Others that do not need it still may."""

    alone = True

    def __init__(self, urn: str) -> None:
        super().__init__([protected(urn, "删除", "deleted")])


def protected(urn: str, zh: str = "替换", en: str = "replaced") -> Problem:
    return Problem(
        "engine.protected",
        f"该资源受保护(protect),不能{zh}:若确需如此,先去掉 protect 并应用一次",
        f"this resource is protected and cannot be {en}: first take protect away and apply that",
        urns.name(urn),
    )


def _named(record: Record) -> dict[str, Any]:
    """What an event says of a resource beside its URN."""
    return {"provider": record.body.get("provider", ""), "id": "" if is_unknown(record.id) else record.id}
