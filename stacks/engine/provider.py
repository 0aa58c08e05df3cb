"""One configured provider: what is asked of its servicer, in this process or another, and what its answers mean.

Asking through the servicer's own methods keeps protobuf's semantics equal to the stock engine's. Unknown values, secrets
and references to resources reach a provider only in the forms that it says it takes.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from pulumi.runtime.proto import provider_pb2 as wire

from inventory import urns
from inventory.problems import Problem, Refused, refuse
from stacks.engine.assets import elided, restored
from stacks.engine.steps import Answer, known
from stacks.engine.values import clear, contains, from_struct, is_unknown, like, named, to_struct, without_references

_REPLACES = (wire.PropertyDiff.ADD_REPLACE, wire.PropertyDiff.DELETE_REPLACE, wire.PropertyDiff.UPDATE_REPLACE)
INTERNAL = "__internal"
"""what the engine keeps among a provider's inputs and the provider never sees"""

Values = dict[str, Any]


class Partial(Refused):
    """The thing was made, or changed, and then did not come to work: what is there, and why it does not."""

    def __init__(self, urn: str, id: str, inputs: Values | None, outputs: Values, reasons: tuple[str, ...]) -> None:
        self.id, self.inputs, self.outputs, self.reasons = id, inputs, outputs, reasons
        super().__init__(
            Problem(
                "provider.unhealthy",
                f"资源已建立或已修改,但未能正常工作:{reason};修复原因后重新运行 ./lz up,会再次尝试",
                f"it was made or changed, but does not work: {reason}; mend the cause and run ./lz up again, which tries again",
                urns.name(urn),
            )
            for reason in reasons or ("?",)
        )


