"""The journal as a value: entries that carry a digest chained over the one before, and the rows that follow from them.

Pure. The rows of a store are always what `Ledger` made of its entries, so that replaying gives exactly the rows. The
digests guard against accidents (bits, pages, lost tails), not against somebody who may write to the store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

RESOURCE, PENDING, WORD = "resource", "pending", "word"
SALT, AFTER, FOLD, ATTESTED = 1, 2, 3, 4
"""numbers of the words: the salt, the stacks that this one comes after, (in a base only) where it was folded, and the
last attestation"""
NAMES = {SALT: "salt", AFTER: "after", ATTESTED: "attested"}

Key = tuple[str, int]


class Row(NamedTuple):
    """One thing that is so now: a resource, a pending operation, a word about the stack."""

    kind: str
    number: int
    op: str
    """of a pending operation"""
    urn: str
    """of a word its name"""
    record: int
    """of a pending operation: the row of the resource that it works on"""
    body: str
    """JSON, secrets sealed"""

    @property
    def key(self) -> Key:
        return self.kind, self.number


class Entry(NamedTuple):
    """One thing that was done. `what` is put, drop, intend, settle or word; `op` is the engine's own name for it."""

    seq: int
    update: int
    at: str
    what: str
    op: str
    urn: str
    number: int
    record: int
    body: str
    settles: str
    """numbers of the pending operations that this closes, with commas between"""
    digest: str


_MAKES = {"put": RESOURCE, "intend": PENDING, "word": WORD}


def row_digest(row: Row) -> str:
    return sha256("\0".join(map(str, row)).encode("utf-8", "replace")).hexdigest()


def entry_digest(before: str, entry: Entry) -> str:
    """Over the digest of the entry before and everything that the entry says."""
    return sha256("\0".join(map(str, (before, *entry[:-1]))).encode("utf-8", "replace")).hexdigest()


def words_digest(*words: Any) -> str:
    """Of a row of another table: None and numbers as Python writes them."""
    return sha256("\0".join(map(str, words)).encode("utf-8", "replace")).hexdigest()


def genesis(stack: str) -> str:
    """What the first entry is chained to."""
    return words_digest("genesis", stack)


def made(entry: Entry) -> Row | None:
    """The row that an entry puts in place; None where it only takes away."""
    kind = _MAKES.get(entry.what)
    if kind is None:
        return None
    op, record = (entry.op, entry.record) if kind == PENDING else ("", 0)
    return Row(kind, entry.number, op, entry.urn, record, entry.body)


def taken(entry: Entry) -> list[Key]:
    """The keys of the rows that an entry takes away."""
    gone = [(PENDING, int(number)) for number in entry.settles.split(",") if number]
    return [*gone, (RESOURCE, entry.number)] if entry.what == "drop" else gone


class Ledger:
    """Where a journal stands: its last entry, and the rows that follow from all of them. `total` is the sum of the
    rows' digests, by which a row that is missing is missed."""

    def __init__(self, seq: int, chain: str, rows: Iterable[Row] = ()) -> None:
        self.seq, self.chain = seq, chain
        self.rows: dict[Key, Row] = {}
        self.digests: dict[Key, str] = {}
        self.touched: set[Key] = set()
        """keys of what has changed since somebody emptied this"""
        self._sum = 0
        for row in rows:
            self._set(row)
        self.touched.clear()

    @property
    def total(self) -> str:
        return f"{self._sum:064x}"

    def of(self, kind: str) -> list[Row]:
        """The rows of one kind, by number."""
        return sorted((row for row in self.rows.values() if row.kind == kind), key=lambda row: row.number)

    def words(self) -> dict[str, str]:
        return {row.urn: row.body for row in self.of(WORD)}

    def append(
        self,
        update: int,
        at: str,
        what: str,
        op: str,
        urn: str,
        number: int = 0,
        record: int = 0,
        body: str = "",
        settles: Iterable[int] = (),
    ) -> Entry:
        """Make the next entry and let it count. Number 0 stands for the entry's own: unique, and never used again."""
        seq = self.seq + 1
        bare = Entry(
            seq, update, at, what, op, urn, number or (seq if what in _MAKES else 0), record, body,
            ",".join(map(str, settles)), "",
        )  # fmt: skip
        entry = bare._replace(digest=entry_digest(self.chain, bare))
        self.enter(entry)
        return entry

    def enter(self, entry: Entry) -> None:
        """Let an entry count."""
        self.seq, self.chain = entry.seq, entry.digest
        for key in taken(entry):
            self._drop(key)
        row = made(entry)
        if row is not None:
            self._set(row)

    def become(self, update: int, at: str, op: str, wanted: Mapping[Key, Row]) -> list[Entry]:
        """The entries that lead from here to the wanted resources and pending operations; they count already. What is
        the same already gets none."""
        entries = []
        for key, row in list(self.rows.items()):
            if row.kind == WORD or key in wanted:
                continue
            if row.kind == RESOURCE:
                entries.append(self.append(update, at, "drop", op, row.urn, row.number))
            else:
                entries.append(self.append(update, at, "settle", op, row.urn, settles=(row.number,)))
        for key, row in wanted.items():
            if self.rows.get(key) == row:
                continue
            if row.kind == RESOURCE:
                entries.append(self.append(update, at, "put", op, row.urn, row.number, 0, row.body))
            else:
                entries.append(self.append(update, at, "intend", row.op, row.urn, row.number, row.record, row.body))
        return entries

    def _set(self, row: Row) -> None:
        key = row.key
        self._drop(key)
        digest = self.digests[key] = row_digest(row)
        self.rows[key] = row
        self._sum = (self._sum + int(digest, 16)) % (1 << 256)
        self.touched.add(key)

    def _drop(self, key: Key) -> None:
        digest = self.digests.pop(key, None)
        if digest is not None:
            del self.rows[key]
            self._sum = (self._sum - int(digest, 16)) % (1 << 256)
            self.touched.add(key)


def sound(seq: int, chain: str, entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Entries that say what was written, and entries that do not, walking from where a chain starts. An entry of which
    only the digest was damaged is sound: the next one was chained over the right one."""
    good, bad = [], []
    listed = list(entries)
    for position, entry in enumerate(listed):
        right = entry_digest(chain, entry)
        following = listed[position + 1] if position + 1 < len(listed) else None
        proved = following is not None and following.seq == entry.seq + 1 and (
            entry_digest(right, following) == following.digest
        )  # fmt: skip
        if entry.seq == seq + 1 and (right == entry.digest or proved):
            good.append(entry._replace(digest=right))
            seq, chain = entry.seq, right
        else:
            bad.append(entry)
            seq, chain = entry.seq, entry.digest
    return good, bad


def as_text(values: Sequence[Any]) -> str:
    """A row as JSON, whatever is in it."""
    return json.dumps(list(values), ensure_ascii=False, default=repr)
