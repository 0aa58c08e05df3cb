"""A state file in SQLite: WAL, full sync.

`inventory.databases` makes it whole or not at all, so a file that is empty or has no tables was cut.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inventory import databases
from inventory.problems import Refused
from stacks.engine.state import tables, trouble
from stacks.engine.state.tables import FORMAT, SCHEMA, Damage, Place

_TROUBLE = (sqlite3.Error, OSError, ValueError, KeyError, TypeError)


class SQLite:
    """A connection to a file that is there."""

    clock = "((julianday('now') - 2440587.5) * 86400.0)"

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path, self.place = path, Place(file=str(path))
        with self._trouble():
            self._db = _writer(path) if write else _reader(path)
            self._inode = path.stat().st_ino
            try:
                self._known()
            except BaseException:
                self._db.close()
                raise

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._db.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._db.executemany(sql, rows)

    def reading(self) -> contextlib.AbstractContextManager[None]:
        return self._transaction("BEGIN")

    def writing(self, stack: str = "") -> contextlib.AbstractContextManager[None]:
        return self._transaction("BEGIN IMMEDIATE")

    def tidy(self) -> None:
        with self._trouble():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def sound(self) -> str:
        try:
            made = {sql for (sql,) in self._db.execute("SELECT sql FROM sqlite_master WHERE type='table'")}
            if made != tables.MADE:
                return "the tables are not those that were made"
            return next((text for (text,) in self._db.execute("PRAGMA integrity_check(3)") if text != "ok"), "")
        except sqlite3.DatabaseError as error:
            return str(error)

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    def _known(self) -> None:
        """Damage where the file was cut to nothing, Refused where another program or version wrote it."""
        written = self._db.execute("PRAGMA user_version").fetchone()[0]
        log = self.path.with_name(self.path.name + "-wal")
        size = self._db.execute("PRAGMA page_size").fetchone()[0]
        if self.path.stat().st_size % size and not (log.exists() and log.stat().st_size):
            raise Damage("the file was cut")  # SQLite takes a page that is there in part for a whole one
        if written == FORMAT:
            return
        known = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        if not known:
            raise Damage("the file is empty")
        told = self._db.execute(tables.FORMAT_OF).fetchall() if "environment" in known else []
        if told == [(str(FORMAT),)]:
            raise Damage("the file's header")
        raise trouble.sentence("state.format", f"{written}", self.place)

    def _moved(self) -> bool:
        try:
            return self.path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._trouble():
            self._db.execute(begin)
            try:
                if begin != "BEGIN" and self._moved():
                    raise trouble.sentence("state.replaced", "inode", self.place)
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _trouble(self) -> contextlib.AbstractContextManager[None]:
        return sqlite_trouble(self.place)


@contextmanager
def sqlite_trouble(place: Place) -> Iterator[None]:
    """Whatever SQLite, the file system or a digest says inside, raised as Refused."""
    try:
        yield
    except Refused:
        raise
    except _TROUBLE as error:
        raise trouble.sentence(trouble.sqlite_code(error), str(error), place) from error


def _writer(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"file:{_quoted(path)}?mode=rw", uri=True, timeout=10, isolation_level=None,
                         check_same_thread=False)  # fmt: skip
    db.execute("PRAGMA synchronous=FULL")
    return db


def _reader(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, timeout=10, isolation_level=None,
                             check_same_thread=False)  # fmt: skip
        db.execute("SELECT count(*) FROM sqlite_master")
        return db
    except sqlite3.OperationalError:
        if path.with_name(path.name + "-wal").exists():
            raise
        # a folder that cannot be written to has no place for SQLite's shared memory; without a log none is needed
        return sqlite3.connect(f"file:{_quoted(path)}?immutable=1", uri=True, isolation_level=None)


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def make(path: Path) -> None:
    """A state file with its tables and nothing in them; whoever came first has made it."""
    databases.make(path, f"{SCHEMA} {tables.SET_FORMAT}; PRAGMA user_version={FORMAT};")


def open_file(path: Path, *, write: bool, create: bool) -> SQLite | None:
    if not path.exists():
        if not create:
            return None
        with sqlite_trouble(Place(file=str(path))):
            make(path)
    if write:
        SQLite(path, write=False).close()  # a file that is none is found before anything can touch it
    return SQLite(path, write=write)
