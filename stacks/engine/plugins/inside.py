"""A provider in this process: the object that a plugin folder would serve, asked through its own servicer.

A plugin folder's `__main__.py` is run with `server.main` intercepted, so that a folder which the stock CLI can start is
all that is needed; whatever it hands to `server.main` is the provider. Asking through the servicer keeps protobuf's
semantics equal to the stock engine's.
"""

from __future__ import annotations

import ast
import asyncio
import runpy
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import grpc
import pulumi.provider
import pulumi.provider.server
from google.protobuf import empty_pb2
from pulumi.provider.experimental import server

from inventory.problems import Refused, refuse
from stacks.engine.plugins.errors import METHODS, ProviderError, failure


class Elsewhere(Exception):
    """The folder serves a provider, but not in a way that this process could take over."""


class _Aborted(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode, details: str, metadata: Any) -> None:
        super().__init__(details)
        self.status, self.metadata = code, tuple(metadata or ())


class _Context:
    """What a servicer may do with a call besides answering it."""

    def __init__(self) -> None:
        self._code, self._details = grpc.StatusCode.UNKNOWN, ""

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Any = ()) -> NoReturn:
        raise _Aborted(code, details, trailing_metadata)

    async def abort_with_status(self, status: Any) -> NoReturn:
        raise _Aborted(status.code, status.details, getattr(status, "trailing_metadata", ()))

    def set_code(self, code: grpc.StatusCode) -> None:
        self._code = code

    def set_details(self, details: str) -> None:
        self._details = details

    def set_trailing_metadata(self, metadata: Any) -> None: ...

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def cancelled(self) -> bool:
        return False


class Inside:
    """A servicer of this process."""

    def __init__(self, servicer: Any) -> None:
        self.servicer = servicer

    def __getattr__(self, method: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if method not in METHODS:
            raise AttributeError(method)
        answer = getattr(self.servicer, method)

        async def ask(request: Any, context: Any = None) -> Any:
            try:
                reply = answer(request, _Context())
                return await reply if asyncio.iscoroutine(reply) else reply
            except (NotImplementedError, Refused):
                raise
            except Exception as error:
                raise _failure(error) from error

        return ask

    async def ready(self) -> None:
        """Nothing is to be started, and there is no handshake."""

    async def cancel(self) -> None:
        try:
            await self.Cancel(empty_pb2.Empty())
        except (NotImplementedError, ProviderError):
            return

    async def close(self) -> None: ...


def load(folder: Path) -> Inside:
    """The servicer of a plugin folder. Refused where its `__main__.py` serves no provider; Elsewhere where it does so
    in another way than through `pulumi.provider.experimental.server.main`."""
    found: list[server.ProviderServicer] = []

    def capture(args: list[str], version: str, provider: Any) -> None:
        found.append(server.ProviderServicer(args, version, provider, engine_address=""))

    with _intercepted(capture):
        try:
            runpy.run_path(str(folder / "__main__.py"), run_name="__main__")
        except SystemExit as error:
            raise Elsewhere from error
    if not found:
        raise refuse(
            "engine.no-provider",
            f"{folder} 的 __main__.py 没有调用 pulumi.provider.experimental.server.main",
            f"the __main__.py of {folder} does not call pulumi.provider.experimental.server.main",
        )
    return Inside(found[0])


def alone(folder: Path) -> bool:
    """Whether the folder's entry imports nothing that lies beside it: modules are named once a process, and there the
    program's own might be meant."""
    try:
        tree = ast.parse((folder / "__main__.py").read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return False
    return not any((folder / name).is_dir() or (folder / f"{name}.py").is_file() for name in _imported(tree))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@contextmanager
def _intercepted(capture: Callable[..., None]) -> Iterator[None]:
    def elsewhere(*args: Any, **kwargs: Any) -> NoReturn:
        raise Elsewhere

    places = [
        (server, "main", capture),
        (pulumi.provider, "main", elsewhere),
        (pulumi.provider.server, "main", elsewhere),
        (grpc, "server", elsewhere),
        (grpc.aio, "server", elsewhere),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in places]
    try:
        for module, name, stand_in in places:
            setattr(module, name, stand_in)
        yield
    finally:
        for module, name, original in before:
            setattr(module, name, original)


def _failure(error: Exception) -> ProviderError | NotImplementedError:
    """What the provider meant. The SDK's servicer puts a traceback's text in place of what was raised, and may do so
    even with an abort; the original is behind it."""
    original: BaseException | None = error
    while original is not None:
        if isinstance(original, _Aborted):
            return failure(original.status, str(original), original.metadata)
        original = original.__cause__ or original.__context__
    behind = error.__context__
    if type(error) is Exception and behind and str(error).startswith(f"{behind}:\n"):
        error = behind if isinstance(behind, Exception) else error
    return ProviderError(grpc.StatusCode.UNKNOWN, str(error) or type(error).__name__)
