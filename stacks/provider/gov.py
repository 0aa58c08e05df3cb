"""The provider: check, diff, create, read, update, delete, for every kind, through the driver that the environment
chose for it.

In: the engine's requests. Out: the kind's properties, secrets marked. Decisions are pure (`check`, `diff`); effects
go through one `Driver`, in threads of the provider's own, because drivers block. What a driver refuses reaches the
engine as its `DriverError`, whose text is a sentence in Chinese and English.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental.property_value import PropertyValue
from pydantic import ValidationError

from inventory import wording
from inventory.kinds import kind_of, kinds
from inventory.kinds.base import Kind
from stacks.drivers.base import Driver, Thing
from stacks.provider import schema
from stacks.provider.wire import Values, boxed, later, plain, unknown

VERSION = "0.1.0"
_WORKERS = 16
_ABSENT = PropertyValue(None)


class Gov(p.Provider):
    """`route`: kind → driver; by default the drivers of LIANGZHU_ENVIRONMENT, opened at the first effect."""

    def __init__(self, route: Callable[[str], Driver] | None = None) -> None:
        self._given = route
        self._executor: ThreadPoolExecutor | None = None

    async def get_schema(self, request: p.GetSchemaRequest) -> p.GetSchemaResponse:
        return p.GetSchemaResponse(schema.text(VERSION))

    async def check_config(self, request: p.CheckRequest) -> p.CheckResponse:
        return p.CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request: p.DiffRequest) -> p.DiffResponse:
        return p.DiffResponse(changes=False)

    async def configure(self, request: p.ConfigureRequest) -> p.ConfigureResponse:
        # no output values: the SDK cannot unmarshal one that is unknown; unknowns come as their marker instead
        return p.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=False
        )

    async def check(self, request: p.CheckRequest) -> p.CheckResponse:
        """Inputs with the kind's defaults filled in, or every failure at once."""
        kind = _kind(request.type)
        inputs = {key: value for key, value in request.new_inputs.items() if value.value is not None}
        late = {key for key, value in inputs.items() if unknown(value)}
        try:
            given = {key: plain(value) for key, value in inputs.items() if key not in late}
            kind.model_validate(schema.absent(kind) | given)
        except ValidationError as error:
            failures = list(_failures(kind, error, late))
            if failures:
                return p.CheckResponse(inputs=request.new_inputs, failures=failures)
        inputs = {key: boxed(value) for key, value in kind.defaults().items() if key not in inputs} | inputs
        for key in kind.secrets & inputs.keys():
            inputs[key] = inputs[key].with_secret(True)
        return p.CheckResponse(inputs=inputs)

    async def diff(self, request: p.DiffRequest) -> p.DiffResponse:
        """Old outputs against new inputs over the kind's fields; `origin` never counts. What is there and ill is to be
        updated though nothing else is wanted of it. A name is there once, so the old one goes before the new one
        comes."""
        kind = _kind(request.type)
        details: dict[str, p.PropertyDiff] = {}
        for key in kind.model_fields.keys() - {"origin", *request.ignore_changes}:
            old, new = request.old_state.get(key, _ABSENT), request.new_inputs.get(key, _ABSENT)
            if unknown(new) or plain(old) != plain(new):
                how = "ADD" if old.value is None else "DELETE" if new.value is None else "UPDATE"
                full = f"{how}_REPLACE" if key in kind.replaces else how
                details[key] = p.PropertyDiff(p.PropertyDiffKind[full], input_diff=True)
        if kind.ill and plain(request.old_state.get("status", _ABSENT)) in kind.ill:
            details["status"] = p.PropertyDiff(p.PropertyDiffKind.UPDATE, input_diff=False)
        replaces = sorted(kind.replaces & details.keys())
        return p.DiffResponse(
            changes=bool(details), replaces=replaces, delete_before_replace=bool(replaces), diffs=sorted(details),
            detailed_diff=details, stables=[] if replaces else ["name"],
        )  # fmt: skip

    async def create(self, request: p.CreateRequest) -> p.CreateResponse:
        kind = _kind(request.type)
        if request.preview:
            return p.CreateResponse("", _shown(kind, request.properties) | _later(kind))
        made = await self._run(lambda driver: driver.create(_want(kind, request.properties)), kind)
        return p.CreateResponse(made.id, _state(kind, made, request.properties, {}))

    async def update(self, request: p.UpdateRequest) -> p.UpdateResponse:
        kind = _kind(request.type)
        if request.preview:
            kept = {key: request.olds[key] for key in kind.outputs if key in request.olds}
            return p.UpdateResponse(_shown(kind, request.news) | kept)
        made = await self._run(lambda driver: driver.update(request.resource_id, _want(kind, request.news)), kind)
        return p.UpdateResponse(_state(kind, made, request.news, request.olds))

    async def read(self, request: p.ReadRequest) -> p.ReadResponse:
        """What is there now; an empty id where it is gone. Without an id it is looked for by its name, so that a
        creation in doubt can be found again."""
        kind = _kind(request.type)
        if request.resource_id:
            found = await self._run(lambda driver: driver.read(kind.kind(), request.resource_id), kind)
        else:
            found = await self._run(lambda driver: driver.find(kind.kind(), request.name), kind)
        if found is None:
            return p.ReadResponse("", {}, {})
        secret = {key: request.inputs.get(key, request.properties.get(key)) for key in kind.secrets}
        given = {key: value for key, value in secret.items() if value is not None}
        fields = kind.model_fields.keys() - {"origin"} - kind.secrets
        given |= {key: boxed(value) for key, value in found.properties.items() if key in fields and value is not None}
        inputs = dict(given)
        if "origin" in request.inputs:
            inputs["origin"] = request.inputs["origin"]
        return p.ReadResponse(found.id, _state(kind, found, given, request.properties), inputs)

    async def delete(self, request: p.DeleteRequest) -> None:
        kind = _kind(request.type)
        await self._run(lambda driver: driver.delete(kind.kind(), request.resource_id), kind)

    async def cancel(self) -> None:
        """Nothing is begun any more; what runs, runs to its end, so that its outcome is known."""
        if self._executor:
            self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, call: Callable[[Driver], Any], kind: type[Kind]) -> Any:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(_WORKERS, thread_name_prefix="driver")
        if self._given is None:
            self._given = await asyncio.to_thread(_chosen)
        driver = self._given(kind.kind())
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(call, driver))


