"""The package `pulumi` itself: references to other stacks, stashes, and the functions that read them.

It stands where a plugin's servicer stands, so that these are resources like others. In: protobuf requests. Out: replies.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as wire

from inventory import urns
from inventory.problems import refuse
from stacks.engine.records import Record
from stacks.engine.values import contains, from_struct, is_secret, to_struct

PACKAGE = "pulumi"
_ARGUMENT = {urns.REFERENCE: "name", urns.STASH: "input"}

Outputs = Callable[[str], Awaitable[dict[str, Any]]]
"""stack → its outputs, secrets marked"""


class Builtin:
    """`records` are those of the run, by URN; `outputs` reads another stack."""

    def __init__(self, outputs: Outputs, records: Mapping[str, Record]) -> None:
        self._outputs, self._records = outputs, records

    async def CheckConfig(self, request: wire.CheckRequest, context: Any) -> wire.CheckResponse:
        return wire.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: wire.DiffRequest, context: Any) -> wire.DiffResponse:
        return wire.DiffResponse(changes=wire.DiffResponse.DIFF_NONE)

    async def Configure(self, request: wire.ConfigureRequest, context: Any) -> wire.ConfigureResponse:
        return wire.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    async def Check(self, request: wire.CheckRequest, context: Any) -> wire.CheckResponse:
        argument = _argument(request.type)
        failures = [
            wire.CheckFailure(property=key, reason=f"unknown property {key!r}")
            for key in request.news.fields
            if key != argument
        ]
        if argument not in request.news.fields:
            failures.append(wire.CheckFailure(property=argument, reason=f"missing required property {argument!r}"))
        return wire.CheckResponse(inputs=request.news, failures=failures)

    async def Diff(self, request: wire.DiffRequest, context: Any) -> wire.DiffResponse:
        argument = _argument(request.type)
        if from_struct(request.old_inputs).get(argument) == from_struct(request.news).get(argument):
            return wire.DiffResponse(changes=wire.DiffResponse.DIFF_NONE)
        replaces = [argument] if request.type == urns.REFERENCE else []
        return wire.DiffResponse(changes=wire.DiffResponse.DIFF_SOME, replaces=replaces, diffs=[argument])

    async def Create(self, request: wire.CreateRequest, context: Any) -> wire.CreateResponse:
        inputs = from_struct(request.properties)
        if request.type == urns.REFERENCE:
            made = await self._reference(inputs["name"])
        else:
            made = {"input": inputs["input"], "output": inputs["input"]}
        return wire.CreateResponse(id="" if request.preview else str(uuid.uuid4()), properties=to_struct(made))

    async def Update(self, request: wire.UpdateRequest, context: Any) -> wire.UpdateResponse:
        kept = from_struct(request.olds).get("output")
        return wire.UpdateResponse(properties=to_struct({"input": from_struct(request.news)["input"], "output": kept}))

    async def Delete(self, request: wire.DeleteRequest, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    async def Read(self, request: wire.ReadRequest, context: Any) -> wire.ReadResponse:
        inputs = from_struct(request.inputs)
        if not inputs:
            raise refuse(
                "engine.import-builtin",
                f"{request.type} 不能导入:请在程序中直接声明",
                f"{request.type} cannot be imported: declare it in the program",
                where=request.name,
            )
        state = await self._reference(inputs["name"]) if request.type == urns.REFERENCE else None
        properties = to_struct(state) if state is not None else request.properties
        return wire.ReadResponse(id=request.id, inputs=request.inputs, properties=properties)

    async def Invoke(self, request: wire.InvokeRequest, context: Any) -> wire.InvokeResponse:
        args = from_struct(request.args)
        if request.tok == "pulumi:pulumi:readStackOutputs":
            found = await self._reference(args["name"])
        elif request.tok == "pulumi:pulumi:getResource":
            record = self._records.get(args["urn"])
            if record is None:
                raise refuse("engine.no-resource", f"没有资源 {args['urn']}", f"there is no resource {args['urn']}")
            found = {
                "urn": record.urn, "id": record.id, "provider": record.body.get("provider", ""), "state": record.outputs
            }  # fmt: skip
        else:
            raise refuse("engine.no-function", f"没有函数 {request.tok}", f"there is no function {request.tok}")
        reply = wire.InvokeResponse()
        to_struct(found, getattr(reply, "return"))
        return reply

    async def _reference(self, name: str) -> dict[str, Any]:
        outputs = await self._outputs(name)
        names = sorted(key for key, value in outputs.items() if contains(value, is_secret))
        return {"name": name, "outputs": outputs, "secretOutputNames": names}


def _argument(type_: str) -> str:
    if type_ not in _ARGUMENT:
        raise refuse("engine.no-type", f"没有资源类型 {type_}", f"there is no resource type {type_}")
    return _ARGUMENT[type_]
