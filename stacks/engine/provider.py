"""A provider in this process: the object that a plugin folder would serve, asked through its own servicer.

A plugin folder's `__main__.py` is run with `server.main` intercepted, so that a folder which the stock CLI can start is
all that is needed; whatever it hands to `server.main` is the provider. Asking through the servicer keeps protobuf's
semantics equal to the stock engine's.
"""

from __future__ import annotations

import runpy
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn

import grpc
from pulumi.provider.experimental import server
from pulumi.runtime.proto import provider_pb2 as wire

from inventory.problems import Problem, Refused, refuse
from stacks.engine import urns
from stacks.engine.steps import Answer
from stacks.engine.values import clear, contains, from_struct, is_unknown, like, to_struct, without_references

_REPLACES = (wire.PropertyDiff.ADD_REPLACE, wire.PropertyDiff.DELETE_REPLACE, wire.PropertyDiff.UPDATE_REPLACE)
_INTERNAL = ("version", "pluginDownloadURL", "__internal")

Values = dict[str, Any]


class _Aborted(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


class _Context:
    """What a servicer may do with a call besides answering it."""

    async def abort(self, code: grpc.StatusCode, details: str = "") -> NoReturn:
        raise _Aborted(code, details)

    def set_code(self, code: grpc.StatusCode) -> None: ...

    def set_details(self, details: str) -> None: ...


_CONTEXT: Any = _Context()


def load(folder: Path) -> server.ProviderServicer:
    """The servicer of a plugin folder. Refused where its `__main__.py` serves no provider."""
    found: list[server.ProviderServicer] = []

    def capture(args: list[str], version: str, provider: Any) -> None:
        found.append(server.ProviderServicer(args, version, provider, engine_address=""))

    original, server.main = server.main, capture
    try:
        runpy.run_path(str(folder / "__main__.py"), run_name="__main__")
    finally:
        server.main = original
    if not found:
        raise refuse(
            "engine.no-provider",
            f"{folder} 的 __main__.py 没有调用 pulumi.provider.experimental.server.main",
            f"the __main__.py of {folder} does not call pulumi.provider.experimental.server.main",
        )
    return found[0]


class Provider:
    """One configured provider, as one provider resource of the program stands for it."""

    def __init__(self, package: str, servicer: server.ProviderServicer, inputs: Values) -> None:
        self.package, self.inputs = package, inputs
        self._servicer = servicer
        self._config = wire.ConfigureResponse()
        self._known = True

    async def check_config(self, urn: str, olds: Values, news: Values) -> Values:
        """Inputs of the provider resource as the provider wants them. Refused where it does not want them at all."""
        request = wire.CheckRequest(urn=urn, name=urns.name(urn), type=urns.type_of(urn))
        to_struct(olds, request.olds)
        to_struct(news, request.news)
        try:
            reply = await self._ask(urn, self._servicer.CheckConfig(request, _CONTEXT))
        except NotImplementedError:
            return news
        _accepted(urn, reply)
        return from_struct(reply.inputs) if reply.HasField("inputs") else news

    async def diff_config(self, urn: str, old_inputs: Values, old_outputs: Values, news: Values) -> bool:
        """Whether the change of the provider's own inputs replaces it, and with it all that it made."""
        request = wire.DiffRequest(urn=urn, name=urns.name(urn), type=urns.type_of(urn))
        to_struct(old_inputs, request.old_inputs)
        to_struct(old_outputs, request.olds)
        to_struct(news, request.news)
        try:
            return bool((await self._ask(urn, self._servicer.DiffConfig(request, _CONTEXT))).replaces)
        except NotImplementedError:
            return False

    async def configure(self, urn: str, id: str, inputs: Values) -> None:
        """Ready it. With unknown inputs, as a preview may have them, it is not asked anything afterwards."""
        self.inputs = inputs
        if contains(inputs, is_unknown):
            self._known = False
            self._config = wire.ConfigureResponse(acceptSecrets=True, acceptResources=True)
            return
        args = {key: value for key, value in inputs.items() if key not in _INTERNAL}
        request = wire.ConfigureRequest(
            acceptSecrets=True, acceptResources=True, sends_old_inputs=True, sends_old_inputs_to_delete=True,
            id=id, urn=urn, name=urns.name(urn), type=urns.type_of(urn),
        )  # fmt: skip
        to_struct(args, request.args)
        for key, value in clear(args).items():
            request.variables[f"{self.package}:config:{key}"] = str(value)
        self._config = await self._ask(urn, self._servicer.Configure(request, _CONTEXT))

    async def check(self, urn: str, olds: Values | None, news: Values, seed: bytes) -> Values:
        """Inputs as the provider wants them. Refused with its reasons, one problem a property."""
        if not self._known:
            return news
        request = wire.CheckRequest(urn=urn, randomSeed=seed, name=urns.name(urn), type=urns.type_of(urn))
        self._fill(request.olds, olds or {})
        self._fill(request.news, news)
        reply = await self._ask(urn, self._servicer.Check(request, _CONTEXT))
        _accepted(urn, reply)
        return self._outputs(reply.inputs, news)

    async def diff(
        self, urn: str, id: str, old_inputs: Values, old_outputs: Values, news: Values, ignore: tuple[str, ...]
    ) -> Answer:
        """What the provider makes of the difference between what is there and what is wanted."""
        if not self._known:
            return Answer(changed=None)
        request = wire.DiffRequest(id=id, urn=urn, ignoreChanges=ignore, name=urns.name(urn), type=urns.type_of(urn))
        self._fill(request.olds, old_outputs)
        self._fill(request.news, news)
        self._fill(request.old_inputs, old_inputs)
        reply = await self._ask(urn, self._servicer.Diff(request, _CONTEXT))
        detailed = {path: change.kind for path, change in reply.detailedDiff.items()}
        replaces = [*reply.replaces, *(path for path, kind in detailed.items() if kind in _REPLACES)]
        changed = {wire.DiffResponse.DIFF_NONE: False, wire.DiffResponse.DIFF_SOME: True}.get(reply.changes)
        return Answer(
            changed, tuple(dict.fromkeys(replaces)), reply.deleteBeforeReplace, tuple(detailed) or tuple(reply.diffs)
        )

    async def create(self, urn: str, inputs: Values, timeout: float, *, preview: bool) -> tuple[str, Values]:
        """(id, outputs); in a preview the id is "" and outputs that are not known yet are missing or unknown."""
        if preview and not self._previews:
            return "", dict(inputs)
        request = wire.CreateRequest(
            urn=urn, timeout=timeout, preview=preview, name=urns.name(urn), type=urns.type_of(urn)
        )
        self._fill(request.properties, inputs)
        reply = await self._ask(urn, self._servicer.Create(request, _CONTEXT))
        if not reply.id and not preview:
            raise _failed(urn, "the provider returned no id", "驱动没有返回标识")
        return "" if preview else reply.id, self._outputs(reply.properties, inputs)

    async def update(
        self,
        urn: str,
        old: tuple[str, Values, Values],
        inputs: Values,
        timeout: float,
        ignore: tuple[str, ...],
        *,
        preview: bool,
    ) -> Values:
        """Outputs after the update; `old` is (id, inputs, outputs)."""
        id, old_inputs, old_outputs = old
        if preview and not self._previews:
            return dict(inputs)
        request = wire.UpdateRequest(
            id=id,
            urn=urn,
            timeout=timeout,
            ignoreChanges=ignore,
            preview=preview,
            name=urns.name(urn),
            type=urns.type_of(urn),
        )
        self._fill(request.olds, old_outputs)
        self._fill(request.news, inputs)
        self._fill(request.old_inputs, old_inputs)
        reply = await self._ask(urn, self._servicer.Update(request, _CONTEXT))
        return self._outputs(reply.properties, inputs)

    async def delete(self, urn: str, id: str, inputs: Values, outputs: Values, timeout: float) -> None:
        request = wire.DeleteRequest(id=id, urn=urn, timeout=timeout, name=urns.name(urn), type=urns.type_of(urn))
        self._fill(request.properties, outputs)
        self._fill(request.old_inputs, inputs)
        await self._ask(urn, self._servicer.Delete(request, _CONTEXT))

    async def read(self, urn: str, id: str, inputs: Values, outputs: Values) -> tuple[str, Values, Values]:
        """(id, inputs, outputs) of what is there now; id "" where it is gone."""
        request = wire.ReadRequest(id=id, urn=urn, name=urns.name(urn), type=urns.type_of(urn))
        self._fill(request.properties, outputs)
        self._fill(request.inputs, inputs)
        reply = await self._ask(urn, self._servicer.Read(request, _CONTEXT))
        found = self._outputs(reply.inputs, inputs) if reply.HasField("inputs") and reply.inputs.fields else inputs
        return reply.id, found, self._outputs(reply.properties, inputs)

    @property
    def _previews(self) -> bool:
        return self._known and self._config.supportsPreview

    def _fill(self, struct: Any, values: Values) -> None:
        if not self._config.acceptSecrets:
            values = clear(values)
        if not self._config.acceptResources:
            values = without_references(values)
        to_struct(values, struct)

    def _outputs(self, struct: Any, inputs: Values) -> Values:
        outputs = from_struct(struct)
        return outputs if self._config.acceptSecrets else like(outputs, inputs)

    async def _ask(self, urn: str, call: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await call
        except (NotImplementedError, Refused):
            raise
        except Exception as error:
            raise _translated(urn, error) from error


def _accepted(urn: str, reply: wire.CheckResponse) -> None:
    if reply.failures:
        raise Refused(
            Problem(
                "provider.check", f"属性不被接受:{f.reason}", f.reason, f"{urns.name(urn)}.{f.property}".rstrip(".")
            )
            for f in reply.failures
        )


def _translated(urn: str, error: BaseException) -> Refused:
    """The servicer wraps what a provider raises in a traceback's text; the original is still behind it."""
    original: BaseException | None = error
    while original is not None:
        if isinstance(original, Refused):
            return original
        problem = getattr(original, "problem", None)
        if isinstance(problem, Problem):
            where = problem.where or urns.name(urn)
            return Refused(
                [Problem(problem.code, problem.zh, problem.en, where, problem.file, problem.line, problem.col)]
            )
        error, original = original, original.__cause__ or original.__context__
    return _failed(urn, str(error) or type(error).__name__)


def _failed(urn: str, en: str, zh: str = "") -> Refused:
    return refuse("provider.failed", zh or f"驱动报错:{en}", en, where=urns.name(urn))
