"""A YAML text, with some values otherwise and every other character as it was: comments, order, quotes, line ends.

In: the text of a file that reads without error, and paths with their new values. Out: the new text, and the line that
each change stands at. Nothing is written here. The new text is read again: where anything but the asked values came out
otherwise, or a value cannot be changed by its characters alone, the change is refused.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from inventory.documents import Part, Path_, parts, read
from inventory.problems import Refused, refuse

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
"""a word that needs no quotes here, where every scalar is text"""
_NOT_TEXT = ("null",)
Splice = tuple[int, int, str]
"""from, to, what stands there instead"""


def edited(text: str, changes: Mapping[Path_, Any], file: str) -> tuple[str, dict[Path_, int]]:
    """The text with these values, and for each path the line (from 0) of the old text that it changes or comes after."""
    where = parts(text)
    old = read(text, file).data
    splices: dict[Path_, Splice] = {}
    for path, value in changes.items():
        splice = _splice(text, where, path, written(value))
        if splice is None:
            raise _cannot(file, text, where, path)
        splices[path] = splice
    new, last = [], len(text)
    # from the end, so that what stands before keeps its place; of two at one place the first comes first
    for start, end, instead in sorted(splices.values(), key=lambda one: one[0], reverse=True):
        new += [text[end:last], instead]
        last = start
    result = "".join(reversed([*new, text[:last]]))
    expected = copy.deepcopy(old)
    for path, value in changes.items():
        _put(expected, path, _read(value))
    try:
        good = read(result, file).data == expected
    except Refused:
        good = False
    if not good:
        raise _cannot(file, text, where, next(iter(changes)))
    return result, {path: text.count("\n", 0, splice[0]) for path, splice in splices.items()}


def written(value: Any) -> str:
    """A value as it is written: a switch, a number, a word, a list of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if float(value).is_integer() and abs(value) < 1e6 else repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    word = str(value)
    return word if _PLAIN.fullmatch(word) and word not in _NOT_TEXT else json.dumps(word, ensure_ascii=False)


def _read(value: Any) -> Any:
    """As `documents` reads what `written` wrote."""
    if isinstance(value, list | tuple):
        return [_read(one) for one in value]
    return str(value) if isinstance(value, str) else written(value)


def _put(data: Any, path: Path_, value: Any) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


def _splice(text: str, where: Mapping[Path_, Part], path: Path_, new: str) -> Splice | None:
    part = where.get(path)
    if part is None:
        return _insertion(text, where, path, new)
    old = text[part.start : part.end]
    if part.shape == "text" or part.block or old.startswith(("&", "!")):
        return None
    if not old:  # a key with nothing after it: the value is written behind the colon
        return None
    return part.start, part.end, new


def _insertion(text: str, where: Mapping[Path_, Part], path: Path_, new: str) -> Splice | None:
    above = where.get(path[:-1])
    if above is None or above.shape != "mapping" or text[above.start : above.start + 1] in ("&", "!"):
        return None
    entry = f"{path[-1]}: {new}"
    entries = list(_entries(where, path[:-1]))
    if not above.block:
        at = max((one.end for one in entries), default=above.start + 1)
        return at, at, f", {entry}" if entries else entry
    steady = [one for one in entries if one.shape == "scalar" or not (one.block or one.shape == "text")]
    if steady:  # behind the last entry whose end does not depend on what follows
        last = max(steady, key=lambda one: one.end)
        at = _end_of_line(text, last.end)
        return at, at, f"{_break(text, at)}{' ' * last.column}{entry}"
    first = min(entries, key=lambda one: one.key or (one.start, one.end), default=None)
    if first is None or first.key is None:
        return None
    at = first.key[0]
    return at, at, f"{entry}{_break(text, _end_of_line(text, at))}{' ' * first.column}"


def _entries(where: Mapping[Path_, Part], path: Path_) -> Iterator[Part]:
    return (part for key, part in where.items() if len(key) == len(path) + 1 and key[:-1] == path)


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1 : end] == "\r" and end - 1 >= at else end


def _break(text: str, at: int) -> str:
    """The line end that is used here."""
    if at >= len(text):
        return "\r\n" if "\r\n" in text else "\n"
    return "\r\n" if text[at] == "\r" else "\n"


def _cannot(file: str, text: str, where: Mapping[Path_, Part], path: Path_) -> Refused:
    spot = next((where[path[:n]].start for n in range(len(path), -1, -1) if path[:n] in where), 0)
    line, col = text.count("\n", 0, spot) + 1, spot - (text.rfind("\n", 0, spot) + 1) + 1
    return refuse(
        "edit.by-hand", f"这里的写法(锚点、多行文字或逐行列表)不能自动改:请手工把 {path[-1]} 改好",
        f"written like this (an anchor, a block of text, a list by lines) it is not changed by a machine: change {path[-1]} "
        "by hand", where=".".join(map(str, path)), file=file, line=line, col=col,
    )  # fmt: skip
