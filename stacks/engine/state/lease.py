"""Who may change a stack: one row a stack that carries holder, time and reason, on the clock of the store itself.

A lease is taken over when it has expired, when its holder was a process of this machine that is no more, or by name.
Taking one gives a token; every write checks the token, so that a holder who lost the lease cannot write any more.
"""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from inventory.problems import Refused, refuse
from stacks.engine.state.tables import Database

SECONDS = 60.0
"""how long a lease lasts when it is not renewed"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, unmistakably: process ids come around again, so it carries when it was born; hosts and containers
    are called alike, so it carries which kernel, and which view of its processes, it belongs to."""

    who: str
    host: str
    pid: int
    born: str
    machine: str = ""

    @staticmethod
    def me() -> Holder:
        try:
            who = getpass.getuser()
        except (KeyError, OSError):
            who = str(os.getuid())
        return Holder(who, socket.gethostname(), os.getpid(), _born(os.getpid()), _machine())

    @property
    def name(self) -> str:
        return f"{self.who}@{self.host}"

    @property
    def here(self) -> bool:
        """Whether this machine can tell if the process lives."""
        return self.machine == _machine()

    @property
    def alive(self) -> bool:
        """Also true where it cannot be told: a process of another machine."""
        return not self.here or _born(self.pid) == self.born != ""


def _born(pid: int) -> str:
    """When the process started, in the kernel's ticks; "" where it is no more, or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return ""


@lru_cache(maxsize=1)
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on a stack."""

    holder: Holder
    since: str
    reason: str
    left: float
    """seconds until it ends unless it is renewed, by the store's clock; negative where it has ended"""
    until: str
    asked: str
    """who has asked the holder to stop; "" where nobody has"""
    token: int

    @property
    def held(self) -> bool:
        return self.left > 0 and self.holder.alive


def lease_of(db: Database, stack: str) -> Lease | None:
    """The lease of a stack as it stands, dead or alive; None where nobody has one."""
    rows = db.all(
        f"SELECT who, host, pid, born, machine, taken, reason, expires - {db.clock}, expires, asked, token"
        " FROM lease WHERE stack=?",
        (stack,),
    )
    if not rows:
        return None
    who, host, pid, born, machine, since, reason, left, expires, asked, token = rows[0]
    until = datetime.fromtimestamp(float(expires), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Lease(Holder(who, host, pid, born, machine), since, reason, float(left), until, asked, token)


def ensure_free(db: Database, stack: str, holder: Holder) -> None:
    """Inside a writing transaction. Refused where another holds the lease."""
    lease = lease_of(db, stack)
    if lease is not None and lease.held and lease.holder != holder:
        raise _leased(lease, db)


def take(db: Database, stack: str, holder: Holder, reason: str, now: str, token: int) -> None:
    """Take the lease, inside a writing transaction. Refused where another holds it."""
    ensure_free(db, stack, holder)
    release(db, stack)
    db.run(
        "INSERT INTO lease(stack, token, who, host, machine, pid, born, reason, taken, expires, asked)"
        f" VALUES(?,?,?,?,?,?,?,?,?,{db.clock}+?,'')",
        (stack, token, holder.who, holder.host, holder.machine, holder.pid, holder.born, reason, now, SECONDS),
    )
    db.run("UPDATE heads SET token=? WHERE stack=?", (token, stack))


def renew(db: Database, stack: str, token: int) -> bool:
    """Keep the lease for longer, inside a writing transaction. False where it is another's."""
    return db.run(f"UPDATE lease SET expires={db.clock}+? WHERE stack=? AND token=?", (SECONDS, stack, token)) == 1


def release(db: Database, stack: str) -> None:
    """Give the lease back, or take it away, inside a writing transaction."""
    db.run("DELETE FROM lease WHERE stack=?", (stack,))
    db.run("UPDATE heads SET token=0 WHERE stack=?", (stack,))


Cancelled = Literal["free", "freed", "asked"]
"""nobody held it; its holder was gone or has had it taken away; its holder has been asked to stop"""


def cancel(db: Database, stack: str, holder: str, asker: Holder) -> tuple[Cancelled, Lease | None]:
    """Inside a writing transaction. A holder who is gone loses the lease; one who lives is asked to stop, as Ctrl-C
    once does; one who was asked already and is named (`who@host`) loses it, and cannot write any more. Refused where
    somebody else than the one who is named holds it."""
    lease = lease_of(db, stack)
    if lease is None:
        return "free", None
    if holder and holder != lease.holder.name:
        raise refuse(
            "state.not-holder",
            f"该栈由 {lease.holder.name} 占用,而不是 {holder}:请核对后按占用者的名字取消",
            f"{lease.holder.name} holds this stack, not {holder}: check who it is, and cancel by that name",
            where=stack,
        )
    if not lease.held or (holder and lease.asked):
        release(db, stack)
        return "freed", lease
    db.run("UPDATE lease SET asked=? WHERE stack=?", (asker.name, stack))
    return "asked", lease


def lost(db: Database, stack: str) -> Refused:
    """The lease that this run held is another's, or was taken away."""
    lease = lease_of(db, stack)
    zh = f",现由 {lease.holder.name} 占用({lease.reason})" if lease else ""
    en = f"; {lease.holder.name} has it now ({lease.reason})" if lease else ""
    return refuse(
        "state.lease-lost",
        f"本次运行已失去该栈的租约{zh}:运行已停止,此后未再写入任何内容;请查看历史后重新运行",
        f"this run has lost its lease on the stack{en}: it stopped, and wrote nothing after that; look at the history, "
        "then run again",
        where=stack,
    )


def _leased(lease: Lease, db: Database) -> Refused:
    name, reason, pid = lease.holder.name, lease.reason, lease.holder.pid
    return refuse(
        "state.leased",
        f"{name}(进程 {pid})自 {lease.since} 起正在操作该栈({reason}):请等它结束(或先 cancel)后再运行",
        f"{name} (process {pid}) has been working on this stack since {lease.since} ({reason}): "
        "wait until that has ended (or cancel it), then run again",
        **db.place,
    )
