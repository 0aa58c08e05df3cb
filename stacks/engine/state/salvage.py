"""Reads what can still be read of a SQLite file with damaged pages, and puts a new file into its place."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from stacks.engine.state.tables import COLUMNS, TABLES, Database

_ROWS = 64
"""more than fit on a page: every row has a digest"""


def salvage(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """table → every row that can be read, of all stacks of the file."""
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        with contextlib.suppress(sqlite3.DatabaseError):
            db.execute("PRAGMA writable_schema=ON")  # a damaged line of the schema hides no other table
        for table in TABLES:
            rows = dict(_rows(db, table))
            found[table] = [rows[rowid] for rowid in sorted(rows) if len(rows[rowid]) == len(COLUMNS[table])]
    return found


def _rows(db: sqlite3.Connection, table: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Forwards to the first damaged place, backwards to the last, and between them row by row: those that the index
    knows, and as many as there can be."""
    select = f"SELECT rowid, * FROM {table} NOT INDEXED"  # a column's name may be what is damaged
    first = yield from _walk(db, f"{select} ORDER BY rowid")
    if first is None:
        return
    last = yield from _walk(db, f"{select} ORDER BY rowid DESC")
    if last is None:
        return
    most = db.execute("PRAGMA page_count").fetchone()[0] * _ROWS
    between = set(range(first + 1, min(last or first + most, first + most)))
    for order in ("", " DESC"):
        first_column = COLUMNS[table][0]
        index = f"SELECT rowid FROM {table} INDEXED BY sqlite_autoindex_{table}_1 ORDER BY {first_column}{order}"
        between |= {row[0] for row in _walk(db, index)}
    for rowid in sorted(between):
        with contextlib.suppress(sqlite3.Error):
            for row in db.execute(f"{select} WHERE rowid=?", (rowid,)):
                yield row[0], row[1:]


def _walk(db: sqlite3.Connection, sql: str) -> Generator[tuple[int, tuple[Any, ...]], None, int | None]:
    """The rowid before the damaged place; None where there was none."""
    at = 0
    try:
        for row in db.execute(sql):
            at = row[0]
            yield row[0], row[1:]
    except sqlite3.Error:
        return at
    return None


def rebuild(path: Path, fill: Callable[[Database], None], make: Callable[[Path], None], opened: Any) -> None:
    """A new file with what `fill` writes, in the place of the damaged one, of which a copy is kept elsewhere."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".mended", dir=path.parent)
    os.close(number)
    new = Path(name)
    new.unlink()
    try:
        make(new)
        db = opened(new, write=True)
        try:
            fill(db)
        finally:
            db.close()
        for suffix in ("-wal", "-shm"):  # of the damaged file: never to be read into the new one
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
