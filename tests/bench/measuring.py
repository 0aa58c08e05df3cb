"""How a run is measured: a process with all its descendants, whole. Linux only."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory.places import ROOT

_PR_SET_CHILD_SUBREAPER = 36
_LOOK = 0.1
"""seconds between looks at the memory"""


@dataclass(frozen=True)
class Measured:
    """One run. CPU is user and system time of the process and of all its descendants; memory is the largest sum of
    their proportional set sizes (PSS) that was seen, None where it was not asked for."""

    wall: float
    cpu: float
    mib: int | None = None
    said: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        memory = "" if self.mib is None else f", {self.mib} MiB"
        return f"{self.wall:.2f} s wall, {self.cpu:.2f} CPU s{memory}"


def measure(command: Sequence[str], env: Mapping[str, str] | None = None, *, memory: bool = False) -> Measured:
    """Run a command to its end, and whatever it leaves behind; the last line that it prints, where that is JSON, is
    what it said. Ends this program where the command fails."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what outlives its parent is counted too
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)  # fmt: skip
    watch = _Watch(process.pid) if memory else None
    text, _ = process.communicate()
    wall = time.monotonic() - began
    peak = watch.stop() if watch else None
    _collect()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{text[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall, cpu, peak, _said(text))


def once(verb: str, home: Path, **more: Any) -> Measured:
    """One verb of `tests.bench.once`."""
    return measure([sys.executable, "-m", "tests.bench.once", verb, str(home)], **more)


def machine() -> str:
    """What it was measured on."""
    import sqlite3
    from importlib.metadata import version

    return (
        f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, pulumi {version('pulumi')}, grpcio "
        f"{version('grpcio')}, protobuf {version('protobuf')}, SQLite {sqlite3.sqlite_version}"
    )


def descendants(pid: int) -> list[int]:
    """The process and all that came from it."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
    return found


def pss(pid: int) -> int:
    """KiB that the process and its descendants hold: what several share is counted once."""
    total = 0
    for one in descendants(pid):
        with contextlib.suppress(OSError, IndexError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


class _Watch:
    """Looks at the memory of a process until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The largest sum seen, MiB."""
        self._done.set()
        self._thread.join()
        return self._peak // 1024

    def _look(self) -> None:
        while not self._done.wait(_LOOK):
            self._peak = max(self._peak, pss(self._pid))


def _collect() -> None:
    """Wait for what was left behind (plugins of the stock CLI outlive it); end it where it does not end by itself."""
    until = time.monotonic() + 5
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        if time.monotonic() > until:
            for child in descendants(os.getpid())[1:]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.02)


def _said(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError, IndexError):
        found = json.loads(text.strip().splitlines()[-1])
        return found if isinstance(found, dict) else {}
    return {}
