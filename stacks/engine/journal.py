"""The state of one stack: a journal that is only appended to, and the resources that follow from it, in one SQLite file.

In: records of what was done. Out: the same, after any crash. Every change is durable when its future resolves; many
changes share one sync (group commit). Secrets are sealed before they come near the file.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from inventory.problems import Refused
from stacks.engine.lease import Holder, lease
from stacks.engine.records import Pending, Record
from stacks.engine.sealing import Sealer
from stacks.engine.trouble import trouble

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal(seq INTEGER PRIMARY KEY AUTOINCREMENT, update_ INTEGER NOT NULL, at TEXT NOT NULL,
  op TEXT NOT NULL, urn TEXT NOT NULL, resource INTEGER NOT NULL, body TEXT);
CREATE TABLE IF NOT EXISTS resources(number INTEGER PRIMARY KEY, urn TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pending(number INTEGER PRIMARY KEY, op TEXT NOT NULL, body TEXT NOT NULL, resource INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS updates(number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, who TEXT NOT NULL,
  started TEXT NOT NULL, ended TEXT, result TEXT, plan TEXT, counts TEXT, version INTEGER);
CREATE TABLE IF NOT EXISTS lease(one INTEGER PRIMARY KEY CHECK (one = 1), who TEXT NOT NULL, host TEXT NOT NULL,
  pid INTEGER NOT NULL, born TEXT NOT NULL, reason TEXT NOT NULL, taken TEXT NOT NULL, expires REAL NOT NULL);
"""

Statement = tuple[str, tuple[Any, ...]]


class Store(Protocol):
    """Where a stack's state lies. SQLite here; any other store passes the same suite."""

    version: int
    """grows with every change; a plan is bound to it"""
    sealer: Sealer

    def records(self) -> list[Record]: ...
    def pending(self) -> list[Pending]: ...
    def put(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]: ...
    def drop(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]: ...
    def intend(self, op: str, body: dict[str, Any], record: int) -> tuple[int, asyncio.Future[None]]: ...
    def settle(self, numbers: tuple[int, ...]) -> asyncio.Future[None]: ...
    async def flush(self) -> None: ...


