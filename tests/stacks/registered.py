"""What the program registers for a stack, without an engine: Pulumi's own mocks take the registrations down."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pulumi
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime.stack import run_pulumi_func

from inventory import addressing, reading
from inventory.addressing import Allocations
from inventory.kinds import kind_of
from inventory.reading import Read
from stacks import layers


@dataclass(frozen=True)
class Registered:
    """One registration: kind (`component` for a component), name, inputs, direct dependencies (URNs), parent."""

    kind: str
    type: str
    name: str
    inputs: dict[str, Any]
    urn: str
    dependencies: tuple[str, ...]
    parent: str


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
        from google.protobuf.json_format import MessageToDict

        response = super().RegisterResource(request)
        self.seen.append(
            Registered(
                kind_of(request.type), request.type, request.name, MessageToDict(request.object), response.urn,
                tuple(request.dependencies), request.parent,
            )
        )  # fmt: skip
        return response


def registered(stack: str, read: Read, allocations: Allocations) -> list[Registered]:
    """Everything that the program registers, in order."""
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
    return monitor.seen


def _program(stack: str, read: Read, allocations: Allocations) -> None:
    for key, value in layers.build(stack, read, allocations).items():
        pulumi.export(key, value)


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
