"""The file behind the simulated cloud: SQLite in WAL mode, one connection a process, short transactions.

Durable against a killed process (WAL); a power cut may lose the last moments (synchronous=NORMAL), as a simulated
cloud may. No clear secret is ever written: for comparison a digest keyed by a random key of this file is kept.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import secrets
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stacks.drivers.base import DriverError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value BLOB);
CREATE TABLE IF NOT EXISTS things(
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, properties TEXT NOT NULL, outputs TEXT NOT NULL,
    digests TEXT NOT NULL, revision INTEGER NOT NULL, pool TEXT, cpu INTEGER, memory_mib INTEGER,
    low TEXT, high TEXT, address TEXT, UNIQUE(kind, name));
CREATE INDEX IF NOT EXISTS loads ON things(pool, cpu, memory_mib) WHERE pool IS NOT NULL;
CREATE INDEX IF NOT EXISTS spans ON things(low, high) WHERE low IS NOT NULL;
CREATE INDEX IF NOT EXISTS addresses ON things(address) WHERE address IS NOT NULL;
CREATE TABLE IF NOT EXISTS uses(id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS used ON uses(kind, name);
CREATE INDEX IF NOT EXISTS user ON uses(id);
CREATE TABLE IF NOT EXISTS faults(
    kind TEXT NOT NULL, name TEXT NOT NULL, operation TEXT NOT NULL, remaining INTEGER NOT NULL,
    reason TEXT NOT NULL, how TEXT NOT NULL);
"""


class Store:
    """`cloud.db` in a folder. Safe over threads (one lock) and over forked processes (a connection each)."""

    def __init__(self, folder: Path, timeout: float = 60) -> None:
        self.path = folder / "cloud.db"
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        self.key = b""
        _STORES.add(self)

    @contextmanager
    def transaction(self, write: bool = True) -> Iterator[sqlite3.Connection]:
        """One short transaction; rolled back on any exception. DriverError unavailable where the file fails."""
        with self._lock:
            try:
                connection = self._open()
                connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise DriverError(
                    "unavailable",
                    f"模拟云的文件 {self.path} 用不了({error}):检查磁盘空间和权限;损坏时 ./lz destroy 后删除该文件",
                    f"the simulated cloud's file {self.path} cannot be used ({error}): check disk space and permissions; "
                    "if it is damaged, run ./lz destroy and remove it",
                ) from error

    def digest(self, value: Any) -> str:
        """Tells equal secrets from different ones, to who has this file's key."""
        return hmac.new(self.key, json.dumps(value).encode(), "sha256").hexdigest()

    def close(self) -> None:
        """Close this process's connection; a later transaction opens it again."""
        with self._lock:
            if self._connection:
                self._connection.close()
                self._connection = None

    def forked(self) -> None:
        """In a child: its lock may be held by a thread that is not here, and closing the parent's connection would
        touch the parent's file, so it is only put aside."""
        self._lock = threading.Lock()
        if self._connection:
            self._inherited.append(self._connection)
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection:
            return self._connection
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (self.path.parent / "cloud.lock").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)  # two workers may be the first at once
            connection = sqlite3.connect(
                self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'faults'").fetchone():
                connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            connection.execute("INSERT OR IGNORE INTO meta VALUES('key', ?)", (secrets.token_bytes(32),))
        self.key = connection.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()[0]
        self._connection = connection
        return connection


_STORES: weakref.WeakSet[Store] = weakref.WeakSet()
os.register_at_fork(after_in_child=lambda: [store.forked() for store in _STORES])


def by_name(connection: sqlite3.Connection, kind: str, name: str) -> sqlite3.Row | None:
    return connection.execute("SELECT * FROM things WHERE kind = ? AND name = ?", (kind, name)).fetchone()


def by_id(connection: sqlite3.Connection, id_: str) -> sqlite3.Row | None:
    return connection.execute("SELECT * FROM things WHERE id = ?", (id_,)).fetchone()


def text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)
