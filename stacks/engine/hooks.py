"""Resource hooks: functions of the program that run before and after a step, or decide whether a failed one is tried
again.

In: what the SDK registers, and for each step the record before and after. Out: nothing, or a refusal with the hook's own
words; for an error hook whether to try again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from pulumi.runtime.proto import resource_pb2 as wire

from inventory import urns
from inventory.problems import Problem, Refused, refuse
from stacks.engine.callbacks import Callbacks
from stacks.engine.events import Reporter
from stacks.engine.records import Body
from stacks.engine.values import to_struct

KINDS = {
    "before_create": "BeforeCreate", "after_create": "AfterCreate", "before_update": "BeforeUpdate",
    "after_update": "AfterUpdate", "before_delete": "BeforeDelete", "after_delete": "AfterDelete", "on_error": "OnError",
}  # fmt: skip
"""field of a binding → how the state spells it"""
Reply = TypeVar("Reply")
MOST = 100
"""tries of one step"""


def bound(binding: wire.RegisterResourceRequest.ResourceHooksBinding) -> dict[str, list[str]]:
    """kind, as the state spells it → names of hooks."""
    return {kind: list(names) for field, kind in KINDS.items() if (names := getattr(binding, field))}


class Hooks:
    """The hooks of one run."""

    def __init__(self, callbacks: Callbacks, report: Reporter, *, preview: bool) -> None:
        self._callbacks, self._report, self._preview = callbacks, report, preview
        self._hooks: dict[str, wire.RegisterResourceHookRequest | wire.RegisterErrorHookRequest] = {}

    def register(self, request: wire.RegisterResourceHookRequest | wire.RegisterErrorHookRequest) -> None:
        """Refused where the name is taken."""
        if not request.name or request.name in self._hooks:
            raise refuse(
                "engine.hook-name",
                f"hook 的名称“{request.name}”为空或重复:每个 hook 要有自己的名称",
                f"the hook's name '{request.name}' is empty or taken: give every hook a name of its own",
                where=request.name,
            )
        self._hooks[request.name] = request

    async def run(self, kind: str, body: Body, old: Body | None, new: Body | None) -> None:
        """Run the hooks of a kind that `body` names, in order. `old` and `new`: the record before and after the step,
        outputs only where they are there already. Refused where one fails that must not."""
        for name in (body.get("resourceHooks") or {}).get(kind, ()):
            hook = self._named(name, body)
            assert isinstance(hook, wire.RegisterResourceHookRequest)
            if self._preview and not hook.on_dry_run:
                continue
            request = wire.ResourceHookRequest(
                urn=body["urn"], id=body.get("id", ""), name=urns.name(body["urn"]), type=body["type"]
            )
            _fill(request, old, new)
            if new is not None and "outputs" in new and kind.startswith("After"):
                request.new_outputs.CopyFrom(to_struct(new["outputs"]))
            problem = await self._asked(hook, request, body)
            if problem and hook.ignore_errors:
                self._report.log("program.warning", f"{kind} {name}: {problem.en}")
            elif problem:
                raise Refused([problem])

    async def trying(
        self, op: str, body: Body, old: Body | None, new: Body | None, work: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """What the work returns; a failure is tried again for as long as an error hook wants that."""
        names = (body.get("resourceHooks") or {}).get("OnError", ())
        errors: list[str] = []
        while True:
            try:
                return await work()
            except Refused as refused:
                errors.insert(0, "; ".join(problem.en for problem in refused.problems))
                if len(errors) >= MOST or not await self._again(names, op, body, old, new, errors):
                    raise
                self._report.log("program.warning", f"{op} {urns.name(body['urn'])}: {len(errors)}/{MOST}")

    async def _again(
        self, names: Any, op: str, body: Body, old: Body | None, new: Body | None, errors: list[str]
    ) -> bool:
        again = False
        for name in names:
            hook = self._named(name, body)
            request = wire.ErrorHookRequest(
                urn=body["urn"], id=body.get("id", ""), name=urns.name(body["urn"]), type=body["type"],
                failed_operation=op, errors=errors,
            )  # fmt: skip
            _fill(request, old, new)
            reply = await self._callbacks.call(hook.callback, request, wire.ErrorHookResponse, urns.name(body["urn"]))
            if reply.error:
                raise Refused([_failed(name, reply.error, body)])
            again = again or reply.retry
        return again

    async def _asked(self, hook: Any, request: Any, body: Body) -> Problem | None:
        where = urns.name(body["urn"])
        try:
            reply = await self._callbacks.call(hook.callback, request, wire.ResourceHookResponse, where)
        except Refused as refused:
            return replace(refused.problems[0], where=where)
        return _failed(hook.name, reply.error, body) if reply.error else None

    def _named(self, name: str, body: Body) -> Any:
        if name not in self._hooks:
            raise refuse(
                "engine.hook-missing",
                f"程序没有登记 hook“{name}”:删除时的 hook 需要运行程序(destroy --run-program),或先从资源中去掉它",
                f"the program has not registered the hook '{name}': hooks around a deletion need the program "
                "(destroy --run-program), or take the hook off the resource first",
                where=urns.name(body["urn"]),
            )
        return self._hooks[name]


def _failed(name: str, text: str, body: Body) -> Problem:
    return Problem(
        "program.hook", f"hook“{name}”失败:{text}", f"the hook '{name}' failed: {text}", urns.name(body["urn"])
    )


def _fill(request: Any, old: Body | None, new: Body | None) -> None:
    if old is not None:
        request.old_inputs.CopyFrom(to_struct(old.get("inputs") or {}))
        request.old_outputs.CopyFrom(to_struct(old.get("outputs") or {}))
        request.old_options.CopyFrom(_options(old))
    if new is not None:
        request.new_inputs.CopyFrom(to_struct(new.get("inputs") or {}))
        request.new_options.CopyFrom(_options(new))


def _options(body: Body) -> wire.ResourceOptions:
    """What the state holds of a resource's options."""
    options = wire.ResourceOptions(
        depends_on=body.get("dependencies"), ignore_changes=body.get("ignoreChanges"),
        replace_on_changes=body.get("replaceOnChanges"), provider=body.get("provider", ""),
        deleted_with=body.get("deletedWith", ""), replace_with=body.get("replaceWith"), parent=body.get("parent", ""),
        additional_secret_outputs=body.get("additionalSecretOutputs"), protect=bool(body.get("protect")),
        retain_on_delete=bool(body.get("retainOnDelete")),
    )  # fmt: skip
    setattr(options, "import", body.get("importID", ""))
    for urn in body.get("aliases") or ():
        options.aliases.add(urn=urn)
    for field, kind in KINDS.items():
        getattr(options.hooks, field).extend((body.get("resourceHooks") or {}).get(kind, ()))
    for key, seconds in (body.get("customTimeouts") or {}).items():
        setattr(options.custom_timeouts, key, f"{seconds}s")
    return options
