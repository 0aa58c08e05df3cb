"""Who may change a stack: one row in its state that carries holder, time and reason.

A lease is taken over when it has expired, or when its holder was a process of this machine that is no more.
"""

from __future__ import annotations

import getpass
import os
import socket
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from inventory.problems import refuse

SECONDS = 60.0
"""how long a lease lasts when it is not renewed"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, unmistakably: process ids come around again, so it carries when it was born."""

    who: str
    host: str
    pid: int
    born: str

    @staticmethod
    def me() -> Holder:
        try:
            who = getpass.getuser()
        except (KeyError, OSError):
            who = str(os.getuid())
        return Holder(who, socket.gethostname(), os.getpid(), _born(os.getpid()))

    @property
    def alive(self) -> bool:
        """Also true where it cannot be told: a process of another machine."""
        return self.host != socket.gethostname() or _born(self.pid) == self.born != ""


def _born(pid: int) -> str:
    """When the process started, in the kernel's ticks; "" where it is no more, or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return ""


def lease(db: sqlite3.Connection, holder: Holder, reason: str, now: str, path: Path) -> None:
    """Take the lease inside the caller's transaction. Refused where a living process holds it."""
    row = db.execute("SELECT who, host, pid, born, reason, taken, expires FROM lease").fetchone()
    if row is not None:
        who, host, pid, born, their_reason, taken, expires = row
        other = Holder(who, host, pid, born)
        if other != holder and other.alive and expires > time.time():
            raise refuse(
                "state.leased",
                f"{who}@{host}(进程 {pid})自 {taken} 起正在操作该栈({their_reason}):请等它结束后再运行",
                f"{who}@{host} (process {pid}) has been working on this stack since {taken} ({their_reason}): "
                "wait until that has ended, then run again",
                file=str(path),
            )
    db.execute(
        "INSERT OR REPLACE INTO lease VALUES(1,?,?,?,?,?,?,?)",
        (holder.who, holder.host, holder.pid, holder.born, reason, now, time.time() + SECONDS),
    )