class Provider:
    """One configured provider, as one provider resource of the program stands for it."""

    def __init__(self, package: str, servicer: Any, inputs: Values) -> None:
        self.package, self.inputs = package, inputs
        self._servicer = servicer
        self._config = wire.ConfigureResponse()
        self._known = True
        self.rereads: set[str] = set()
        """URNs of what it wants to be read before every update, as it said last"""

    async def check_config(self, urn: str, olds: Values, news: Values) -> Values:
        """Inputs of the provider resource as the provider wants them. Refused where it does not want them at all."""
        request = wire.CheckRequest(urn=urn, name=urns.name(urn), type=urns.type_of(urn))
        to_struct(_bare(olds), request.olds)
        to_struct(_bare(news), request.news)
        try:
            reply = await self._ask(urn, self._servicer.CheckConfig(request, None))
        except NotImplementedError:
            return news
        _accepted(urn, reply)
        if not reply.HasField("inputs"):
            return news
        kept = {key: news[key] for key in ("version", INTERNAL) if key in news}
        return kept | like(from_struct(reply.inputs), news)

    async def diff_config(
        self, urn: str, old_inputs: Values, old_outputs: Values, news: Values, ignore: tuple[str, ...] = ()
    ) -> Answer:
        """What the provider makes of a change of its own inputs; one that replaces it replaces all that it made."""
        request = wire.DiffRequest(urn=urn, ignoreChanges=ignore, name=urns.name(urn), type=urns.type_of(urn))
        to_struct(_bare(old_inputs), request.old_inputs)
        to_struct(_bare(old_outputs), request.olds)
        to_struct(_bare(news), request.news)
        try:
            answer = _answer(await self._ask(urn, self._servicer.DiffConfig(request, None)))
        except NotImplementedError:
            answer = Answer(changed=None)
        return known(answer, old_outputs, configuration(news))

    async def configure(self, urn: str, id: str, inputs: Values) -> None:
        """Ready it. With unknown inputs, as a preview may have them, it is not asked anything afterwards."""
        self.inputs = inputs
        if contains(inputs, is_unknown):
            self._known = False
            self._config = wire.ConfigureResponse(acceptSecrets=True, acceptResources=True)
            return
        args = configuration(inputs)
        request = wire.ConfigureRequest(
            acceptSecrets=True, acceptResources=True, sends_old_inputs=True, sends_old_inputs_to_delete=True,
            id=id, urn=urn, name=urns.name(urn), type=urns.type_of(urn),
        )  # fmt: skip
        to_struct(args, request.args)
        for key, value in clear(args).items():
            if key in ("version", "pluginDownloadURL"):
                continue
            request.variables[f"{self.package}:config:{key}"] = str(value)
        self._config = await self._ask(urn, self._servicer.Configure(request, None))

    async def check(self, urn: str, olds: Values | None, news: Values, seed: bytes) -> Values:
        """Inputs as the provider wants them. Refused with its reasons, one problem a property."""
        if not self._known:
            return news
        request = wire.CheckRequest(urn=urn, randomSeed=seed, name=urns.name(urn), type=urns.type_of(urn))
        self._fill(request.olds, olds or {})
        self._fill(request.news, news)
        reply = await self._ask(urn, self._servicer.Check(request, None))
        _accepted(urn, reply)
        return self._outputs(reply.inputs, news)

    async def diff(
        self, urn: str, id: str, old_inputs: Values, old_outputs: Values, news: Values, ignore: tuple[str, ...]
    ) -> Answer:
        """What the provider makes of the difference between what is there and what is wanted."""
        if not self._known:
            return Answer(changed=True)
        request = wire.DiffRequest(id=id, urn=urn, ignoreChanges=ignore, name=urns.name(urn), type=urns.type_of(urn))
        self._fill(request.olds, old_outputs, whole=False)
        self._fill(request.news, news, whole=False)
        self._fill(request.old_inputs, old_inputs, whole=False)
        return _answer(await self._ask(urn, self._servicer.Diff(request, None)))

    async def create(self, urn: str, inputs: Values, timeout: float, *, preview: bool) -> tuple[str, Values]:
        """(id, outputs); in a preview the id is "" and outputs that are not known yet are missing or unknown."""
        if preview and not self._previews:
            return "", dict(inputs) if self._known else {}
        request = wire.CreateRequest(
            urn=urn, timeout=timeout, preview=preview, name=urns.name(urn), type=urns.type_of(urn)
        )
        self._fill(request.properties, inputs)
        reply = await self._ask(urn, self._servicer.Create(request, None))
        self._reread(urn, reply)
        if not reply.id and not preview:
            raise _failed(urns.name(urn), "the provider returned no id", "驱动没有返回标识")
        return reply.id, self._outputs(reply.properties, inputs)

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
            return dict(inputs) if self._known else {}
        request = wire.UpdateRequest(
            id=id,
            urn=urn,
            timeout=timeout,
            ignoreChanges=ignore,
            preview=preview,
            name=urns.name(urn),
            type=urns.type_of(urn),
        )
        self._fill(request.olds, old_outputs, whole=False)
        self._fill(request.news, inputs)
        self._fill(request.old_inputs, old_inputs, whole=False)
        reply = await self._ask(urn, self._servicer.Update(request, None))
        self._reread(urn, reply)
        return self._outputs(reply.properties, inputs)

    async def delete(self, urn: str, id: str, inputs: Values, outputs: Values, timeout: float) -> None:
        request = wire.DeleteRequest(id=id, urn=urn, timeout=timeout, name=urns.name(urn), type=urns.type_of(urn))
        self._fill(request.properties, outputs, whole=False)
        self._fill(request.old_inputs, inputs, whole=False)
        await self._ask(urn, self._servicer.Delete(request, None))

    async def read(
        self, urn: str, id: str, inputs: Values | None = None, outputs: Values | None = None, timeout: float = 0
    ) -> tuple[str, Values | None, Values | None]:
        """(id, inputs, outputs) of what is there now; id "" and outputs None where it is gone; inputs None where the
        provider names none. Without inputs it is looked for by its id alone (import)."""
        if not self._known:
            return id, inputs, {}
        request = wire.ReadRequest(id=id, urn=urn, name=urns.name(urn), type=urns.type_of(urn))
        if outputs is not None:
            self._fill(request.properties, outputs, whole=False)
        if inputs is not None:
            self._fill(request.inputs, inputs, whole=False)
        reply = await self._ask(urn, self._servicer.Read(request, None))
        self._reread(urn, reply)
        known = inputs or {}
        found = restored(self._outputs(reply.inputs, known), known) if reply.HasField("inputs") else None
        if not reply.id:
            return "", found, None
        return reply.id, found, restored(self._outputs(reply.properties, known), known)

    async def invoke(self, token: str, args: Values, *, preview: bool) -> tuple[Values, list[tuple[str, str]]]:
        """(what the function returns, [(argument, why it is not accepted)])."""
        if not self._known:
            return {}, []
        request = wire.InvokeRequest(tok=token, preview=preview)
        self._fill(request.args, args)
        reply = await self._ask("", self._servicer.Invoke(request, None), where=token)
        return from_struct(getattr(reply, "return")), [(failure.property, failure.reason) for failure in reply.failures]

    @property
    def _previews(self) -> bool:
        return self._known and self._config.supportsPreview

    def _fill(self, struct: Any, values: Values, *, whole: bool = True) -> None:
        if not whole:
            values = elided(values)
        if not self._config.acceptSecrets:
            values = clear(values)
        values = named(values) if self._config.acceptResources else without_references(values)
        to_struct(values, struct)

    def _outputs(self, struct: Any, inputs: Values) -> Values:
        outputs = from_struct(struct)
        return outputs if self._config.acceptSecrets else like(outputs, inputs)

    def _reread(self, urn: str, reply: Any) -> None:
        (self.rereads.add if reply.refresh_before_update else self.rereads.discard)(urn)

    async def _ask(self, urn: str, call: Coroutine[Any, Any, Any], *, where: str = "") -> Any:
        try:
            return await call
        except (NotImplementedError, Refused):
            raise
        except Exception as error:
            raise self._translated(urn, error, where or urns.name(urn)) from error

    def _translated(self, urn: str, error: BaseException, where: str) -> Refused:
        """The servicer wraps what a provider raises in a traceback's text; the original is still behind it."""
        original: BaseException | None = error
        while original is not None:
            if isinstance(original, Refused):
                return original
            unhealthy = getattr(original, "init_failed", None)
            if unhealthy is not None:
                self._reread(urn, unhealthy)
                inputs = from_struct(unhealthy.inputs) if unhealthy.HasField("inputs") else None
                return Partial(urn, unhealthy.id, inputs, from_struct(unhealthy.properties), tuple(unhealthy.reasons))
            problem = getattr(original, "problem", None)
            if isinstance(problem, Problem):
                return Refused([replace(problem, where=problem.where or where)])
            error, original = original, original.__cause__ or original.__context__
        return _failed(where, str(error) or type(error).__name__)


def configuration(values: Values) -> Values:
    """A provider's inputs without what is the engine's own."""
    return {key: value for key, value in values.items() if key != INTERNAL}


def _bare(values: Values) -> Values:
    """A provider's inputs for one that has not said yet what it takes: in clear, references as ids."""
    return without_references(clear(configuration(values)))


def _answer(reply: wire.DiffResponse) -> Answer:
    details = {path: change.kind in _REPLACES for path, change in reply.detailedDiff.items()}
    changed = {wire.DiffResponse.DIFF_NONE: False, wire.DiffResponse.DIFF_SOME: True}.get(reply.changes)
    return Answer(changed, tuple(reply.replaces), reply.deleteBeforeReplace, tuple(reply.diffs), details)


def _accepted(urn: str, reply: wire.CheckResponse) -> None:
    if reply.failures:
        raise Refused(
            Problem(
                "provider.check", f"属性不被接受:{f.reason}", f.reason, f"{urns.name(urn)}.{f.property}".rstrip(".")
            )
            for f in reply.failures
        )


def _failed(where: str, en: str, zh: str = "") -> Refused:
    return refuse("provider.failed", zh or f"驱动报错:{en}", en, where=where)
