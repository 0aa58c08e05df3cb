"""JSON text of lists, pages and endpoints → its objects one by one, each with its place: the exact way.

In: text of which nothing is known. Out: objects and keys in the order of the text; `Broken` where it is no JSON, with the
place. An object is decoded from a window that grows up to MOST, so that what is never closed is never a large tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

ENDPOINTS = ("sites", "roles", "tenants", "vlans", "prefixes", "ip-addresses")
ENDPOINT = {**{name: name for name in ENDPOINTS}, "ip_addresses": "ip-addresses", "addresses": "ip-addresses"}
"""as it may be written → as it is called"""
UNREAD = "vrfs"
"""may be there, however large: prefixes and addresses name their VRF themselves"""
MOST = 1 << 20
"""characters of one object that is read; NetBox's have about a thousand"""
DIGITS = 4000
"""of a whole number: no identifier has as many, and Python takes long over them"""
_WINDOWS = (1 << 13, 1 << 16, MOST)
_SPACE = re.compile(r"[ \t\r\n]*")


class Broken(Exception):
    """No JSON from here on: place, Chinese, English."""

    def __init__(self, at: int, zh: str, en: str) -> None:
        super().__init__(at, zh, en)
        self.at, self.zh, self.en = at, zh, en


class Found(NamedTuple):
    """An object, or what stands for one: where it begins and ends, and its endpoint, "" where none is named."""

    start: int
    end: int
    endpoint: str
    data: Any


class Key(NamedTuple):
    """A key of a page or of the whole that holds no objects that are read."""

    at: int
    key: str
    value: Any


class _Long(ValueError):
    """A number of so many digits."""


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise _Long(len(digits))
    return int(digits)


_DECODER = json.JSONDecoder(parse_int=_whole)


def value(text: str, at: int) -> tuple[Any, int]:
    """The value with which a text begins, and its length. Broken, at `at`; JSONDecodeError."""
    try:
        return _DECODER.raw_decode(text)
    except _Long as error:
        raise Broken(at, f"有一个 {error} 位的数字,编号没有这么长:改正",
                     f"has a number of {error} digits, no identifier is as long: mend it") from None  # fmt: skip
    except RecursionError:
        raise Broken(at, "括号套得太深,不是 NetBox 的对象:检查括号",
                     "is nested too deeply for an object of NetBox: check brackets") from None  # fmt: skip


def large(at: int) -> Broken:
    """What begins there has MOST characters or more, or never ends."""
    return Broken(at, f"有 {MOST} 个字符以上,不是 NetBox 的对象:检查引号和括号",
                  f"has {MOST} characters or more, which no object of NetBox has: check quotes and brackets")  # fmt: skip


def found(text: str) -> Iterator[Found | Key]:
    """Everything that is in a list, a page, or a set of endpoints. Broken, after what is before it."""
    try:
        end = yield from _value(text, _skip(text, 0), "")
        rest = _skip(text, end)
        if rest != len(text):
            raise json.JSONDecodeError("Extra data", text, rest)
    except json.JSONDecodeError as error:
        raise Broken(error.pos, f"不是合法的 JSON({error.msg}):检查逗号、引号和括号",
                     f"not JSON ({error.msg}): check commas, quotes and brackets") from None  # fmt: skip


def _value(text: str, at: int, endpoint: str) -> Iterator[Found | Key]:
    """Objects of a list, a page or a set of endpoints; returns where it ends."""
    if text[at : at + 1] == "[":
        return (yield from _list(text, at, endpoint))
    if text[at : at + 1] != "{":
        raise json.JSONDecodeError("Expecting an object or a list", text, at)
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        key_at = at
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        key, at = _bounded(text, at)
        at = _past(text, _skip(text, at), ":")
        if key == "results":
            at = yield from _list(text, at, endpoint)
        elif key in ENDPOINT and not endpoint:
            at = yield from _value(text, at, ENDPOINT[key])
        elif key == UNREAD and text[at : at + 1] in ("[", "{"):
            at = yield from _value(text, at, UNREAD)
        else:
            data, at = _bounded(text, at)
            if endpoint != UNREAD:
                yield Key(key_at, key, data)
        at = _next(text, at, "}")
    return at + 1


def _list(text: str, at: int, endpoint: str) -> Iterator[Found | Key]:
    at = _past(text, at, "[")
    while text[at : at + 1] != "]":
        data, end = _bounded(text, at)
        if endpoint != UNREAD:
            yield Found(at, end, endpoint, data)
        at = _next(text, end, "]")
    return at + 1


def _bounded(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends."""
    for size in _WINDOWS:
        window = text[at : at + size]
        last = at + size >= len(text)
        try:
            data, length = value(window, at)
        except json.JSONDecodeError as error:
            cut = error.pos > size - 8 or error.msg.startswith("Unterminated string")
            if last or (size == MOST and not cut):
                raise json.JSONDecodeError(error.msg, text, at + error.pos) from None
        else:
            if length < size or last:
                return data, at + length
    raise large(at)


def _next(text: str, at: int, closing: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == closing:
        return at
    at = _past(text, at, ",")
    if text[at : at + 1] == closing:
        raise json.JSONDecodeError("a comma before the end", text, at)
    return at


def _past(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"Expecting '{sign}'", text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
