"""A SQLite file made whole or not at all: for every record of ours that many processes may open at once.

In: a path, the SQL of its tables. Out: the file, with a write-ahead log. It is made under another name, synced, and then
linked into its place: processes that come at once find one file, with its tables, and a file that is empty was cut.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

from inventory.replacing import synced


def make(path: Path, tables: str) -> None:
    """The file with its tables and nothing else; where somebody was faster, theirs stays. OSError or sqlite3.Error where
    it cannot be made, and then nothing is left behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    os.close(handle)
    try:
        db = sqlite3.connect(name, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(f"BEGIN; {tables} COMMIT;")
        finally:
            db.close()  # folds the log into the file, synced
        os.chmod(name, 0o666 & ~_umask())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)  # never overwrites
        synced(path.parent)
    finally:
        for left in (name, f"{name}-wal", f"{name}-shm"):
            Path(left).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