class Journal:
    """A stack's state, open for writing by the holder of its lease. `now` gives the time in ISO 8601, UTC."""

    def __init__(self, path: Path, passphrase: str, salt: str, now: Callable[[], str]) -> None:
        self.path, self._now = path, now
        path.parent.mkdir(parents=True, exist_ok=True)
        with trouble(path):
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN;" + SCHEMA + "COMMIT;")
            check = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if check != "ok":
                raise sqlite3.DatabaseError(f"malformed: {check}")
            known = self._db.execute("SELECT value FROM meta WHERE key='salt'").fetchone()
            if known is None:
                self._db.execute("INSERT INTO meta VALUES('salt', ?)", (salt,))
        self.sealer = Sealer(passphrase, known[0] if known else salt)
        self.version = _version(self._db)
        self._number = max(
            _one(self._db, "SELECT max(seq) FROM journal"), _one(self._db, "SELECT max(number) FROM pending")
        )
        self._number = max(self._number, _one(self._db, "SELECT max(number) FROM resources"))
        self._update = 0
        self._queue: list[tuple[list[Statement], asyncio.Future[None]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._broken: Refused | None = None

    # ------------------------------------------------------------------ reading

    def records(self) -> list[Record]:
        """Every resource, secrets opened; dependencies come before what needs them only by sorting."""
        with trouble(self.path):
            return _records(self._db, self.sealer)

    def pending(self) -> list[Pending]:
        with trouble(self.path):
            rows = self._db.execute("SELECT number, op, body, resource FROM pending ORDER BY number").fetchall()
        return [
            Pending(n, op, self.sealer.open(json.loads(body), json.loads(body)["urn"]), r) for n, op, body, r in rows
        ]

    # ------------------------------------------------------------------ updates and the lease

    def begin(self, kind: str, holder: Holder, reason: str, plan: str = "") -> None:
        """Take the lease and open an update in the history, in one commit. Refused where another holds it."""
        with trouble(self.path):
            db = self._db
            db.execute("BEGIN IMMEDIATE")
            try:
                lease(db, holder, reason, self._now(), self.path)
                cursor = db.execute(
                    "INSERT INTO updates(kind, who, started, plan) VALUES(?,?,?,?)",
                    (kind, f"{holder.who}@{holder.host}", self._now(), plan),
                )
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
            self._update = cursor.lastrowid or 0
            self.version = _version(db)

    def renew(self, expires: float) -> None:
        """Keep the lease for longer."""
        self._submit([("UPDATE lease SET expires=?", (expires,))])

    def remember_after(self, stacks: tuple[str, ...]) -> None:
        """Which stacks this one comes after, so that it can be destroyed in order when nobody names it any more."""
        value = json.dumps(stacks)
        if self._db.execute("SELECT value FROM meta WHERE key='after'").fetchone() != (value,):
            self._submit([("INSERT OR REPLACE INTO meta VALUES('after',?)", (value,))])

    async def finish(self, result: str, counts: dict[str, int]) -> None:
        """Close the update in the history and give the lease back."""
        await self.flush()
        await self._submit(
            [
                (
                    "UPDATE updates SET ended=?, result=?, counts=?, version=(SELECT max(seq) FROM journal) WHERE number=?",
                    (self._now(), result, json.dumps(counts), self._update),
                ),
                ("DELETE FROM lease", ()),
            ]
        )

    # ------------------------------------------------------------------ writing

    def put(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]:
        """Record a resource as it now is; a pending operation that this settles is closed with it."""
        if not record.number:
            record.number = self._next()
        body = self._body(record.body)
        rows = [self._entry(op, record, body)]
        rows.append(("INSERT OR REPLACE INTO resources VALUES(?,?,?)", (record.number, record.urn, body)))
        return self._submit(rows + _settled(settles))

    def drop(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]:
        """Record that a resource is no more."""
        rows = [self._entry(op, record, None), ("DELETE FROM resources WHERE number=?", (record.number,))]
        return self._submit(rows + _settled(settles))

    def intend(self, op: str, body: dict[str, Any], record: int) -> tuple[int, asyncio.Future[None]]:
        """Record that an operation is about to begin: (its number, when that is durable)."""
        number = self._next()
        return number, self._submit([("INSERT INTO pending VALUES(?,?,?,?)", (number, op, self._body(body), record))])

    def settle(self, numbers: tuple[int, ...]) -> asyncio.Future[None]:
        """Close a pending operation of which it is known that it did nothing."""
        return self._submit(_settled(numbers))

    async def flush(self) -> None:
        """Return when everything is durable. Refused where something could not be written."""
        while self._draining:
            await asyncio.shield(self._draining)
        if self._broken:
            raise self._broken

    def close(self) -> None:
        self._writer.shutdown(wait=True)
        self._db.close()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _body(self, body: dict[str, Any]) -> str:
        return json.dumps(self.sealer.seal(body, body["urn"]), separators=(",", ":"), ensure_ascii=False)

    def _entry(self, op: str, record: Record, body: str | None) -> Statement:
        self.version += 1
        return (
            "INSERT INTO journal(update_, at, op, urn, resource, body) VALUES(?,?,?,?,?,?)",
            (self._update, self._now(), op, record.urn, record.number, body),
        )

    def _submit(self, rows: list[Statement]) -> asyncio.Future[None]:
        if self._broken:
            raise self._broken
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # flush() reports it
        self._queue.append((rows, future))
        if self._draining is None:
            self._draining = loop.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            batch, self._queue = self._queue, []
            try:
                await loop.run_in_executor(self._writer, self._write, [row for rows, _ in batch for row in rows])
            except Refused as refused:
                self._broken = refused
                for _, future in batch + self._queue:
                    future.set_exception(refused)
                self._queue = []
            else:
                for _, future in batch:
                    future.set_result(None)
        self._draining = None

    def _write(self, rows: Iterable[Statement]) -> None:
        with trouble(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for sql, values in rows:
                    self._db.execute(sql, values)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def snapshot(path: Path, passphrase: str) -> tuple[list[Record], list[Pending], int, dict[str, str]]:
    """(records, pending operations, version, words) of a state that nobody need hold; empty where there is none."""
    if not path.exists():
        return [], [], 0, {}
    with trouble(path):
        db = _reader(path)
        try:
            db.execute("BEGIN")
            if not _one(db, "SELECT count(*) FROM sqlite_master"):
                return [], [], 0, {}  # a run was killed while it made the file: begun, not damaged
            words = dict(db.execute("SELECT key, value FROM meta").fetchall())
            sealer = Sealer(passphrase, words.get("salt", ""))
            rows = db.execute("SELECT number, op, body, resource FROM pending ORDER BY number").fetchall()
            pending = [Pending(n, op, sealer.open(json.loads(b), json.loads(b)["urn"]), r) for n, op, b, r in rows]
            return _records(db, sealer), pending, _version(db), words
        finally:
            db.close()


def unchanged(path: Path, version: int, holder: Holder, now: str, plan: str, counts: dict[str, int]) -> bool:
    """Note in the history that an update had nothing to do. False where the state is not of this version any more;
    Refused where somebody is working on it."""
    with trouble(path):
        db = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            lease(db, holder, "up", now, path)
            if _version(db) != version:
                db.execute("ROLLBACK")
                return False
            db.execute(
                "INSERT INTO updates(kind, who, started, ended, result, plan, counts, version) VALUES(?,?,?,?,?,?,?,?)",
                ("up", f"{holder.who}@{holder.host}", now, now, "succeeded", plan, json.dumps(counts), version),
            )
            db.execute("DELETE FROM lease")
            db.execute("COMMIT")
            return True
        finally:
            db.close()


def history(path: Path) -> list[dict[str, Any]]:
    """Every update of a stack, oldest first: number, kind, who, started, ended, result, plan, counts, version."""
    if not path.exists():
        return []
    with trouble(path):
        db = _reader(path)
        try:
            if not _one(db, "SELECT count(*) FROM sqlite_master"):
                return []
            cursor = db.execute("SELECT * FROM updates ORDER BY number")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        finally:
            db.close()


def _reader(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10, isolation_level=None)
        db.execute("SELECT count(*) FROM sqlite_master")
        return db
    except sqlite3.OperationalError:
        if path.with_name(path.name + "-wal").exists():
            raise
        # a folder that cannot be written to has no place for SQLite's shared memory; without a log none is needed
        return sqlite3.connect(f"file:{path}?immutable=1", uri=True, isolation_level=None)


def _records(db: sqlite3.Connection, sealer: Sealer) -> list[Record]:
    found = []
    for number, urn, text in db.execute("SELECT number, urn, body FROM resources ORDER BY number"):
        body = json.loads(text)
        found.append(Record(sealer.open(body, urn) if '"ciphertext"' in text else body, number))
    return found


def _version(db: sqlite3.Connection) -> int:
    return _one(db, "SELECT max(seq) FROM journal")


def _one(db: sqlite3.Connection, sql: str) -> int:
    return db.execute(sql).fetchone()[0] or 0


def _settled(numbers: tuple[int, ...]) -> list[Statement]:
    return [("DELETE FROM pending WHERE number=?", (number,)) for number in numbers]
