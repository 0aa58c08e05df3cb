"""The two objects that the SDK talks to instead of gRPC stubs: the resource monitor and the engine.

Their methods take and give the SDK's own messages. An error must be a `grpc.RpcError` with `code()` and `details()`:
UNAVAILABLE tells the SDK that the run is ending, and its reason has been reported already.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from inventory import urns
from inventory.problems import Problem, Refused
from stacks.engine.calls import Calls
from stacks.engine.deployment import Deployment
from stacks.engine.events import Reporter
from stacks.engine.flight import Stopped
from stacks.engine.goals import unsupported

_FEATURES = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "outputValues": resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    "replaceWith": resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    "replacementTrigger": resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    "transforms": resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    "invokeTransforms": resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    "resourceHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    "errorHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    "sendsOptionsToHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_SENDS_OPTIONS_TO_HOOKS,
}
"""what the SDK may ask of this engine; it falls back, or refuses with a sentence, where something is missing"""
_LEVELS = {engine_pb2.INFO: "program.info", engine_pb2.WARNING: "program.warning", engine_pb2.ERROR: "program.error"}


class Ending(grpc.RpcError):
    """What the SDK gets to hear instead of an answer."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


class Monitor:
    """The resource monitor of one program's run. `finish` is awaited when the program has ended well."""

    def __init__(
        self,
        calls: Calls,
        deployment: Deployment,
        info: resource_pb2.DeploymentInfo,
        finish: Callable[[], Awaitable[None]],
    ) -> None:
        self._calls, self._deployment, self._info, self._finish = calls, deployment, info, finish

    def GetDeploymentInfo(self, request: Any) -> resource_pb2.DeploymentInfo:
        return self._info

    def SupportsFeature(self, request: resource_pb2.SupportsFeatureRequest) -> resource_pb2.SupportsFeatureResponse:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        return self._calls.run(lambda: _ended(self._deployment.register(request)))

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:
        return self._calls.run(lambda: _ended(self._empty(self._deployment.register_outputs(request))))

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        return self._calls.run(lambda: _ended(self._deployment.read(request)))

    def SignalAndWaitForShutdown(self, request: Any) -> empty_pb2.Empty:
        return self._calls.run(lambda: _ended(self._empty(self._finish())))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        return self._calls.run(lambda: _ended(self._deployment.invoke(request)))

    def ExistsResource(self, request: resource_pb2.ExistsResourceRequest) -> resource_pb2.ExistsResourceResponse:
        return self._calls.run(lambda: _ended(self._exists(request)))

    def RegisterStackTransform(self, request: Any) -> empty_pb2.Empty:
        self._deployment.transforms.register_stack(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> empty_pb2.Empty:
        self._deployment.transforms.register_invoke(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> empty_pb2.Empty:
        try:
            self._deployment.executor.hooks.register(request)
        except Refused as refused:
            self._end(refused.problems)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> empty_pb2.Empty:
        return self.RegisterResourceHook(request)

    def RegisterPackage(self, request: Any) -> Any:
        self._end([unsupported(request.name, "parameterized packages")])

    def Call(self, request: Any) -> Any:
        self._end([unsupported(request.tok, "method calls")])

    def _end(self, problems: Iterable[Problem]) -> NoReturn:
        for problem in problems:
            self._deployment.executor.report.problem(problem)
        self._deployment.flight.stop()
        raise Ending(grpc.StatusCode.UNAVAILABLE, "the run is ending")

    async def _exists(self, request: resource_pb2.ExistsResourceRequest) -> resource_pb2.ExistsResourceResponse:
        there = await self._deployment.refusing(request.type, self._deployment.exists(request))
        return resource_pb2.ExistsResourceResponse(exists=there)

    async def _empty(self, work: Awaitable[None]) -> empty_pb2.Empty:
        await work
        return empty_pb2.Empty()


async def _ended(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except Stopped:
        raise Ending(grpc.StatusCode.UNAVAILABLE, "the run is ending") from None
    except Refused as refused:
        raise Ending(grpc.StatusCode.UNKNOWN, str(refused)) from refused


class Engine:
    """What the SDK tells beside its resources: log lines, the root resource. Debug lines are dropped unread."""

    def __init__(self, report: Reporter) -> None:
        self._report, self._root = report, ""

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:
        level = _LEVELS.get(request.severity)
        if level:
            self._report.log(level, request.message)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any) -> engine_pb2.GetRootResourceResponse:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: engine_pb2.SetRootResourceRequest) -> engine_pb2.SetRootResourceResponse:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any) -> engine_pb2.RequirePulumiVersionResponse:
        return engine_pb2.RequirePulumiVersionResponse()


def info(
    project: str, stack: str, config: dict[str, str], secret_keys: list[str], *, preview: bool, parallel: int
) -> resource_pb2.DeploymentInfo:
    """What the SDK asks for first."""
    return resource_pb2.DeploymentInfo(
        project=project, stack=stack, organization=urns.ORGANIZATION, config=config, configSecretKeys=secret_keys,
        dryRun=preview, parallel=parallel, supportedFeatures=_FEATURES.values(),
    )  # fmt: skip