def _chosen() -> Callable[[str], Driver]:
    from inventory import reading
    from stacks.drivers import readiness

    return readiness.opened(reading.environment(os.environ.get("LIANGZHU_ENVIRONMENT", "demo")))


def _kind(type_: str) -> type[Kind]:
    name = kind_of(type_.rpartition("$")[2])
    if name == "component":
        raise ValueError(
            f"没有 {type_} 这种资源:检查类型的拼写 / there is no resource {type_}: check its spelling [provider.type]"
        )
    return kinds()[name]


def _failures(kind: type[Kind], error: ValidationError, late: set[str]) -> list[p.CheckFailure]:
    failures = []
    for loc, code, *sentence in wording.sentences(kind, error):
        field = str(loc[0]) if loc else ""
        if field in late:
            continue  # "missing" only because it is not known yet
        hidden = ("密文的类型不对(内容不显示)", "the secret is of the wrong type (its value is not shown)")
        zh, en = hidden if field in kind.secrets else sentence
        failures.append(p.CheckFailure(wording.dotted(loc), f"{zh} / {en} [{code}]"))
    return failures


def _want(kind: type[Kind], inputs: Values) -> Thing:
    """For a driver: plain and whole, every default filled in; `origin` is left empty, because a change of it alone
    never reaches a driver and what it kept would go stale."""
    given = {key: plain(value) for key, value in inputs.items() if key in kind.model_fields and key != "origin"}
    properties = kind.model_validate(schema.absent(kind) | given).model_dump(mode="json")
    return Thing(kind.kind(), properties["name"], properties)


def _shown(kind: type[Kind], inputs: Values) -> dict[str, PropertyValue]:
    return {key: value for key, value in inputs.items() if key != "origin"}


def _later(kind: type[Kind]) -> dict[str, PropertyValue]:
    return {key: later(key in kind.secret_outputs) for key in kind.outputs}


def _state(kind: type[Kind], thing: Thing, inputs: Values, olds: Values) -> dict[str, PropertyValue]:
    """What the state keeps: the inputs, and the outputs of the driver; a secret output that the driver does not show
    again is the one of before."""
    state = _shown(kind, inputs)
    for key in kind.outputs:
        if key in thing.properties:
            state[key] = boxed(thing.properties[key], key in kind.secret_outputs)
        elif key in olds:
            state[key] = olds[key]
    return state
