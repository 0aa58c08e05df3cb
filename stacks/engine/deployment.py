"""One run of one program on one stack: registrations come in, decisions are made, the executor carries them out.

The flow of a registration: transforms → goal (goals.py) → old record, by URN or alias → import (adopting.py) or
provider's Check → decision (steps.py, with the provider's Diff) → executor. When the program has ended, what it did not
register is deleted (ending.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pulumi.runtime.proto import resource_pb2 as wire

from inventory import urns
from inventory.problems import Problem, Refused, refuse
from stacks.engine import goals, paths, steps
from stacks.engine.adopting import adopted, missing
from stacks.engine.builtin import PACKAGE
from stacks.engine.executor import Executor, Hands, protected, reread
from stacks.engine.flight import Failed, Stopped
from stacks.engine.plans import Step
from stacks.engine.providers import Config, Providers, Registry
from stacks.engine.records import SEED, Record
from stacks.engine.replacing import Replacing
from stacks.engine.steps import Decision, Goal, Situation
from stacks.engine.targeting import Targets
from stacks.engine.transforms import Transforms
from stacks.engine.values import UNKNOWN, from_struct, to_struct, without_unknowns

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run stands on."""

    stack: str
    project: str
    folder: Path
    """the program's"""
    config: Config
    preview: bool
    version: int = 0
    """of the state, as the run found it"""


