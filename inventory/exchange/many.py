"""For what makes as many rows as a file has: Python's collector would look through all of them again and again, and rows
refer to nothing that could be garbage; and of two processors one would stand idle."""

from __future__ import annotations

import gc
import marshal
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any, TypeVar

_WORTH = 32
"""parts that are worth a second process"""
_T = TypeVar("_T")


@contextmanager
def rows() -> Iterator[None]:
    """While it lasts, no cycles are looked for (memory is freed as always); also a decorator."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()


def in_halves(work: Callable[[_T], Any], parts: Sequence[_T]) -> Iterator[Any]:
    """What `work` makes of each part, in order. Of many parts the second half is made in a child process where there are
    two processors: `work` changes nothing, and makes what `marshal` can write. What the child did not get done, whatever
    the reason, is done here."""
    half = (len(parts) + 1) // 2
    if len(parts) < _WORTH or len(os.sched_getaffinity(0)) < 2:
        yield from map(work, parts)
        return
    with TemporaryFile() as file:
        child = os.fork()
        if not child:
            try:
                for part in parts[half:]:
                    made = marshal.dumps(work(part))
                    file.write(len(made).to_bytes(8, "big"))
                    file.write(made)
                file.flush()
            finally:
                os._exit(0)
        try:
            yield from map(work, parts[:half])
            os.waitpid(child, 0)
            child = 0
        finally:
            if child:  # nobody wants the rest any more
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        file.seek(0)
        done = half
        while len(head := file.read(8)) == 8:
            made = file.read(int.from_bytes(head, "big"))
            if len(made) < int.from_bytes(head, "big"):
                break
            yield marshal.loads(made)
            done += 1
    yield from map(work, parts[done:])
