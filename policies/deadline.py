"""A time limit for code that does not look at a clock: checks.

In: seconds. Out: `TimeoutError` raised inside the block, in whatever thread runs it. A Python loop ends at once; one
long call into C ends when it returns.

One thread watches over all blocks of the process, from the first on, and anew in a process that is forked: a timer for each
would be a thread for each check. Blocks are handed to it through a queue, and no lock is shared: an error that is raised in
a thread from outside may hit it anywhere, also where it has just taken one.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from queue import Empty, SimpleQueue

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


@dataclass(slots=True, order=True)
class _Block:
    """One that runs: until when it may, and in which thread."""

    ends: float
    thread: int
    lock: threading.Lock = field(default_factory=threading.Lock, compare=False)
    over: bool = field(default=False, compare=False)
    late: bool = field(default=False, compare=False)

    def ring(self) -> None:
        with self.lock:
            if not self.over:
                self.late = True
                _raise_in(ctypes.c_ulong(self.thread), ctypes.py_object(TimeoutError))


class _Watch:
    """The thread, and the way to it."""

    def __init__(self) -> None:
        self._new: SimpleQueue[_Block] = SimpleQueue()
        self._runs = threading.Lock()

    def over(self, block: _Block) -> None:
        self._new.put(block)
        if self._runs.acquire(blocking=False):
            threading.Thread(target=self._watch, name="deadline", daemon=True).start()

    def _watch(self) -> None:
        blocks: list[_Block] = []
        while True:
            rest = blocks[0].ends - time.monotonic() if blocks else None
            try:
                heappush(blocks, self._new.get(timeout=rest and max(rest, 0)))
            except Empty:
                heappop(blocks).ring()


_watch = _Watch()
os.register_at_fork(after_in_child=_watch.__init__)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Run the block; TimeoutError in it when it takes longer. Once the block has ended, nothing is raised any more."""
    block = _Block(time.monotonic() + seconds, threading.get_ident())
    _watch.over(block)
    try:
        yield
    finally:
        with block.lock:
            block.over = True
        if block.late:  # it may still be on its way: it is taken here, and said once
            _raise_in(ctypes.c_ulong(block.thread), None)
    if block.late:
        raise TimeoutError
