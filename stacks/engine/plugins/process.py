"""A provider in a process of its own, over Pulumi's gRPC protocol: unmodified stock plugins.

It is started when it is first asked, names its port on the first line that it writes, and is asked for a handshake,
which it need not know. What it writes afterwards becomes log events. `launcher` sees to it that it dies with us.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from inventory.problems import Refused, refuse
from stacks.engine.events import Reporter
from stacks.engine.plugins import launcher
from stacks.engine.plugins.answering import Engine
from stacks.engine.plugins.errors import METHODS, failure
from stacks.engine.plugins.places import Found

START, CANCEL, END = 30.0, 5.0, 3.0
"""seconds that a plugin is given to begin, to hear that the run is being stopped, and to end by itself"""
_GRACE = 1.0
"""between the end of a connection and the end of the process at its other end"""
_LINE = 64 * 1024
_OPTIONS = (("grpc.max_receive_message_length", 400 * 1024 * 1024), ("grpc.enable_http_proxy", 0))


class Process:
    """A servicer of another process."""

    def __init__(
        self, found: Found, engine: Engine, report: Reporter, environ: Mapping[str, str], folder: Path
    ) -> None:
        """`environ` is the plugin's whole environment, `folder` where it works."""
        self.found = found
        self._engine, self._report, self._environ, self._folder = engine, report, environ, folder
        self._ready: asyncio.Task[provider_pb2.ProviderHandshakeResponse | None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._channel: Any = None
        self._stub: Any = None
        self._last: deque[str] = deque(maxlen=3)
        """the last lines that it wrote"""
        self._closing = False

    def __getattr__(self, method: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if method not in METHODS:
            raise AttributeError(method)

        async def ask(request: Any, context: Any = None) -> Any:
            await self.ready()
            return await self._ask(getattr(self._stub, method), request)

        return ask

    async def ready(self) -> provider_pb2.ProviderHandshakeResponse | None:
        if self._ready is None:
            self._ready = asyncio.ensure_future(self._start())
        return await asyncio.shield(self._ready)

    async def cancel(self) -> None:
        """Tell it that the run is being stopped; what it makes of that is its own affair."""
        if self._stub is not None:
            with contextlib.suppress(grpc.RpcError):
                await self._stub.Cancel(empty_pb2.Empty(), timeout=CANCEL)

    async def close(self) -> None:
        """End it: a friendly word first, then the end of all that it has started."""
        self._closing = True
        if self._ready is not None and not self._ready.done():
            self._ready.cancel()
        if self._channel is not None:
            await self._channel.close(None)
        process = self._process
        if process is None or process.stdin is None:
            return
        if not self._ended.done():
            with contextlib.suppress(OSError):
                process.stdin.write(b"i")
                await asyncio.wait({self._ended}, timeout=END)
        process.stdin.close()
        await asyncio.wait({self._ended}, timeout=START)
        await asyncio.wait(self._tasks, timeout=_GRACE) if self._tasks else None

    # ------------------------------------------------------------------ starting

    async def _start(self) -> provider_pb2.ProviderHandshakeResponse | None:
        address = await self._engine.address()
        try:
            async with asyncio.timeout(START):
                port = self.found.port or await self._launch(address)
                self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS)
                self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
                shaken = await self._handshake(address)
                if self.found.port:
                    with contextlib.suppress(NotImplementedError):
                        await self._ask(self._stub.Attach, plugin_pb2.PluginAttach(address=address))
                return shaken
        except TimeoutError:
            if self._process and self._process.stdin:
                self._process.stdin.close()
            raise refuse(
                "engine.plugin-slow",
                f"插件 {self.found.where} 启动后 {START:.0f} 秒内没有给出端口:请单独运行它查看原因",
                f"the plugin {self.found.where} has not named its port within {START:.0f} seconds of its start: run it "
                "by itself to see why",
                where=self.found.package,
            ) from None

    async def _launch(self, address: str) -> int:
        """Its port. Refused where it ends, or says anything else first."""
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", launcher.__file__, *self.found.command, address,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**self._environ, **self.found.environment}, cwd=self._folder, start_new_session=True,
        )  # fmt: skip
        self._tasks.append(asyncio.ensure_future(self._watch(process)))
        self._tasks.append(asyncio.ensure_future(self._forward(_lines(process.stderr))))
        lines = _lines(process.stdout)
        first = await anext(lines, "")
        if not first:
            raise await self._died("engine.plugin-start", "启动时", "while it started")
        if not first.strip().isdigit() or not 0 < int(first) < 65536:
            process.stdin.close() if process.stdin else None
            raise refuse(
                "engine.plugin-port",
                f"插件 {self.found.where} 的第一行输出不是端口号:{first[:80]!r};请换用与 Pulumi 兼容的插件",
                f"the first line of the plugin {self.found.where} is no port: {first[:80]!r}; use a plugin that speaks "
                "Pulumi's protocol",
                where=self.found.package,
            )
        self._tasks.append(asyncio.ensure_future(self._forward(lines)))
        return int(first)

    async def _handshake(self, address: str) -> provider_pb2.ProviderHandshakeResponse | None:
        folder = str(self.found.folder) if self.found.folder else None
        request = provider_pb2.ProviderHandshakeRequest(
            engine_address=address, root_directory=folder, program_directory=folder, configure_with_urn=True,
            invoke_with_preview=True,
        )  # fmt: skip
        try:
            return await self._ask(lambda r: self._stub.Handshake(r, wait_for_ready=True), request)
        except NotImplementedError:
            return None

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        self._ended.set_result(await process.wait())

    async def _forward(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            if line.strip() and not self._closing:  # how it takes the end of the run is nobody's business
                self._last.append(line.strip())
                self._report.log("plugin.output", f"{self.found.package}: {line}")

    # ------------------------------------------------------------------ asking

    async def _ask(self, method: Callable[[Any], Any], request: Any) -> Any:
        call = method(request)
        answer = asyncio.ensure_future(_answered(call))
        try:
            await asyncio.wait({answer, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():  # it is gone; what it has sent before may still be on its way
                await asyncio.wait({answer}, timeout=_GRACE)
            if not answer.done():
                raise await self._died("engine.plugin-died", "在操作进行中", "in the middle of an operation")
        finally:
            if not answer.done():
                call.cancel()
        result = answer.result()
        if not isinstance(result, grpc.aio.AioRpcError):
            return result
        if result.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED) and self._process:
            await asyncio.wait({self._ended}, timeout=_GRACE)
            if self._ended.done():
                raise await self._died("engine.plugin-died", "在操作进行中", "in the middle of an operation")
        metadata = result.trailing_metadata() or ()
        raise failure(result.code(), result.details() or "", tuple((key, value) for key, value in metadata))

    async def _died(self, code: str, zh: str, en: str) -> Refused:
        await asyncio.wait({self._ended}, timeout=END)
        if not self._ended.done() and self._process and self._process.stdin:
            self._process.stdin.close()
        await asyncio.wait(self._tasks, timeout=_GRACE)
        status = self._ended.result() if self._ended.done() else 0
        how = _ending(status)
        said = " | ".join(self._last)
        return refuse(
            code,
            f"插件 {self.found.where} {zh}退出({how[0]}){f',最后输出:{said}' if said else ''};请检查该插件,然后重新运行",
            f"the plugin {self.found.where} ended {en} ({how[1]}){f'; its last words: {said}' if said else ''}; look "
            "into the plugin, then run again",
            where=self.found.package,
        )


async def _answered(call: Any) -> Any:
    """The reply, or the error as a value."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return error


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[str]:
    """The lines of a stream, however long; the last one may lack its end."""
    rest = b""
    while stream is not None and (chunk := await stream.read(_LINE)):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")


def _ending(status: int) -> tuple[str, str]:
    if status >= 0:
        return f"退出码 {status}", f"exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    return f"信号 {name}", f"signal {name}"
