"""A time limit for code that does not look at a clock: checks.

In: seconds. Out: `TimeoutError` raised inside the block, in whatever thread runs it. A Python loop ends at once; one
long call into C ends when it returns.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Run the block; TimeoutError in it when it takes longer. Once the block has ended, nothing is raised any more."""
    lock = threading.Lock()
    over = late = False
    mine = ctypes.c_ulong(threading.get_ident())

    def ring() -> None:
        nonlocal late
        with lock:
            if not over:
                late = True
                _raise_in(mine, ctypes.py_object(TimeoutError))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over = True
        timer.cancel()
        if late:  # it may still be on its way: it is taken here, and said once
            _raise_in(mine, None)
    if late:
        raise TimeoutError
