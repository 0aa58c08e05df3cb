"""The engine that a plugin process may call back: its log lines go to the reporter, the root resource is told."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from stacks.engine.events import Reporter

_LEVELS = {engine_pb2.INFO: "plugin.info", engine_pb2.WARNING: "plugin.warning", engine_pb2.ERROR: "plugin.error"}
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 400 * 1024 * 1024))


class Engine(engine_pb2_grpc.EngineServicer):
    """Pulumi's Engine service on the loopback, begun when somebody first needs its address."""

    def __init__(self, report: Reporter) -> None:
        self._report, self.root = report, ""
        self._begun: asyncio.Task[str] | None = None
        self._server: Any = None

    async def address(self) -> str:
        """`127.0.0.1:<port>`"""
        if self._begun is None:
            self._begun = asyncio.ensure_future(self._begin())
        return await asyncio.shield(self._begun)

    async def close(self) -> None:
        if self._server is not None:
            await self._server.stop(None)

    async def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:
        level = _LEVELS.get(request.severity)
        if level and not request.ephemeral:  # ephemeral ones only replace one another on a terminal
            self._report.log(level, request.message)
        return empty_pb2.Empty()

    async def GetRootResource(self, request: Any, context: Any) -> engine_pb2.GetRootResourceResponse:
        return engine_pb2.GetRootResourceResponse(urn=self.root)

    async def SetRootResource(
        self, request: engine_pb2.SetRootResourceRequest, context: Any
    ) -> engine_pb2.SetRootResourceResponse:
        self.root = request.urn
        return engine_pb2.SetRootResourceResponse()

    async def RequirePulumiVersion(self, request: Any, context: Any) -> engine_pb2.RequirePulumiVersionResponse:
        return engine_pb2.RequirePulumiVersionResponse()

    async def _begin(self) -> str:
        self._server = grpc.aio.server(options=_OPTIONS)
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        return f"127.0.0.1:{port}"
