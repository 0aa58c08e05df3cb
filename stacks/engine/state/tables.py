"""The tables, in the SQL that SQLite and PostgreSQL share, and the statements that read and write them.

`heads` says where each stack's journal stands; `journal` is only appended to; `base` is what the journal starts from
(the last compaction); `present` is what follows from both. `damaged` keeps what a repair could not read as a record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypedDict

from stacks.engine.state.chain import FOLD, SALT, WORD, Entry, Ledger, Row, genesis, row_digest, words_digest

FORMAT = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS heads(stack TEXT PRIMARY KEY, seq BIGINT NOT NULL, chain TEXT NOT NULL, total TEXT NOT NULL,
  token BIGINT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal(stack TEXT NOT NULL, seq BIGINT NOT NULL, update_ BIGINT NOT NULL, at TEXT NOT NULL,
  what TEXT NOT NULL, op TEXT NOT NULL, urn TEXT NOT NULL, number BIGINT NOT NULL, record BIGINT NOT NULL,
  body TEXT NOT NULL, settles TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY(stack, seq));
CREATE TABLE IF NOT EXISTS base(stack TEXT NOT NULL, kind TEXT NOT NULL, number BIGINT NOT NULL, op TEXT NOT NULL,
  urn TEXT NOT NULL, record BIGINT NOT NULL, body TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY(stack, kind, number));
CREATE TABLE IF NOT EXISTS present(stack TEXT NOT NULL, kind TEXT NOT NULL, number BIGINT NOT NULL, op TEXT NOT NULL,
  urn TEXT NOT NULL, record BIGINT NOT NULL, body TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY(stack, kind, number));
CREATE TABLE IF NOT EXISTS updates(stack TEXT NOT NULL, number BIGINT NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL,
  started TEXT NOT NULL, ended TEXT, result TEXT, plan TEXT NOT NULL, counts TEXT NOT NULL, version BIGINT,
  note TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY(stack, number));
CREATE TABLE IF NOT EXISTS lease(stack TEXT PRIMARY KEY, token BIGINT NOT NULL, who TEXT NOT NULL, host TEXT NOT NULL,
  machine TEXT NOT NULL, pid BIGINT NOT NULL, born TEXT NOT NULL, reason TEXT NOT NULL, taken TEXT NOT NULL,
  expires DOUBLE PRECISION NOT NULL, asked TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS environment(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS damaged(stack TEXT NOT NULL, at TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL);
"""
_PLAIN = re.sub(r",\s*PRIMARY KEY\([^)]*\)", "", SCHEMA)
COLUMNS = {
    name: [column.split()[0] for column in body.split(",")]
    for name, body in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)\(([^)]*)\)", _PLAIN)
}
"""table → its columns, in order"""
MADE = {f"CREATE TABLE {table}" for table in re.findall(r"IF NOT EXISTS (.*?);", SCHEMA, re.DOTALL)}
"""the tables as SQLite keeps their text"""
SET_FORMAT = f"INSERT INTO environment VALUES('format', '{FORMAT}') ON CONFLICT(key) DO NOTHING"
FORMAT_OF = "SELECT value FROM environment WHERE key='format'"
TABLES = ("heads", "journal", "base", "present", "updates", "lease", "environment", "damaged")
OF_STACK = tuple(table for table in TABLES if table != "environment")
ENTRY = "seq, update_, at, what, op, urn, number, record, body, settles, digest"
ROW = "kind, number, op, urn, record, body"
UPDATE = ("number", "kind", "who", "started", "ended", "result", "plan", "counts", "version", "note")


class Place(TypedDict, total=False):
    """How messages say where a store is."""

    file: str
    where: str


class Database(Protocol):
    """A connection. Statements have `?` for values; both transactions raise everything as Refused."""

    clock: str
    """SQL for the time now, in seconds since 1970, by the clock that all users of the store share"""
    place: Place

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...
    def run(self, sql: str, values: Sequence[Any] = ()) -> int: ...
    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...
    def reading(self) -> AbstractContextManager[None]:
        """One moment's view."""
        ...

    def writing(self, stack: str = "") -> AbstractContextManager[None]:
        """All or nothing, durable at its end; of one stack, one at a time."""
        ...

    def tidy(self) -> None:
        """Give back the room of what was deleted."""
        ...

    def sound(self) -> str:
        """ "" or what the database itself says is wrong with it."""
        ...

    def close(self) -> None: ...


