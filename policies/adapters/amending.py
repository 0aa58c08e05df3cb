"""A deployment's text, with some properties otherwise and every other character as it was.

In: the text of a file that `deployment` reads, and for each URN its changed properties. Out: the new text. A value that
stands in inputs and in outputs is changed in both, one that stands nowhere is added to both. The text is walked by its
characters, not written anew: exports differ in indentation, escapes and numbers, and a copy shows nothing but the changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.adapters.deployment import counts

Changes = Mapping[str, Mapping[str, Any]]
"""urn → property → value"""
_SPACE = re.compile(r"[ \t\r\n]*")
_VALUE = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of an object and its value, as places in the text."""

    key: int
    colon: int
    """behind the key"""
    start: int
    end: int


def amended(text: str, changes: Changes) -> tuple[str, dict[tuple[str, str], int]]:
    """The new text, and for (urn, property) the line (from 0) of the old one where it is first changed; what is not in
    the second has no place in this file."""
    start = _SPACE.match(text, len(text) - len(text.removeprefix("\ufeff")))
    top = _entries(text, start.end() if start else 0)
    rows = _entries(text, top["deployment"].start)["resources"] if "deployment" in top else None
    splices: list[tuple[int, int, str]] = []
    lines: dict[tuple[str, str], int] = {}
    for at, row in _items(text, rows.start) if rows else ():
        asked = changes.get(row["urn"]) if counts(row) else None
        for field, value in (asked or {}).items():
            made = list(_row(text, at, row, field, json.dumps(value, ensure_ascii=False)))
            splices += made
            if made:
                lines[row["urn"], field] = text.count("\n", 0, min(start for start, _, _ in made))
    pieces, last = [], 0
    for begin, end, instead in sorted(splices, key=lambda one: one[0]):
        pieces += [text[last:begin], instead]
        last = end
    return "".join([*pieces, text[last:]]), lines


def _row(text: str, at: int, row: Mapping[str, Any], field: str, new: str) -> Iterator[tuple[int, int, str]]:
    sides = [key for key in ("inputs", "outputs") if isinstance(row.get(key), Mapping)]
    having = [key for key in sides if field in row[key]]
    where = _entries(text, at)
    for side in having or sides:
        entries = _entries(text, where[side].start)
        if field in entries:
            yield entries[field].start, entries[field].end, new
        else:
            yield _added(text, where[side].start, entries, json.dumps(field), new)


def _added(text: str, at: int, entries: Mapping[str, Entry], key: str, new: str) -> tuple[int, int, str]:
    """Behind the last entry, spaced as the entries before it are."""
    found = list(entries.values())
    if not found:
        return at + 1, at + 1, f"{key}: {new}"
    opening, colon = text[at + 1 : found[0].key], text[found[0].colon : found[0].start]
    return found[-1].end, found[-1].end, f",{opening}{key}{colon}{new}"


def _entries(text: str, at: int) -> dict[str, Entry]:
    """Of the object that begins here; of a key that stands twice the last, which is the one that is read."""
    found: dict[str, Entry] = {}
    at = _skip(text, at + 1)
    while text[at] != "}":
        key = at
        name, behind = _VALUE.raw_decode(text, at)
        start = _skip(text, _skip(text, behind) + 1)
        _, end = _VALUE.raw_decode(text, start)
        found.pop(name, None)
        found[name] = Entry(key, behind, start, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _items(text: str, at: int) -> Iterator[tuple[int, Any]]:
    """Of the list that begins here: where each item begins, and what it is."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = _VALUE.raw_decode(text, at)
        yield at, value
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
