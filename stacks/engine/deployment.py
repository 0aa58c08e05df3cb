"""One run of one program on one stack: registrations come in, decisions are made, the executor carries them out.

The flow of a registration: goal (goals.py) → old record, by URN or alias → provider's Check → decision (steps.py, with
the provider's Diff) → executor. When the program has ended, what it did not register is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from pulumi.runtime.proto import resource_pb2 as wire

from inventory.problems import Problem, Refused, refuse
from stacks.engine import goals, paths, steps, urns
from stacks.engine.deletion import affected, backwards
from stacks.engine.executor import Executor, Stopped, protected
from stacks.engine.provider import Provider
from stacks.engine.providers import Providers
from stacks.engine.records import Record
from stacks.engine.steps import Decision, Goal
from stacks.engine.values import UNKNOWN, contains, from_struct, is_secret, to_struct

Outputs = Callable[[str], Awaitable[dict[str, Any]]]


class Deployment:
    """What is known while a program runs."""

    def __init__(
        self,
        stack: str,
        project: str,
        records: list[Record],
        executor: Executor,
        providers: Providers,
        outputs: Outputs,
    ) -> None:
        self.stack, self.project = stack, project
        self.executor, self.providers = executor, providers
        self.root = ""
        self._outputs = outputs
        self._records = records
        self._olds = {record.urn: record for record in records if not record.doomed}
        self._goals: dict[str, Goal] = {}
        self._was: dict[str, str] = {}
        """URN of this run → the alias under which the state has it"""
        self._taken: set[str] = set()
        """URNs of old records that this run has gone on from"""
        self._replaced: set[str] = set()
        self._replaced_providers: set[str] = set()

    # ------------------------------------------------------------------ registrations

    async def register(self, request: wire.RegisterResourceRequest) -> wire.RegisterResourceResponse:
        """A resource, component or provider. Raises Stopped where the run is ending, after the reason was reported."""
        goal = await self._refusing(request.name, self._goal(request))
        old = self._old(goal, request)
        if urns.is_provider(goal.type):
            record, replaced = await self._refusing(request.name, self.providers.register(goal, old))
            if replaced:
                self._replaced_providers.add(goal.urn)
            return _reply(record, record.id)
        if not goal.custom:
            return _reply(await self._component(goal, old), "", with_outputs=False)
        record = await self._refusing(goal.name, self._custom(goal, old))
        return _reply(record, "" if record.id == UNKNOWN else record.id)

    async def register_outputs(self, request: wire.RegisterResourceOutputsRequest) -> None:
        record = self.executor.records.get(request.urn)
        if record is None:
            raise Stopped
        self.executor.outputs(record, from_struct(request.outputs))

    async def read(self, request: wire.ReadResourceRequest) -> wire.ReadResourceResponse:
        """A reference to another stack; nothing else can be read yet."""
        self._go_on()
        where = f"{request.type} {request.name}"
        if request.type != urns.REFERENCE:
            await self._refusing(request.name, _refused(goals.unsupported(where, "Resource.get")))
        inputs = from_struct(request.properties)
        other = str(inputs.get("name") or request.id)
        outputs = await self._refusing(request.name, self._outputs(other))
        urn = urns.make(self.stack, self.project, request.parent, request.type, request.name)
        names = sorted(key for key, value in outputs.items() if contains(value, is_secret))
        body: dict[str, Any] = {
            "urn": urn, "custom": True, "id": other, "type": request.type, "external": True, "inputs": {"name": other},
            "outputs": {"name": other, "outputs": outputs, "secretOutputNames": names}, "parent": request.parent,
        }  # fmt: skip
        if request.dependencies:
            body["dependencies"] = sorted(request.dependencies)
        self._taken.add(urn)
        self.executor.report.learn(outputs)
        record = self.executor.read(Record(body), self._olds.get(urn))
        reply = wire.ReadResourceResponse(urn=urn, id=other)
        to_struct(record.outputs, reply.properties)
        return reply

    # ------------------------------------------------------------------ what a registration becomes

    async def _goal(self, request: wire.RegisterResourceRequest) -> Goal:
        self._go_on()
        goal = goals.goal(request, self.stack, self.project, self._goals.get(request.parent))
        if goal.urn in self._goals:
            raise refuse(
                "engine.duplicate",
                "程序两次登记了同一类型、同一名称的资源:请换一个名称",
                "the program registers two resources of the same type and name: give one of them another name",
                where=f"{goal.type} {goal.name}",
            )
        if goal.type == urns.STACK:
            self.root = goal.urn
        self._goals[goal.urn] = goal
        if goal.custom and not urns.is_provider(goal.type) and not goal.provider:
            package = urns.package(goal.type)
            reference = await self.providers.default(package, request.version, self.root, self._name)
            goal = self._goals[goal.urn] = replace(goal, provider=reference)
        self.executor.report.learn(goal.inputs)
        return goal

    def _name(self, type_: str, name: str) -> str:
        return urns.make(self.stack, self.project, "", type_, name)

    def _old(self, goal: Goal, request: wire.RegisterResourceRequest) -> Record | None:
        old = self._olds.get(goal.urn)
        if old is None:
            for alias in goals.aliases(request, self.stack, self.project, self._was):
                if alias in self._olds and alias not in self._taken:
                    old = self._olds[alias]
                    self._was[goal.urn] = alias
                    break
        self._taken.add(old.urn if old else goal.urn)
        return old

    async def _component(self, goal: Goal, old: Record | None) -> Record:
        decision = steps.component(old, goal)
        if old is None:
            return await self.executor.create(decision, goal, None, goal.inputs, None)
        if decision.op == "update":
            return await self.executor.update(decision, goal, None, goal.inputs, old)
        return await self.executor.same(goal, goal.inputs, old)

    async def _custom(self, goal: Goal, old: Record | None) -> Record:
        provider = await self.providers.of(goal.provider)
        wanted = goal.inputs
        if old is not None:
            for pattern in goal.ignore_changes:
                wanted = paths.kept(old.inputs, wanted, paths.parse(pattern))
        seed = hashlib.sha256(goal.urn.encode()).digest()
        decision = steps.without_asking(
            old,
            goal,
            lost=self.executor.begun(goal.urn, "deleting"),
            provider_replaced=old is not None and self._moved(old, goal),
            deleted_with_replaced=goal.deleted_with in self._replaced,
        )
        inputs = await provider.check(goal.urn, None if decision or not old else old.inputs, wanted, seed)
        self.executor.report.learn(inputs)
        if decision is None and old is not None:
            answer = await provider.diff(goal.urn, old.id, old.inputs, old.outputs, inputs, goal.ignore_changes)
            unfinished = self.executor.begun(goal.urn, "updating")
            decision = steps.decide(old, goal, inputs, answer, unfinished=unfinished)
            if decision.op == "replace":  # a replacement takes nothing over from what it replaces
                inputs = await provider.check(goal.urn, None, goal.inputs, seed)
        if old is None or decision is None:
            return await self.executor.create(decision or Decision("create"), goal, provider, inputs, None)
        if decision.op == "same":
            return await self.executor.same(goal, inputs, old)
        if decision.op == "update":
            return await self.executor.update(decision, goal, provider, inputs, old)
        return await self._replace(decision, goal, provider, inputs, old)

    async def _replace(
        self, decision: Decision, goal: Goal, provider: Provider, inputs: dict[str, Any], old: Record
    ) -> Record:
        if old.body.get("protect") and goal.protect and not old.gone:
            raise Refused([protected(goal.urn)])
        self._replaced.add(goal.urn)
        if decision.delete_first and not old.gone:
            await self._delete_first(old)
        return await self.executor.create(decision, goal, provider, inputs, old)

    def _moved(self, old: Record, goal: Goal) -> bool:
        """Whether the resource goes to another provider, so that the old one must delete what it made."""
        before, now = urns.referenced(old.body.get("provider", ""))[0], urns.referenced(goal.provider)[0]
        if before == now:
            return now in self._replaced_providers
        return self._was.get(now) != before

    # ------------------------------------------------------------------ deletions

    async def _delete_first(self, root: Record) -> None:
        """Delete what is replaced before its replacement is made; before it, whatever cannot live without it."""
        lost, cascade = {root.urn}, []
        for record in affected(root, self._records, lambda record: record.urn not in self._taken):
            if record.managed and record.number not in self.executor.deleted and await self._falls(record, lost):
                if record.body.get("protect"):
                    raise Refused([protected(record.urn)])
                lost.add(record.urn)
                cascade.append(record)
        for record in [*reversed(cascade), root]:
            provider = await self.providers.of(record.body["provider"])
            await self.executor.delete(record, provider, replaced=True, keep=True)

    async def _falls(self, record: Record, lost: set[str]) -> bool:
        if urns.referenced(record.body.get("provider", ""))[0] in lost or record.body.get("deletedWith") in lost:
            return True
        inputs = dict(record.inputs)
        for key, needed in (record.body.get("propertyDependencies") or {}).items():
            if key in inputs and lost.intersection(needed):
                inputs[key] = UNKNOWN
        if inputs == record.inputs:
            return False
        provider = await self.providers.of(record.body["provider"])
        ignore = tuple(record.body.get("ignoreChanges") or ())
        answer = await provider.diff(record.urn, record.id, record.inputs, record.outputs, inputs, ignore)
        return bool(answer.changed and answer.replaces)

    async def finish(self) -> None:
        """The program has ended well: delete what it no longer wants. Failures are reported."""
        if self.executor.stopping:
            return
        await self._refusing("", self._settle_orphans())
        kept = self._taken | self.executor.records.keys()
        left = [record for record in self._records if record.number not in self.executor.deleted]
        unwanted = [record for record in left if record.doomed or record.urn not in kept]
        for record in self._records:  # fell with a replaced one, and the program no longer wants it
            if record.number in self.executor.deleted and record.urn not in kept:
                self.executor.forget(record)
        await self.delete(unwanted)

    async def destroy(self) -> None:
        """Delete everything that the state has, and what a run before may have begun to create."""
        try:
            await self._refusing("", self._settle_orphans())
        except Stopped:
            return
        await self.delete(list(self._records))

    async def delete(self, records: list[Record]) -> None:
        """Delete these records in order; what fails keeps what it needs alive."""
        leaving = {record.urn for record in records}

        async def work(record: Record) -> bool:
            try:
                provider = await self.providers.of(record.body["provider"]) if record.managed else None
                spared = record.body.get("deletedWith") in leaving
                await self.executor.delete(record, provider, replaced=record.doomed, spared=spared)
            except Refused as refused:
                self.executor.report.failed("delete", record.urn, refused.problems)
                return False
            except Stopped:
                return False
            return True

        await backwards(records, work)

    async def _settle_orphans(self) -> None:
        """A creation in doubt that nobody wants any more is repeated, which finds it, so that it can be deleted."""
        for operation in self.executor.orphans():
            body = operation.body
            old = next((record for record in self._records if record.number == operation.record), None)
            goal = Goal(
                body["urn"], body["type"], urns.name(body["urn"]), custom=True, inputs=body.get("inputs") or {},
                provider=body.get("provider", ""), parent=body.get("parent", ""),
                dependencies=tuple(body.get("dependencies") or ()),
            )  # fmt: skip
            provider = await self.providers.of(goal.provider)
            decision = Decision("create", ("pending",))
            record = await self.executor.create(
                decision, goal, provider, goal.inputs, old if old and old.gone else None
            )
            del self.executor.records[record.urn]
            if old is None or not old.gone:
                self._records.append(record)
            else:
                self._records[self._records.index(old)] = record

    # ------------------------------------------------------------------ endings

    def _go_on(self) -> None:
        if self.executor.stopping:
            raise Stopped

    async def _refusing(self, where: str, work: Awaitable[Any]) -> Any:
        try:
            return await work
        except Refused as refused:
            for problem in refused.problems:
                self.executor.report.problem(problem if problem.where else replace(problem, where=where))
            self.executor.stop()
            raise Stopped from refused


async def _refused(problem: Problem) -> None:
    raise Refused([problem])


def _reply(record: Record, id: str, *, with_outputs: bool = True) -> wire.RegisterResourceResponse:
    reply = wire.RegisterResourceResponse(urn=record.urn, id=id)
    to_struct(record.outputs if with_outputs else {}, reply.object)
    return reply
