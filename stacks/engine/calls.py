"""The SDK's calls to its monitor, answered on the program's own loop instead of in threads.

The SDK hands every call to the loop's default executor and waits for a thread to bring the answer. In one process that
thread only waits for the loop again. So the executor that the loop is given runs such a call at once: the monitor
starts the work as a task and raises `Later`; when the task is done the same call is made again and finds its answer.
Anything else (a provider's `asyncio.to_thread`, a program's own work) goes to real threads, and a monitor that is called
from a thread, whatever the reason, answers there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from pulumi.runtime import _context

from stacks.engine.reads import on_behalf

_WRAPPED = _context.__name__
"""module of the functions that the SDK wraps its calls in"""


class Later(Exception):
    """The answer is not there yet: the task will have it."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        super().__init__()
        self.task = task


class Calls(ThreadPoolExecutor):
    """Default executor of a program's loop. `threads` is how many of a provider's blocking calls run at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="work")
        self._loop, self._home = loop, threading.get_ident()
        self._answer: asyncio.Task[Any] | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Overrides the executor's: a call of the SDK begins here and now, on the loop."""
        if getattr(fn, "__module__", None) != _WRAPPED or threading.get_ident() != self._home:
            return super().submit(fn, *args, **kwargs)
        answer: asyncio.Future[Any] | Future[Any] = self._loop.create_future()
        self._try(fn, answer)
        return answer

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """What the monitor calls: the answer of the work, or Later. Blocks only in a thread that is not the loop's."""
        if threading.get_ident() != self._home:
            return asyncio.run_coroutine_threadsafe(_behalf(work), self._loop).result()
        if self._answer is not None:
            task, self._answer = self._answer, None
            return task.result()
        raise Later(self._loop.create_task(work(), context=on_behalf()))

    def _try(self, fn: Callable[[], Any], answer: Any) -> None:
        try:
            result = fn()
        except Later as later:
            later.task.add_done_callback(lambda task: self._again(fn, answer, task))
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(result)

    def _again(self, fn: Callable[[], Any], answer: Any, task: asyncio.Task[Any]) -> None:
        if answer.done() or task.cancelled():
            answer.cancel()
            return
        self._answer = task
        try:
            self._try(fn, answer)
        finally:
            self._answer = None


async def _behalf(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return await asyncio.get_running_loop().create_task(work(), context=on_behalf())
