"""The free blocks of one pool in SQLite, read as far as one change needs them and written back as what has changed.

Of each length the lowest blocks are read first, more when those are used up: what a change costs depends on what it
takes, not on what the pool has. Works inside the transaction of whoever made it.
"""

from __future__ import annotations

import sqlite3

from inventory.allotting.space import Free

TABLES = """
CREATE TABLE free(pool INTEGER NOT NULL, length INTEGER NOT NULL, start BLOB NOT NULL,
    PRIMARY KEY(pool, length, start)) WITHOUT ROWID;
"""
_LENGTHS = """
WITH RECURSIVE there(length) AS (
    SELECT max(length) FROM free WHERE pool=?1
    UNION ALL
    SELECT (SELECT max(f.length) FROM free f WHERE f.pool=?1 AND f.length<there.length) FROM there
    WHERE there.length IS NOT NULL)
SELECT length FROM there WHERE length IS NOT NULL
"""
_SOME = "SELECT start FROM free WHERE pool=? AND length=? AND start>=? ORDER BY start LIMIT ?"
_ONE = "SELECT 1 FROM free WHERE pool=? AND length=? AND start=?"
_MOST_FIT = "SELECT max(length) FROM free WHERE pool=? AND length<=?"
_LEAST = "SELECT min(length) FROM free WHERE pool=? AND length<=?"
_FIRST, _MOST = 4, 4096
"""blocks read at once: few, then twice as many each time"""


class Stored(Free):
    """`Free` over the rows of a pool. `write` says what has changed; until then the rows are as they were."""

    __slots__ = ("_added", "_chunk", "_db", "_next", "_pool", "_read_all", "_removed", "_whole", "_width")

    def __init__(self, db: sqlite3.Connection, pool: int, bits: int, *, new: bool = False) -> None:
        """`new`: the pool has no rows yet, so none are looked for."""
        super().__init__(bits)
        self._db, self._pool, self._width = db, pool, bits // 8
        self._added: set[tuple[int, int]] = set()
        self._removed: set[tuple[int, int]] = set()
        self._next: dict[int, int] = {}
        """of each length, from where on the rows have not been read"""
        self._read_all: set[int] = set(range(bits + 1)) if new else set()
        """lengths of which all rows have been read"""
        self._chunk: dict[int, int] = {}
        self._whole = new
        """whether `lengths` has all lengths of the rows"""

    def take(self, length: int, *, sparse: bool = False) -> int | None:
        if not self._whole:
            near = self._db.execute(_LEAST if sparse else _MOST_FIT, (self._pool, length)).fetchone()[0]
            if near is not None:
                self.lengths |= 1 << near
            if near is None or self.first(near) is None:
                self._all_lengths()
        return super().take(length, sparse=sparse)

    def spread(self, length: int, count: int) -> list[int]:
        self._all_lengths(count)
        return super().spread(length, count)

    def run(self, length: int, count: int) -> list[int]:
        self._all_lengths(count)
        return super().run(length, count)

    def around(self, length: int, start: int) -> int | None:
        self._all_lengths()
        return super().around(length, start)

    def first(self, length: int) -> int | None:
        start = super().first(length)
        while length not in self._read_all and (start is None or start >= self._next.get(length, 0)):
            self._read(length)
            start = super().first(length)
        if start is None:
            self.lengths &= ~(1 << length)
        return start

    def has(self, length: int, start: int) -> bool:
        if super().has(length, start):
            return True
        if length in self._read_all or start < self._next.get(length, 0) or (length, start) in self._removed:
            return False
        found = self._db.execute(_ONE, (self._pool, length, start.to_bytes(self._width, "big"))).fetchone()
        if found:
            super().add(length, start)  # as if it had been read
        return bool(found)

    def add(self, length: int, start: int) -> None:
        super().add(length, start)
        if (length, start) in self._removed:
            self._removed.discard((length, start))
        else:
            self._added.add((length, start))

    def remove(self, length: int, start: int) -> None:
        super().remove(length, start)
        if length not in self._read_all:
            self.lengths |= 1 << length  # there may be more, not read yet
        if (length, start) in self._added:
            self._added.discard((length, start))
        else:
            self._removed.add((length, start))

    def write(self) -> None:
        """Bring the rows up to date."""
        for sql, blocks in (
            ("DELETE FROM free WHERE pool=? AND length=? AND start=?", self._removed),
            ("INSERT INTO free(pool, length, start) VALUES(?,?,?)", self._added),
        ):
            if blocks:
                rows = [(self._pool, length, start.to_bytes(self._width, "big")) for length, start in sorted(blocks)]
                self._db.executemany(sql, rows)
        self._added.clear()
        self._removed.clear()

    def _all_lengths(self, count: int = _FIRST) -> None:
        """Look up the lengths that there are, where so many blocks are asked for that this is less than one by one."""
        if not self._whole and count >= _FIRST:
            for (length,) in self._db.execute(_LENGTHS, (self._pool,)):
                self.lengths |= 1 << length
            self._whole = True

    def _read(self, length: int) -> None:
        chunk = self._chunk.get(length, _FIRST)
        self._chunk[length] = min(2 * chunk, _MOST)
        low = self._next.get(length, 0).to_bytes(self._width, "big")
        rows = self._db.execute(_SOME, (self._pool, length, low, chunk)).fetchall()
        for (blob,) in rows:
            start = int.from_bytes(blob, "big")
            if (length, start) not in self._removed:
                super().add(length, start)
        if len(rows) < chunk:
            self._read_all.add(length)
        else:
            self._next[length] = int.from_bytes(rows[-1][0], "big") + 1