class Damage(ValueError):
    """What was read is not what was written."""


# ---------------------------------------------------------------------- reading


def load(db: Database, stack: str) -> Ledger | None:
    """A stack's rows, each checked; None where there is no such stack. Damage where anything is not as written."""
    head = db.all("SELECT seq, chain, total, digest FROM heads WHERE stack=?", (stack,))
    found = db.all(f"SELECT {ROW}, digest FROM present WHERE stack=? ORDER BY kind, number", (stack,))
    if not head:
        if found or db.all("SELECT 1 FROM journal WHERE stack=? LIMIT 1", (stack,)):
            raise Damage("the stack's head is missing")
        return None
    seq, chain, total, digest = head[0]
    if digest != words_digest(stack, seq, chain, total):
        raise Damage("the stack's head")
    ledger = Ledger(seq, chain, (Row(*row[:-1]) for row in found))
    for row in found:
        if ledger.digests.get((row[0], row[1])) != row[-1]:
            raise Damage(f"row {row[0]} {row[1]}")
    if ledger.total != total:
        raise Damage("a row is missing")
    last = db.all("SELECT seq, digest FROM journal WHERE stack=? ORDER BY seq DESC LIMIT 1", (stack,))
    if (last[0] if last else fold(db, stack)[:2]) != (seq, chain):
        raise Damage("the end of the journal is missing")
    return ledger


def head(db: Database, stack: str) -> tuple[int, str] | None:
    """(seq, chain) without a look at anything else: whether what was loaded is still so."""
    rows = db.all("SELECT seq, chain FROM heads WHERE stack=?", (stack,))
    return rows[0] if rows else None


def base(db: Database, stack: str) -> list[tuple[Row, str]]:
    """What the journal starts from, with the digests that were recorded."""
    found = db.all(f"SELECT {ROW}, digest FROM base WHERE stack=? ORDER BY kind, number", (stack,))
    return [(Row(*row[:-1]), row[-1]) for row in found]


def fold(db: Database, stack: str) -> tuple[int, str, str]:
    """(seq, chain, total) of the base: up to where the journal was folded into it. Damage where that cannot be read."""
    rows = db.all(f"SELECT {ROW}, digest FROM base WHERE stack=? AND kind=? AND number=?", (stack, WORD, FOLD))
    if not rows or row_digest(Row(*rows[0][:-1])) != rows[0][-1]:
        raise Damage("the journal's beginning")
    seq, chain, total = json.loads(rows[0][5])
    return seq, chain, total


def entries(db: Database, stack: str, until: int | None = None) -> list[Entry]:
    """The journal, oldest first, as it is recorded."""
    bound, values = (" AND seq<=?", (stack, until)) if until is not None else ("", (stack,))
    return [Entry(*row) for row in db.all(f"SELECT {ENTRY} FROM journal WHERE stack=?{bound} ORDER BY seq", values)]


# ---------------------------------------------------------------------- writing, inside a transaction


def found(db: Database, stack: str, salt: str) -> None:
    """Begin a stack, unless another has just done so."""
    chain = genesis(stack)
    row = Row(WORD, SALT, "", "salt", 0, salt)
    ledger = Ledger(0, chain, [row])
    new = db.run(
        "INSERT INTO heads VALUES(?,?,?,?,0,?) ON CONFLICT(stack) DO NOTHING",
        (stack, 0, chain, ledger.total, words_digest(stack, 0, chain, ledger.total)),
    )
    if new:
        rebase(db, stack, ledger)
        db.run("INSERT INTO present VALUES(?,?,?,?,?,?,?,?)", (stack, *row, row_digest(row)))


def rebase(db: Database, stack: str, ledger: Ledger) -> None:
    """Make the ledger's rows the base, and where it stands the base's place in the journal."""
    mark = Row(WORD, FOLD, "", "fold", 0, json.dumps([ledger.seq, ledger.chain, ledger.total]))
    rows = [(stack, *row, ledger.digests[key]) for key, row in ledger.rows.items()]
    db.run("DELETE FROM base WHERE stack=?", (stack,))
    db.many("INSERT INTO base VALUES(?,?,?,?,?,?,?,?)", [*rows, (stack, *mark, row_digest(mark))])


