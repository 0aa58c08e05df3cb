"""One writer a thing: EC2 has no creation that is unique by tag, so creations of one key take turns, over threads
and over the worker processes of an environment. In: the driver's folder and a key."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stacks.drivers.base import DriverError

SECONDS = 900
"""a host may take minutes"""
STRIPES = 256


class Locks:
    """File locks under `folder/locks`; the kernel gives them back when a process dies."""

    def __init__(self, folder: Path, sleep: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._folder, self._sleep, self._clock = folder / "locks", sleep, clock

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """DriverError `unavailable` where another has held it for too long."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % STRIPES
        with self.file(f"{number:02x}"):
            yield

    @contextmanager
    def file(self, name: str) -> Iterator[None]:
        """One lock of its own: what is held together with a key's."""
        self._folder.mkdir(parents=True, exist_ok=True)
        end = self._clock() + SECONDS
        with (self._folder / f"{name}.lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if self._clock() > end:
                        raise DriverError(
                            "unavailable",
                            f"另一个进程占用超过 {SECONDS} 秒:请确认没有停住的 ./lz up",
                            f"another process has held this for more than {SECONDS} s: look for an ./lz up that hangs",
                        ) from None
                    self._sleep(0.02)
            yield