class Deployment:
    """What is known while a program runs."""

    def __init__(
        self,
        ground: Ground,
        records: list[Record],
        executor: Executor,
        registry: Registry,
        targets: Targets,
        transforms: Transforms,
    ) -> None:
        self.ground, self.executor, self.targets, self.transforms = ground, executor, targets, transforms
        self.flight = executor.flight
        self.olds = {record.urn: record for record in records if not record.doomed}
        self.records = records
        """of the state, as the run found them"""
        self.left = {record.number for record in records if record.doomed}
        """rows of what an earlier run replaced and did not come to delete"""
        self.providers = Providers(ground.config, records, registry, self._made_default, self.urn)
        self.taken: set[str] = set()
        """URNs of old records that this run has gone on from"""
        self.was: dict[str, str] = {}
        """URN of this run → the alias under which the state has it"""
        self.root = ""
        self.destroying = False
        """the program runs only so that its hooks and providers are there"""
        self.pending_outputs: dict[str, Any] | None = None
        """of the stack: recorded when everything else is done"""
        self._goals: dict[str, Goal] = {}
        self._seen: set[str] = set()
        """URNs that the program has registered or read"""
        self._replaced: set[str] = set()
        self._omitted: set[str] = set()
        """URNs that would have been created, were they targets"""
        self._families: dict[str, Mapping[str, str]] = {}
        """URN of a component → package → reference of the provider that its children use"""
        self._replacing = Replacing(self)

    # ------------------------------------------------------------------ registrations

    async def register(self, request: wire.RegisterResourceRequest) -> wire.RegisterResourceResponse:
        """A resource, component or provider. Raises Stopped where the run is ending, after the reason was reported."""
        self.flight.go_on()
        request = await self.refusing(request.name, self.transforms.registration(request))
        goal = await self.refusing(request.name, self._goal(request))
        self.transforms.remember(goal.urn, request)
        old = await self.refusing(goal.name, self._old(goal, request))
        try:
            record = await self.refusing(goal.name, self.settle(goal, old))
        except Failed:
            return wire.RegisterResourceResponse(urn=goal.urn, result=wire.Result.FAIL)
        if record is None:
            return wire.RegisterResourceResponse(urn=goal.urn, unknown=True)
        if urns.is_provider(goal.type):
            return _reply(record, record.id)
        return _reply(record, "" if record.id == UNKNOWN else record.id, with_outputs=goal.custom)

    async def register_outputs(self, request: wire.RegisterResourceOutputsRequest) -> None:
        outputs = from_struct(request.outputs)
        if request.urn == self.root or self.destroying:
            self.pending_outputs = outputs
            return
        record = self.executor.records.get(request.urn)
        if record is None:
            if request.urn in self._omitted or request.urn in self.flight.failed:
                return
            raise Stopped
        if record.urn == request.urn and record.number not in self.executor.deleted:
            self.executor.outputs(record, outputs)
            done = next((step.op for step in reversed(self.executor.steps) if step.urn == record.urn), "same")
            if done in ("create", "update", "replace"):
                kind = "AfterUpdate" if done == "update" else "AfterCreate"
                await self.executor.after(kind, done, record, self.olds.get(record.urn) if done == "update" else None)

    async def settle(self, goal: Goal, old: Record | None) -> Record | None:
        """Bring one resource to what the goal says; None where it would be new and nobody asked for it."""
        leave = self.destroying and not urns.is_provider(goal.type)
        if leave or not self.targets.included(goal.urn, goal.type, goal.needs):
            return self._untargeted(goal, old)
        hands = await self.hands(goal.type, goal.provider) if goal.custom else None
        if hands is not None and goal.import_id:
            self._unfailed(goal)
            self._asked_for(goal)
            old = await adopted(self, goal, old)
        return await self._resource(goal, old, hands)

    async def hands(self, type_: str, reference: str) -> Hands:
        """Who makes resources of this type."""
        if urns.is_provider(type_):
            return self.providers.registry
        return await self.providers.of(reference)

    # ------------------------------------------------------------------ what a registration becomes

    async def _goal(self, request: wire.RegisterResourceRequest) -> Goal:
        above = self._goals.get(request.parent)
        goal = goals.goal(request, self.ground.stack, self.ground.project, above, self.ground.folder)
        self._first(goal.urn, f"{goal.type} {goal.name}")
        if goal.type == urns.STACK:
            self.root = goal.urn
        package = urns.package(goal.type)
        family = self._families.get(request.parent, {})
        if goal.custom and not urns.is_provider(goal.type):
            reference = request.provider or request.providers.get(package) or family.get(package) or goal.provider
            reference = reference or await self.providers.default(package, request.version, request.pluginDownloadURL)
            goal = replace(goal, provider=reference)
        elif not goal.custom:
            self._families[goal.urn] = {**family, **request.providers}
            goal = replace(goal, provider="")
        self._goals[goal.urn] = goal
        self.executor.report.learn(goal.inputs)
        return goal

    def urn(self, type_: str, name: str) -> str:
        """URN of something without a parent."""
        return urns.make(self.ground.stack, self.ground.project, "", type_, name)

    def _first(self, urn: str, where: str) -> None:
        if urn in self._seen:
            raise refuse(
                "engine.duplicate",
                "程序两次登记了同一类型、同一名称的资源:请换一个名称",
                "the program registers two resources of the same type and name: give one of them another name",
                where=where,
            )
        self._seen.add(urn)

    async def _old(self, goal: Goal, request: wire.RegisterResourceRequest) -> Record | None:
        if goal.urn in self.was.values():
            raise self._alias_taken(goal.urn, goal.urn)
        old = self.olds.get(goal.urn)
        if old is None:
            for alias in goals.aliases(request, self.ground.stack, self.ground.project, self.was):
                if alias in self.olds:
                    if alias in self.taken:
                        raise self._alias_taken(goal.urn, alias)
                    old, self.was[goal.urn] = self.olds[alias], alias
                    break
        self.taken.add(old.urn if old else goal.urn)
        return old

    def _alias_taken(self, urn: str, alias: str) -> Refused:
        return refuse(
            "engine.alias",
            f"别名 {alias} 已属于另一个资源:一个旧名称只能由一个资源沿用",
            f"the alias {alias} is another resource's already: one old name can go on as one resource only",
            where=urns.name(urn),
        )

    async def _made_default(self, goal: Goal) -> Record:
        """Register a default provider."""
        old = self.olds.get(goal.urn)
        self.taken.add(goal.urn)
        self._goals[goal.urn] = goal
        return await self._resource(goal, old, self.providers.registry)

    async def _resource(self, goal: Goal, old: Record | None, hands: Hands | None) -> Record:
        """Check, decide, and do."""
        if old is not None:
            await self._replacing.over(old.urn)
        now = await self._situation(goal, old)
        if not self.ground.preview and self.flight.failed:  # what has failed left outputs that nobody knows
            goal = replace(goal, inputs=without_unknowns(goal.inputs))
        kept = goal.inputs
        if old is not None:
            for pattern in goal.ignore_changes:
                kept = paths.kept(old.inputs, kept, paths.parse(pattern))
        seed = self._seed(goal, old)
        inputs = kept
        if hands is not None:
            fresh = steps.without_olds(old, goal, now)
            olds = None if fresh or old is None else old.inputs
            inputs = await hands.check(goal.urn, olds, goal.inputs if fresh else kept, seed)
            self.executor.report.learn(inputs)
        decision = steps.without_asking(old, goal, now, inputs)
        if decision is None and old is not None and hands is not None:
            ignored = goal.ignore_changes
            answer = await hands.diff(goal.urn, old.id, old.inputs, old.outputs, inputs, ignored)
            if goal.urn in self.executor.fallen:  # it fell with something that it needs, while the provider thought
                now = replace(now, deleted=True)
            decision = steps.without_asking(old, goal, now, inputs) or steps.decide(old, goal, inputs, answer, now)
        if hands is None:
            inputs = goal.inputs  # what a component ignores decides nothing, and is recorded all the same
        self._unfailed(goal)
        self._asked_for(goal)
        if decision is None or old is None:
            return await self.executor.create(decision or Decision("create"), goal, hands, inputs, None, seed)
        if decision.op == "same":
            if urns.is_provider(goal.type) and urns.reference(goal.urn, old.id) not in self.providers.registry.ready:
                await self.providers.registry.configure(goal.urn, old.id, old.inputs)
            if goal.import_id and goal.urn in self.executor.records:
                return old
            return await self.executor.same(goal, inputs, old)
        if decision.op == "update":
            return await self.executor.update(decision, goal, hands, inputs, old)
        return await self._replace(decision, goal, hands, inputs, old, seed)

    def _unfailed(self, goal: Goal) -> None:
        """Raises Failed where something that the resource needs has failed: it is left as it is."""
        if not self.flight.failed.isdisjoint(goal.needs):
            self.flight.failed.add(goal.urn)
            raise Failed

    async def _replace(
        self, decision: Decision, goal: Goal, hands: Hands | None, inputs: dict[str, Any], old: Record, seed: bytes
    ) -> Record:
        if old.body.get("protect") and goal.protect and not decision.gone and not old.external:
            if not self.ground.preview:
                raise Refused([protected(goal.urn)])
            self.executor.report.problem(protected(goal.urn))
        if goal.import_id and not decision.gone:
            if not self.ground.preview:
                raise Refused([_imported(goal)])
            self.executor.report.problem(_imported(goal))
        self._replaced.add(goal.urn)
        if decision.afresh and hands is not None:
            inputs = await hands.check(goal.urn, None, goal.inputs, seed)
        if decision.delete_first and not decision.gone and not old.gone:
            await self._replacing.delete_first(old)
        return await self.executor.create(decision, goal, hands, inputs, old, seed)

    def _seed(self, goal: Goal, old: Record | None) -> bytes:
        """What the provider draws names from: another one for every creation, the same in a preview and in the up that
        follows it, and for one that is in doubt again what it was, so that what was made is found."""
        begun = self.executor.doubts.creation(goal.urn, old.number if old else 0)
        if begun is not None and SEED in begun.body:
            return bytes.fromhex(begun.body[SEED])
        text = f"{goal.urn}\0{old.id if old else ''}\0{self.ground.version}"
        return hashlib.sha256(text.encode()).digest()

    async def _situation(self, goal: Goal, old: Record | None) -> Situation:
        if old is None:
            return Situation()
        partner = ""
        if not self._replaced.isdisjoint(goal.replace_with):
            partner = "replaceWith"
        elif goal.deleted_with in self._replaced:
            partner = "deletedWith"
        begun = self.executor.doubts.begun
        return Situation(
            deleted=old.urn in self.executor.fallen,
            lost=begun(old, "deleting"),
            unfinished=begun(old, "updating"),
            provider_replaced=await self._moved(old, goal),
            partner_replaced=partner,
            forced=bool(self.targets.replaced) and goal.urn in self.targets.replaced,
        )

    async def _moved(self, old: Record, goal: Goal) -> bool:
        """Whether the resource goes to another provider that cannot go on with what the old one made."""
        before = old.body.get("provider", "")
        if before == goal.provider or old.external:
            return False
        if not before or not goal.provider:
            return True
        old_urn, new_urn = urns.referenced(before)[0], urns.referenced(goal.provider)[0]
        if self.was.get(new_urn) == old_urn:
            return False
        new = self.executor.records.get(new_urn)
        known = self.olds.get(old_urn)
        if new is None or known is None:
            return old_urn != new_urn
        provider = await self.providers.of(goal.provider)
        answer = await provider.diff_config(new_urn, known.inputs, known.outputs, new.inputs)
        return bool(steps.replacing(answer, ()))

    # ------------------------------------------------------------------ targets

    def _untargeted(self, goal: Goal, old: Record | None) -> Record | None:
        """Leave it as the state has it; where it would be new, leave it out."""
        if old is None:
            self._omitted.add(goal.urn)
            self.executor.steps.append(Step("same", goal.urn))
            return None
        self.executor.records[old.urn] = old
        if not self.destroying:
            self.executor.leave(old)
        return old

    def _asked_for(self, goal: Goal) -> None:
        missing = sorted(self._omitted & goal.needs)
        problems = [
            Problem(
                "engine.untargeted",
                f"它依赖尚未建立、又不在 --target 中的 {urn}:请把后者也列为目标",
                f"it depends on {urn}, which is not there yet and is no target: name that one with --target too",
                goal.name,
            )
            for urn in missing
        ]
        if problems and not self.ground.preview:
            raise Refused(problems)
        for problem in problems:
            self.executor.report.problem(problem)

    # ------------------------------------------------------------------ reads

    async def read(self, request: wire.ReadResourceRequest) -> wire.ReadResourceResponse:
        """A resource that exists and is not managed here: `Resource.get`, a stack reference."""
        self.flight.go_on()
        record = await self.refusing(request.name, self._read(request))
        reply = wire.ReadResourceResponse(urn=record.urn, id="" if record.id == UNKNOWN else record.id)
        to_struct(record.outputs, reply.properties)
        return reply

    async def _read(self, request: wire.ReadResourceRequest) -> Record:
        urn = urns.make(self.ground.stack, self.ground.project, request.parent, request.type, request.name)
        self._first(urn, f"{request.type} {request.name}")
        self.taken.add(urn)
        if request.packageRef:
            raise Refused([goals.unsupported(request.name, "parameterized packages (packageRef)")])
        package = urns.package(request.type)
        version = "" if package == PACKAGE else request.version
        reference = request.provider or await self.providers.default(package, version, request.pluginDownloadURL)
        inputs = from_struct(request.properties)
        self.executor.report.learn(inputs)
        body: dict[str, Any] = {
            "urn": urn, "custom": True, "id": request.id, "type": request.type, "inputs": inputs,
            "parent": request.parent, "external": True, "provider": reference,
            "dependencies": sorted(request.dependencies),
            "additionalSecretOutputs": list(request.additionalSecretOutputs),
        }  # fmt: skip
        if request.id != UNKNOWN:
            provider = await self.providers.of(reference)
            id, _, outputs = await provider.read(urn, request.id, inputs, inputs)
            if outputs is None:
                raise missing(request.name, request.id)
            body |= {"id": id, "outputs": outputs} | reread(provider, urn)
            self.executor.report.learn(outputs)
        body = {key: value for key, value in body.items() if value or key == "custom"}
        return self.executor.read(Record(body), self.olds.get(urn))

    async def exists(self, request: Any) -> bool:
        """Whether a resource of this id is there."""
        reference = request.provider or await self.providers.default(urns.package(request.type), request.version)
        provider = await self.providers.of(reference)
        urn = urns.make(self.ground.stack, self.ground.project, request.parent, request.type, request.id)
        inputs = from_struct(request.properties)
        return bool((await provider.read(urn, request.id, inputs, inputs))[0])

    async def invoke(self, request: wire.ResourceInvokeRequest) -> wire.ResourceInvokeResponse:
        """A function of a provider."""
        self.flight.go_on()
        return await self.refusing(request.tok, self._invoke(request))

    async def _invoke(self, request: wire.ResourceInvokeRequest) -> wire.ResourceInvokeResponse:
        request = await self.transforms.invoke(request)
        if request.packageRef:
            raise Refused([goals.unsupported(request.tok, "parameterized packages (packageRef)")])
        package = urns.package(request.tok)
        reference = request.provider or self._families.get(request.parent, {}).get(package, "")
        reference = reference or await self.providers.default(package, request.version, request.pluginDownloadURL)
        provider = await self.providers.of(reference)
        found, failures = await provider.invoke(request.tok, from_struct(request.args), preview=self.ground.preview)
        self.executor.report.learn(found)
        reply = wire.ResourceInvokeResponse()
        to_struct(found, getattr(reply, "return"))
        for property_, reason in failures:
            reply.failures.add(property=property_, reason=reason)
        return reply

    # ------------------------------------------------------------------ endings

    async def refusing(self, where: str, work: Awaitable[Found]) -> Found:
        """The result of the work. What is refused in it is reported, and ends the run."""
        try:
            return await work
        except Refused as refused:
            for problem in refused.problems:
                self.executor.report.problem(problem if problem.where else replace(problem, where=where))
            self.flight.stop()
            raise Stopped from refused


def _imported(goal: Goal) -> Problem:
    return Problem(
        "engine.import-replace",
        "程序要求的内容会替换这个导入的资源:请让程序与现有资源一致,或去掉 import",
        "what the program asks for would replace this imported resource: make the program agree with what is there, or "
        "take `import` away",
        goal.name,
    )


def _reply(record: Record, id: str, *, with_outputs: bool = True) -> wire.RegisterResourceResponse:
    reply = wire.RegisterResourceResponse(urn=record.urn, id=id)
    to_struct(record.outputs if with_outputs else {}, reply.object)
    return reply