def write(db: Database, stack: str, before: int, token: int | None, batch: Batch) -> bool:
    """Append the batch and let the rows follow. False, with nothing of it written, where the stack has moved on from
    `before` or its lease's token is another."""
    fence, values = ("", ()) if token is None else (" AND token=?", (token,))
    moved = db.run(
        f"UPDATE heads SET seq=?, chain=?, total=?, digest=? WHERE stack=? AND seq=?{fence}",
        (batch.seq, batch.chain, batch.total, words_digest(stack, batch.seq, batch.chain, batch.total), stack, before,
         *values),
    )  # fmt: skip
    if not moved:
        return False
    db.many("INSERT INTO journal VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", [(stack, *entry) for entry in batch.entries])
    if batch.gone:
        db.many("DELETE FROM present WHERE stack=? AND kind=? AND number=?", [(stack, *key) for key in batch.gone])
    if batch.rows:
        db.many(
            "INSERT INTO present VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(stack, kind, number) DO UPDATE SET"
            " op=excluded.op, urn=excluded.urn, record=excluded.record, body=excluded.body, digest=excluded.digest",
            [(stack, *row, digest) for row, digest in batch.rows],
        )
    return True


class Batch:
    """Entries, and what they come to together: a row that was written twice is written once."""

    def __init__(self, ledger: Ledger, entries: list[Entry]) -> None:
        self.entries = entries
        self.seq, self.chain, self.total = ledger.seq, ledger.chain, ledger.total
        self.rows = [(ledger.rows[key], ledger.digests[key]) for key in ledger.touched if key in ledger.rows]
        self.gone = [key for key in ledger.touched if key not in ledger.rows]
        ledger.touched.clear()


# ---------------------------------------------------------------------- the history


def updates(db: Database, stack: str, which: str = "", *values: Any) -> list[dict[str, Any]]:
    """Every update, or those `which` (a condition in SQL) says, oldest first. Damage where one is not as written."""
    columns, more = ", ".join(UPDATE), f" AND {which}" if which else ""
    rows = db.all(f"SELECT {columns}, digest FROM updates WHERE stack=?{more} ORDER BY number", (stack, *values))
    for row in rows:
        if words_digest(*row[:-1]) != row[-1]:
            raise Damage(f"update {row[0]} of the history")
    told = [dict(zip(UPDATE, row[:-1], strict=True)) for row in rows]
    return [update | {"counts": json.loads(update["counts"])} for update in told]


def open_update(db: Database, stack: str, kind: str, who: str, now: str, plan: str, note: str) -> int:
    """Begin an update in the history; what a killed run left open is closed as abandoned. Its number."""
    standing = head(db, stack)
    for update in updates(db, stack, "result IS NULL"):
        _save(db, stack, update | {"result": "abandoned", "version": standing[0] if standing else 0})
    number = (db.all("SELECT max(number) FROM updates WHERE stack=?", (stack,))[0][0] or 0) + 1
    _save(db, stack, _update(number, kind, who, now, plan, note))
    return number


def close_update(
    db: Database, stack: str, number: int, now: str, result: str, counts: Mapping[str, int], version: int
) -> None:
    """End an update in the history."""
    (update,) = updates(db, stack, "number=?", number)
    _save(db, stack, update | {"ended": now, "result": result, "counts": dict(counts), "version": version})


def note_update(
    db: Database, stack: str, kind: str, who: str, now: str, version: int, *,
    plan: str = "", note: str = "", counts: Mapping[str, int] | None = None,
) -> int:  # fmt: skip
    """An update that begins and ends in this transaction. Its number."""
    number = open_update(db, stack, kind, who, now, plan, note)
    close_update(db, stack, number, now, "succeeded", counts or {}, version)
    return number


def _update(number: int, kind: str, who: str, started: str, plan: str, note: str) -> dict[str, Any]:
    return dict(zip(UPDATE, (number, kind, who, started, None, None, plan, {}, None, note), strict=True))


def _save(db: Database, stack: str, update: dict[str, Any]) -> None:
    row = [json.dumps(value) if name == "counts" else value for name, value in update.items()]
    db.run("DELETE FROM updates WHERE stack=? AND number=?", (stack, update["number"]))
    db.run(f"INSERT INTO updates VALUES({','.join('?' * (len(row) + 2))})", (stack, *row, words_digest(*row)))
