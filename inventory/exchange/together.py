"""A whole JSON file, or many of its objects, at once: what `objects` finds one by one, and prefixes column by column.

In: bytes in UTF-8. Out: the same objects and keys in the same order, in chunks of undecoded objects; or None wherever the
file has anything that is not plain, which is then looked at one by one and told exactly. msgspec checks the syntax of
what it skips and gives each object as a view of the text: decoding all of it takes five times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import msgspec
from msgspec import Raw, Struct

from inventory.exchange.objects import ENDPOINT, UNREAD, Key

CHUNK = 4096
"""objects that are read at once"""
LARGEST = 4000
"""bytes of an object that is read so: it has no longer numbers, and is not nested deeper, than Python's reader takes"""
_Page = dict[str, list[Raw] | int | float | str | bool | None]
_TOP = msgspec.json.Decoder(list[Raw] | dict[str, list[Raw] | _Page | int | float | str | bool | None])
_KEY = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*')
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[^ \t\r\n,\]}]+', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")


class Custom(Struct, gc=False):
    """The custom fields of a prefix that are read, by either name."""

    secret: bool | str | None = None
    secret_zh: bool | str | None = msgspec.field(default=None, name="涉密")
    system: str | None = None
    system_zh: str | None = msgspec.field(default=None, name="系统")
    name: str | None = None
    name_zh: str | None = msgspec.field(default=None, name="名称")


NULL, NOTHING = Raw(b"null"), Custom()


class Row(Struct, gc=False):
    """What is read of a prefix. References and choices stay text: of a million there are few that differ."""

    prefix: str
    vrf: Raw = NULL
    status: Raw = NULL
    tenant: Raw = NULL
    role: Raw = NULL
    scope_type: str | None = None
    scope: Raw = NULL
    site: Raw = NULL
    vlan: Raw = NULL
    custom_fields: Custom | None = None
    description: str | None = None


_ROW = msgspec.json.Decoder(Row)
_columns = msgspec.structs.astuple


@dataclass(frozen=True, slots=True)
class Chunk:
    """Objects side by side in one list, not decoded. `between` is what stands between any two of them, b"" where that
    differs or where an object has more than one line."""

    endpoint: str
    texts: Sequence[Raw]
    between: bytes
    starts: Sequence[int]
    """offsets in bytes"""

    def rows(self) -> list[tuple[Any, ...]] | None:
        """The columns of prefixes, in the order of `Row` with those of `Custom` in place of the custom fields; None
        where one of them is no plain prefix."""
        if self.endpoint not in ("", "prefixes") or max(map(len, self.texts)) > LARGEST:
            return None
        try:
            found = list(zip(*map(_columns, map(_ROW.decode, self.texts)), strict=True))
        except (msgspec.DecodeError, RecursionError):
            return None
        customs = [each or NOTHING for each in found[9]]
        return [*found[:9], *zip(*map(_columns, customs), strict=True), found[10]]


class _Odd(Exception):
    """Not what can be told so."""


def found(data: bytes) -> list[Chunk | Key] | None:
    """Everything that `objects.found` yields, objects in chunks; None where that has to be asked."""
    try:
        return list(_value(data, _skip(data, 0), _TOP.decode(data), ""))
    except (msgspec.DecodeError, RecursionError, _Odd):
        return None


def _value(data: bytes, at: int, value: Any, endpoint: str) -> Iterator[Chunk | Key]:
    """`value` is what msgspec made of what begins there; its end is told by the walk and checked against the text, since
    of keys that are there twice it has the last alone."""
    end = yield from _walk(data, at, value, endpoint)
    if not endpoint and _skip(data, end) != len(data):
        raise _Odd


def _walk(data: bytes, at: int, value: Any, endpoint: str) -> Iterator[Chunk | Key]:
    if isinstance(value, list):
        return (yield from _list(data, at, value, endpoint))
    if not isinstance(value, dict) or data[at : at + 1] != b"{":
        raise _Odd
    at = _skip(data, at + 1)
    seen = set[str]()
    while data[at : at + 1] != b"}":
        match = _KEY.match(data, at)
        key = str(match[1], "utf-8") if match else ""
        if match is None or key not in value or key in seen:
            raise _Odd
        seen.add(key)
        inner, key_at, at = value[key], at, match.end()
        if key == "results" and isinstance(inner, list):
            at = yield from _list(data, at, inner, endpoint)
        elif key == "results":
            raise _Odd
        elif key in ENDPOINT and not endpoint:
            at = yield from _walk(data, at, inner, ENDPOINT[key])
        elif key == UNREAD and isinstance(inner, list | dict):
            at = yield from _walk(data, at, inner, UNREAD)
        else:
            at = _past(data, at, inner)
            if endpoint != UNREAD:
                yield Key(key_at, key, inner)
        at = _next(data, at, b"}")
    if len(seen) != len(value):
        raise _Odd
    return at + 1


def _list(data: bytes, at: int, texts: list[Raw], endpoint: str) -> Iterator[Chunk]:
    if data[at : at + 1] != b"[":
        raise _Odd
    at = _skip(data, at + 1)
    for first in range(0, len(texts), CHUNK):
        part = texts[first : first + CHUNK]
        if first:
            at = _next(data, at, b"")
        chunk, at = _chunk(data, at, part, endpoint)
        if endpoint != UNREAD:
            yield chunk
    at = _skip(data, at)
    if data[at : at + 1] != b"]":
        raise _Odd
    return at + 1


def _chunk(data: bytes, at: int, texts: list[Raw], endpoint: str) -> tuple[Chunk, int]:
    """The objects that begin there, and where the last ends."""
    if len(texts) > 1:
        match = _COMMA.match(data, at + len(texts[0]))
        between = match[0] if match else b","
        whole = between.join(texts)  # pyright: ignore[reportArgumentType]
        if data.startswith(whole, at) and b"\n" not in b"".join(texts):  # pyright: ignore[reportArgumentType]
            sizes = (len(text) + len(between) for text in texts[:-1])
            return Chunk(endpoint, texts, between, list(accumulate(sizes, initial=at))), at + len(whole)
    starts = list[int]()
    for text in texts:
        at = _next(data, at, b"") if starts else at
        if not data.startswith(bytes(text), at):
            raise _Odd
        starts.append(at)
        at += len(text)
    return Chunk(endpoint, texts, b"", starts), at


def _past(data: bytes, at: int, value: Any) -> int:
    """Where a value ends that is not read."""
    if isinstance(value, list | dict):
        walk = _walk(data, at, value, UNREAD)
        while True:
            try:
                next(walk)
            except StopIteration as stop:
                return stop.value
    match = _SCALAR.match(data, at)
    if match is None:
        raise _Odd
    return match.end()


def _next(data: bytes, at: int, closing: bytes) -> int:
    """Past a comma, or to what closes."""
    at = _skip(data, at)
    if closing and data[at : at + 1] == closing:
        return at
    if data[at : at + 1] != b",":
        raise _Odd
    return _skip(data, at + 1)


def _skip(data: bytes, at: int) -> int:
    match = _SPACE.match(data, at)
    return match.end() if match else at
