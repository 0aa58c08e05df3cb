"""What the program registers for a stack, without an engine: Pulumi's own mocks take the registrations down, and
the provider checks each, as an engine would have it do."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import CheckRequest
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime.stack import run_pulumi_func

from inventory import addressing, reading
from inventory.addressing import Allocations
from inventory.estate import SECRET, Estate, Resource
from inventory.kinds import kind_of
from inventory.reading import Read
from stacks import layers
from stacks.provider.gov import Gov
from stacks.provider.wire import plain
from stacks.registering import register


@dataclass(frozen=True)
class Registered:
    """One registration: kind (`component` for a component), name, inputs as the provider's check left them (secrets
    hidden), direct dependencies (URNs), parent, and what the check found wrong."""

    kind: str
    type: str
    name: str
    inputs: dict[str, Any]
    urn: str
    dependencies: tuple[str, ...]
    parent: str
    failures: tuple[str, ...] = ()


class _Mocks(pulumi.runtime.Mocks):
    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict, None]:
        return {}, None

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ == "gov:sec/secret:Secret":
            outputs["value"] = "a-made-secret"
        if args.typ == "pulumi:pulumi:StackReference":
            outputs["outputs"] = {"endpoints": {"app": {"fqdn": "app.example"}}}
        return f"{args.name}-id", outputs


class _Monitor(pulumi_mocks.MockMonitor):
    """Notes dependencies too, which the mocks' callback does not see."""

    def __init__(self) -> None:
        super().__init__(_Mocks())
        self.seen: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        self.seen.append(
            Registered(
                kind_of(request.type), request.type, request.name, PropertyValue.unmarshal_map(request.object),
                response.urn, tuple(request.dependencies), request.parent,
            )
        )  # fmt: skip
        return response


def registered(stack: str, read: Read, allocations: Allocations) -> list[Registered]:
    """Everything that the program registers, in order. In a context of its own: Pulumi keeps its settings and the
    root stack in context variables, and a worker that is forked later would find a root stack there already."""
    return contextvars.copy_context().run(_registered, stack, read, allocations)


def _registered(stack: str, read: Read, allocations: Allocations) -> list[Registered]:
    monitor = _Monitor()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # before the mocks: they register the root stack on it
    pulumi_mocks.set_mocks(
        _Mocks(), project="liangzhu", stack=stack, preview=False, monitor=monitor, organization="organization"
    )
    try:
        loop.run_until_complete(run_pulumi_func(lambda: _program(stack, read, allocations)))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return asyncio.run(_checked(monitor.seen))


def every(read: Read) -> dict[str, list[Registered]]:
    """stack → what it registers, in the order of the stacks."""
    allocations = addressed(read)
    return {spec.name: registered(spec.name, read, allocations) for spec in layers.stacks(read)}


def estate(stacks: dict[str, list[Registered]]) -> Estate:
    """The planned graph of stacks."""
    return Estate(
        tuple(
            Resource(
                each.kind, each.name, stack, each.urn, each.inputs, each.parent, each.dependencies,
                origin=each.inputs.get("origin", ""),
            )
            for stack, seen in stacks.items()
            for each in seen
        )
    )  # fmt: skip


async def _checked(seen: list[Registered]) -> list[Registered]:
    provider, found = Gov(), []
    for each in seen:
        if each.kind == "component":
            found.append(replace(each, inputs={}))
            continue
        answer = await provider.check(CheckRequest(each.urn, {}, each.inputs, b""))
        shown = {key: SECRET if value.is_secret else plain(value) for key, value in (answer.inputs or {}).items()}
        failures = tuple(f"{failure.property}: {failure.reason}" for failure in answer.failures or ())
        found.append(replace(each, inputs=shown, failures=failures))
    return found


def _program(stack: str, read: Read, allocations: Allocations) -> None:
    register(layers.draft(stack, read, allocations))


def demo() -> Read:
    """The demo on the simulator, as shipped."""
    return reading.read("simulator")


def whole() -> Read:
    """Every shipped request."""
    read = demo()
    return replace(read, environment=read.environment.model_copy(update={"systems": ()}))


def addressed(read: Read) -> Allocations:
    """As the address step would."""
    return addressing.assign(read, Allocations())
