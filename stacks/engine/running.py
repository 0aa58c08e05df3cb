"""Many stacks at once: forks a worker for each as soon as all that it comes after have succeeded.

A stack that fails stops only what comes after it. Ctrl-C once, or the `stopping` event, lets what is in flight finish;
Ctrl-C twice ends the workers at once, and their journals hold what was pending.
"""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

from inventory import urns
from inventory.problems import Problem
from stacks.engine.events import Event
from stacks.engine.session import Job, Result
from stacks.engine.worker import COLLECT, Worker, died, fork

_GLANCE = 0.2
"""seconds between looks at the stopping event"""

Prepare = Callable[[str, Mapping[str, Result]], Job | Result]
"""(stack, results so far) → the job, or the result where nothing is to be done"""


class Run:
    """One run over many stacks. `observe` hears every event, in this thread."""

    def __init__(
        self,
        after: Mapping[str, tuple[str, ...]],
        prepare: Prepare,
        observe: Callable[[Event], None],
        parallel: int,
        stopping: threading.Event,
    ) -> None:
        self._after = {stack: tuple(s for s in needed if s in after) for stack, needed in after.items()}
        self._prepare, self._observe = prepare, observe
        self._parallel, self._stopping = max(1, parallel), stopping
        self._workers: dict[Any, Worker] = {}
        self._now = False
        self._told: set[int] = set()
        self.results: dict[str, Result] = {}
        self.seconds: dict[str, float] = {}
        self.skipped: dict[str, Problem | None] = {}

    @property
    def interrupted(self) -> bool:
        return self._stopping.is_set()

    def go(self) -> None:
        """Run until every stack has a result or was skipped."""
        waiting = list(self._after)
        with self._interrupts(), seldom_collecting():
            try:
                while waiting or self._workers:
                    self._skip(waiting)
                    if not self._stopping.is_set():
                        self._start(waiting)
                    self._listen()
            finally:
                for worker in self._workers.values():
                    worker.kill()
                    worker.reap()

    # ------------------------------------------------------------------ stacks

    def _start(self, waiting: list[str]) -> None:
        for stack in list(waiting):
            if len(self._workers) >= self._parallel:
                return
            if not all(self._good(needed) for needed in self._after[stack]):
                continue
            waiting.remove(stack)
            self._observe(Event(stack, "stack-started"))
            job = self._prepare(stack, self.results)
            if isinstance(job, Result):
                self._ended(stack, job, 0.0)
                continue
            worker = fork(job, list(self._workers.values()))
            self._workers[worker.pipe] = worker

    def _skip(self, waiting: list[str]) -> None:
        for stack in list(waiting):
            cause = next(
                (n for n in self._after[stack] if n in self.skipped or (n in self.results and not self._good(n))), None
            )
            if cause is None and not self._stopping.is_set():
                continue
            waiting.remove(stack)
            self.skipped[stack] = None if cause is None else _skipped(stack, cause)
            self._observe(Event(stack, "stack-skipped", message=self.skipped[stack]))

    def _good(self, stack: str) -> bool:
        result = self.results.get(stack)
        return result is not None and not result.problems and not result.interrupted

    def _ended(self, stack: str, result: Result, seconds: float, digest: str = "") -> None:
        self.results[stack], self.seconds[stack] = result, seconds
        root = next((r for r in result.resources if urns.type_of(r.urn) == urns.STACK), None)
        if root and root.properties:
            self._observe(Event(stack, "outputs", more={"outputs": root.properties}))
        what = "stack-done" if self._good(stack) else "stack-failed"
        first = result.problems[0] if result.problems else None
        more = {"digest": result.plan.digest if result.plan else digest, "version": result.version}
        self._observe(Event(stack, what, seconds=seconds, message=first, counts=dict(result.counts), more=more))

    # ------------------------------------------------------------------ workers

    def _listen(self) -> None:
        for pipe in wait(list(self._workers), _GLANCE):
            worker = self._workers[pipe]
            try:
                message = worker.pipe.recv()
            except (EOFError, OSError):
                self._lost(worker)
                continue
            if isinstance(message, Result):
                del self._workers[pipe]
                worker.reap()
                digest = worker.job.plan.digest if worker.job.plan else ""
                self._ended(worker.job.stack, message, time.monotonic() - worker.began, digest)
            else:
                for event in message:
                    self._observe(event)
        if self._stopping.is_set():
            for worker in self._workers.values():
                if self._now:
                    worker.kill()
                elif worker.pid not in self._told:
                    self._told.add(worker.pid)
                    worker.stop()

    def _lost(self, worker: Worker) -> None:
        del self._workers[worker.pipe]
        status = worker.reap()
        problems = () if self._now else (died(worker.job.stack, status),)
        self._ended(worker.job.stack, Result({}, problems, interrupted=self._now), time.monotonic() - worker.began)

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        """Ctrl-C means what the module says for as long as the run lasts; only the main thread hears it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(number: int, frame: Any) -> None:
            self._now = self._stopping.is_set()
            self._stopping.set()

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """What a run makes lives to its end: looking for garbage in it takes long and finds nothing."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _skipped(stack: str, cause: str) -> Problem:
    return Problem(
        "engine.skipped",
        f"未执行:它依赖的栈 {cause} 没有成功;修复 {cause} 后重新运行 ./lz up",
        f"not begun: the stack {cause} that it depends on did not succeed; repair {cause} and run ./lz up again",
        stack,
    )
