"""The ledger's file: made whole or not at all, opened with care, changed in one transaction for many, and looked through.

SQLite with a write-ahead log and full sync: what has been answered is on the disk. How the file is made says
`inventory.databases`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inventory import databases
from inventory.allotting import stored
from inventory.allotting.prefixes import BITS, Prefix, parse, text
from inventory.problems import Refused, refuse

FORMAT = 1
_TABLES = (
    """
CREATE TABLE pools(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, spans TEXT NOT NULL,
    barred TEXT NOT NULL, rest REAL NOT NULL);
CREATE TABLE taken(key TEXT PRIMARY KEY, pool INTEGER NOT NULL, start BLOB NOT NULL, length INTEGER NOT NULL,
    state INTEGER NOT NULL, until REAL) WITHOUT ROWID;
CREATE UNIQUE INDEX taken_once ON taken(pool, start);
CREATE INDEX taken_until ON taken(pool, until, key) WHERE until IS NOT NULL;
CREATE TABLE history(serial INTEGER PRIMARY KEY, at REAL NOT NULL, who TEXT NOT NULL, verb TEXT NOT NULL,
    pool TEXT NOT NULL, prefixes TEXT NOT NULL);
"""
    + stored.TABLES
)
_PARTS = ("SELECT start, length, key FROM taken WHERE pool=?", "SELECT start, length, '' FROM free WHERE pool=?")
_WAIT = 60.0
"""seconds that a change waits for those of other processes"""


def opened(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection; the ledger is made where there is none. Refused where the file is not a ledger, or not there."""
    with trouble(path):
        if not path.exists():
            if not create:
                raise refuse("ledger.missing", "没有地址台账:先运行编址步骤", "there is no ledger: run the address step first",
                             file=str(path))  # fmt: skip
            databases.make(path, f"{_TABLES} PRAGMA user_version={FORMAT};")
        db = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            written = db.execute("PRAGMA user_version").fetchone()[0]
            if written != FORMAT:
                raise refuse(
                    "ledger.format", f"台账格式为 {written},本版本读写 {FORMAT}:用写它的版本,或从备份恢复",
                    f"the ledger's format is {written}, this version's is {FORMAT}: use the version that wrote it, or "
                    "restore a backup", file=str(path),
                )  # fmt: skip
            for pragma in ("synchronous=FULL", "cache_size=-65536", "wal_autocheckpoint=4000", "temp_store=MEMORY"):
                db.execute(f"PRAGMA {pragma}")
        except BaseException:
            db.close()
            raise
        return db


def transaction(db: sqlite3.Connection, path: Path, jobs: Sequence[Any]) -> None:
    """Every job's work in one transaction: what one is refused undoes nothing of another. On the disk when this
    returns."""
    db.execute("BEGIN IMMEDIATE")
    try:
        if not path.exists():
            raise refuse("ledger.gone", "台账文件被移走:放回原处再运行", "the ledger's file was moved away: put it back",
                         file=str(path))  # fmt: skip
        for job in jobs:
            db.execute("SAVEPOINT job")
            try:
                job.granted = job.work()
            except Refused as refused:
                job.error = refused
                db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def trouble(path: Path) -> Iterator[None]:
    """What SQLite or the file system says, as a sentence."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        busy = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        code, zh, en = (
            (
                "ledger.busy",
                "台账被占用过久:等其他运行结束后再试",
                "held up by others for too long: try again when they are done",
            )
            if busy
            else ("ledger.damaged", "台账损坏:从备份恢复这个文件", "damaged: restore this file from a backup")
            if damaged
            else (
                "ledger.file",
                "台账无法读写:检查权限和磁盘空间",
                "cannot be read or written: check permissions and disk",
            )
        )
        raise refuse(code, f"{zh}({error})", f"{en} ({error})", file=str(path)) from error


def audit(db: sqlite3.Connection) -> tuple[str, ...]:
    """What free, barred and taken prefixes of each pool do not make whole, exactly once."""
    found: list[str] = []
    for number, name, version, spans, barred in db.execute("SELECT id, name, version, spans, barred FROM pools"):
        parts = [(prefix.start, prefix.length, "barred") for prefix in map(parse, json.loads(barred))]
        for source in _PARTS:
            parts += [
                (int.from_bytes(start, "big"), length, key) for start, length, key in db.execute(source, (number,))
            ]
        parts.sort()
        sizes = [1 << (BITS[version] - length) for length in range(BITS[version] + 1)]
        whole = sorted((span.start, span.last) for span in map(parse, json.loads(spans)))
        place, (first, last), end, total, before = 0, whole[0], -1, 0, (0, 0, "")
        for part in parts:
            start, length, _who = part
            size = sizes[length]
            while start > last and place + 1 < len(whole):
                place += 1
                first, last = whole[place]
            if start < first or start + size - 1 > last:
                found.append(f"{name}: {_said(version, part)} is outside")
            if start < end:
                found.append(f"{name}: {_said(version, before)} meets {_said(version, part)}")
            if start & (size - 1):
                found.append(f"{name}: {_said(version, part)} is not aligned")
            if start + size > end:
                end, before = start + size, part
            total += size
        missing = sum(last - first + 1 for first, last in whole) - total
        if missing:
            found.append(f"{name}: {missing} addresses more are its own than are free, barred or taken")
    return tuple(found)


def _said(version: int, part: tuple[int, int, str]) -> str:
    return f"{text(Prefix(version, *part[:2]))} ({part[2] or 'free'})"
