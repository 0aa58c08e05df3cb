"""What a damaged state still says: pure, from the rows that could be read to the rows that are to be.

The journal is believed where its chain holds, the present rows where their sum does, and of what holds nowhere every
row that is as it was written. What is not believed is kept apart, never thrown away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stacks.engine.state.chain import (
    FOLD,
    NAMES,
    PENDING,
    RESOURCE,
    SALT,
    WORD,
    Entry,
    Key,
    Ledger,
    Row,
    as_text,
    made,
    row_digest,
    sound,
    taken,
    words_digest,
)

Raw = Mapping[str, Sequence[Sequence[Any]]]
"""table → the rows of one stack as they could be read, without the stack's name"""

_ENTRY = (int, int, str, str, str, str, int, int, str, str, str)
_ROW = (str, int, str, str, int, str)


@dataclass(frozen=True, slots=True)
class Mended:
    """A stack as it is to be written anew."""

    base: Ledger
    entries: list[Entry]
    present: Ledger
    updates: list[tuple[Any, ...]]
    apart: list[tuple[str, str]] = field(default_factory=list)
    """(table, JSON of the row) of what is not believed"""
    lost: tuple[str, ...] = ()


def mend(stack: str, raw: Raw, at: str, salt: str) -> Mended:
    """The best that can be made of what was read. `salt`: the environment's, where the stack's own cannot be read."""
    updates, apart = _updates(raw["updates"], at)
    rows, damaged = _rows(raw["present"])
    base, _ = _rows(raw["base"])
    entries = sorted((Entry(*row) for row in raw["journal"] if _typed(row, _ENTRY)), key=lambda entry: entry.seq)
    head = _head(stack, raw["heads"])
    replayed = _replayed(base, entries, head, rows)
    if replayed is not None and len(entries) == len(raw["journal"]):
        start, good, ledger = replayed
        return Mended(start, good, ledger, updates, apart)
    apart += [("journal", as_text(row)) for row in raw["journal"]]
    now = Ledger(0, "", rows.values())
    if head is not None and not damaged and now.total == head[2]:
        standing = Ledger(head[0], head[1], rows.values())
        return Mended(standing, [], standing, updates, apart)
    merged, lost = _merged(rows, damaged, base, entries)
    if (WORD, SALT) not in merged:
        merged[WORD, SALT] = Row(WORD, SALT, "", NAMES[SALT], 0, salt)
    seq = max([0, head[0] if head else 0, *(e.seq for e in entries), *(number for _, number in merged)])
    standing = Ledger(seq, words_digest("mended", stack, seq, at), merged.values())
    apart += [("present", as_text(row)) for row in damaged]
    return Mended(standing, [], standing, updates, apart, lost)


def _replayed(
    base: dict[Key, Row], entries: list[Entry], head: tuple[int, str, str] | None, rows: dict[Key, Row]
) -> tuple[Ledger, list[Entry], Ledger] | None:
    """(base, entries, what they come to) where the journal can be believed."""
    fold = base.get((WORD, FOLD))
    if fold is None:
        return None
    seq, chain, total = json.loads(fold.body)
    plain = [row for row in base.values() if row is not fold]
    start, ledger = Ledger(seq, chain, plain), Ledger(seq, chain, plain)
    good, bad = sound(seq, chain, entries)
    if bad or start.total != total:
        return None
    for entry in good:
        ledger.enter(entry)
    if head is not None and head[:2] != (ledger.seq, ledger.chain):
        return None
    if head is None and any(ledger.rows.get(key) != row for key, row in rows.items()):
        return None  # the head cannot tell whether the journal's end is there, but the rows know better
    return start, good, ledger


def _merged(
    rows: dict[Key, Row], damaged: list[Sequence[Any]], base: dict[Key, Row], entries: list[Entry]
) -> tuple[dict[Key, Row], tuple[str, ...]]:
    """Every row that is as it was written: the present ones, and of what is missing there the last that was."""
    last: dict[Key, Row] = {key: row for key, row in base.items() if key != (WORD, FOLD)}
    broken: list[str] = []
    before = ""
    for entry in entries:
        good, _ = sound(entry.seq - 1, before, [entry])
        before = entry.digest
        if not good and before and entry is not entries[0]:
            broken.append(entry.urn)
            continue
        for key in taken(entry):
            last.pop(key, None)
        row = made(entry)
        if row is not None:
            last[row.key] = row
    merged = {**last, **rows}
    urns = {row.urn for row in merged.values()}
    told = [str(row[3]) for row in damaged if len(row) > 3 and row[0] in (RESOURCE, PENDING)] + broken
    return merged, tuple(dict.fromkeys(urn for urn in told if urn and urn not in urns))


def _head(stack: str, found: Sequence[Sequence[Any]]) -> tuple[int, str, str] | None:
    for seq, chain, total, _, digest in found:
        if digest == words_digest(stack, seq, chain, total):
            return seq, chain, total
    return None


def _rows(found: Sequence[Sequence[Any]]) -> tuple[dict[Key, Row], list[Sequence[Any]]]:
    rows, damaged = {}, []
    for values in found:
        row = Row(*values[:-1])
        if _typed(values[:-1], _ROW) and row_digest(row) == values[-1]:
            rows[row.key] = row
        else:
            damaged.append(values)
    return rows, damaged


def _updates(found: Sequence[Sequence[Any]], at: str) -> tuple[list[tuple[Any, ...]], list[tuple[str, str]]]:
    """The history; in the place of an update that is not as it was written stands that it was there."""
    rows: dict[int, tuple[Any, ...]] = {}
    apart = []
    for values in found:
        row = tuple(values[:-1])
        if words_digest(*row) != values[-1]:
            apart.append(("updates", as_text(values)))
            note = "damaged: kept apart"
            row = (row[0], "unknown", "", at, at, "unknown", "", "{}", None, note)
        if isinstance(row[0], int) and (row[0] not in rows or rows[row[0]][1] == "unknown"):
            rows[row[0]] = (*row, words_digest(*row))
    return [rows[number] for number in sorted(rows)], apart


def _typed(values: Sequence[Any], types: Sequence[type]) -> bool:
    return len(values) == len(types) and all(type(v) is t for v, t in zip(values, types, strict=True))
