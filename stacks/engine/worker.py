"""One forked process a stack, from a warm parent: 50 ms instead of the 0.8 s that importing the SDK takes.

The worker dies with its parent (parent-death signal), is out of the terminal's process group, so that Ctrl-C reaches
only the parent, and writes nothing to the terminal: what the program, the provider or their processes print becomes
log events.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing import Pipe
from typing import Any, NoReturn

from inventory.problems import Problem
from stacks.engine.events import Event, Reporter
from stacks.engine.session import Job, Result, Session

_PR_SET_PDEATHSIG = 1
_BATCH, _PAUSE = 64, 0.05
"""events are sent when there are so many, and after so many seconds at the latest"""
STOP = "stop"
COLLECT = (50_000, 20, 100)
"""allocations between looks at the youngest garbage, and looks of each generation before one at the next. The SDK makes
many objects that live to the end of the program: at Python's own 700, looking at them took half of its time"""


@dataclass
class Worker:
    """The parent's end of a worker."""

    job: Job
    pid: int
    pipe: Any
    began: float = field(default_factory=time.monotonic)

    def stop(self) -> None:
        """Ask it to finish what is in flight."""
        with contextlib.suppress(OSError):
            self.pipe.send(STOP)

    def kill(self) -> None:
        """End it now; its journal holds what was pending."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> int:
        """Its exit status, waiting for it; negative is the signal that ended it."""
        self.pipe.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def fork(job: Job, others: list[Worker]) -> Worker:
    """Start a worker on a job. Call it where no other thread holds a lock that the worker would need."""
    parent_end, child_end = Pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        child_end.close()
        return Worker(job, pid, parent_end)
    try:
        _become(parent)
        parent_end.close()
        for worker in others:
            worker.pipe.close()
        _work(job, child_end)
    except BaseException:
        with contextlib.suppress(BaseException):
            problem = _unexpected(traceback.format_exc())
            child_end.send(Result({}, (problem,)))
    finally:
        os._exit(1)


def _become(parent: int) -> None:
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) or os.getppid() != parent:
        os._exit(1)
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()  # what the parent made stays shared: the collector would touch, and so copy, every page of it
    gc.set_threshold(*COLLECT)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _work(job: Job, pipe: Any) -> NoReturn:
    mailbox = _Mailbox(pipe)
    report = Reporter(job.stack, mailbox.post, time.monotonic)
    _capture(report)
    session = Session(job, report)
    threading.Thread(target=_listen, args=(pipe, session), daemon=True, name="parent").start()
    result = session.run()
    mailbox.close(result)
    os._exit(0)


class _Mailbox:
    """Sends events in batches, from whichever thread they come; none waits longer than the pause."""

    def __init__(self, pipe: Any) -> None:
        self._pipe, self._lock, self._any = pipe, threading.Lock(), threading.Event()
        self._events: list[Event] = []
        threading.Thread(target=self._deliver, daemon=True, name="mail").start()

    def post(self, event: Event) -> None:
        with self._lock:
            self._events.append(event)
            if len(self._events) >= _BATCH:
                self._send()
        self._any.set()

    def close(self, result: Result) -> None:
        with self._lock:
            self._send()
            self._pipe.send(result)

    def _deliver(self) -> None:
        while self._any.wait():
            time.sleep(_PAUSE)
            self._any.clear()
            with self._lock, contextlib.suppress(OSError):
                self._send()

    def _send(self) -> None:
        if self._events:
            self._pipe.send(self._events)
            self._events = []


def _listen(pipe: Any, session: Session) -> None:
    """The parent's word. Its silence for good is its end, and then this process's."""
    while True:
        try:
            if pipe.recv() == STOP:
                session.stop()
        except (EOFError, OSError):
            os._exit(1)


def _capture(report: Reporter) -> None:
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)
    for number, name in ((1, "stdout"), (2, "stderr")):  # whatever the parent had put in their place
        stream = open(number, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)

    def forward() -> None:
        with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                report.log("program.output", line)

    threading.Thread(target=forward, daemon=True, name="output").start()


def _unexpected(text: str) -> Problem:
    last = text.strip().splitlines()[-1]
    return Problem(
        "engine.internal",
        f"引擎内部错误:{last};状态已保存到最后一步,请连同下文报告:\n{text}",
        f"internal error of the engine: {last}; the state is saved up to the last step, please report it with:\n{text}",
    )


def died(stack: str, status: int) -> Problem:
    """A worker that ended without a result."""
    reason: Any = f"signal {-status}" if status < 0 else f"exit {status}"
    return Problem(
        "engine.worker-died",
        f"该栈的工作进程意外结束({reason});已完成的步骤都已记录,重新运行 ./lz up 会从中断处继续",
        f"the worker of this stack ended unexpectedly ({reason}); what was done is recorded, and ./lz up goes on from "
        "there",
        stack,
    )
