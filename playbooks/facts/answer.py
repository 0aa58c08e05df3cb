"""A host's answer, read as what it is: text from somebody who may be anybody. Pure.

In: the line that `files/facts.py` printed. Out: an `Answer` whose parts are bounded and of the right types, without
control characters; nothing in it is ever run, rendered or evaluated. Raises Garbled where it is no answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from playbooks.facts.asked import FILES

MOST = 4 * 1024 * 1024
"""characters of a whole answer"""
_CONTROL = re.compile(r"[^\S\n\t ]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Garbled(Exception):
    """It is no answer; the text says why."""


@dataclass(frozen=True)
class Said:
    """What a command said; `out` is None where it hung or said too much."""

    code: int
    out: str | None


@dataclass(frozen=True)
class Answer:
    """What one host told."""

    files: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    commands: Mapping[str, Said] = field(default_factory=dict)
    there: frozenset[str] = frozenset()

    def text(self, path: str) -> str | None:
        """A file's lines: "" where there is no such file, None where it could not be read."""
        return None if path in self.unread else self.files.get(path, "")

    def texts(self, *patterns: str) -> tuple[str, ...] | None:
        """The files that the patterns name, in the order of the patterns; None where one of them could not be read."""
        if any(fnmatchcase(path, pattern) for path in self.unread for pattern in patterns):
            return None
        return tuple(
            text for pattern in patterns for path, text in sorted(self.files.items()) if fnmatchcase(path, pattern)
        )

    def out(self, command: str, *codes: int) -> str | None:
        """What a command said, where it ended with one of the codes (0); None where there is nothing to go by."""
        said = self.commands.get(command)
        return said.out if said and said.code in (codes or (0,)) else None


def read(text: str) -> Answer:
    """The answer in a line of JSON."""
    if len(text) > MOST:
        raise Garbled(f"{len(text)} characters")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Garbled("no JSON") from None
    if not isinstance(data, dict):
        raise Garbled("no object")
    files = {path: _clean(value) for path, value in _pairs(data, "files", str) if _wanted(path)}
    commands = {
        name: Said(of["code"], None if of.get("out") is None else _clean(of["out"]))
        for name, of in _pairs(data, "commands", dict)
        if type(of.get("code")) is int and isinstance(of.get("out"), str | None)
    }
    return Answer(files, frozenset(_words(data, "unread")), commands, frozenset(_words(data, "there")))


def _wanted(path: str) -> bool:
    """A host hands over what it was asked for, and nothing else is looked at."""
    return any(fnmatchcase(path, pattern) for pattern in FILES)


def _pairs(data: Mapping[str, Any], key: str, kind: type) -> Iterator[tuple[str, Any]]:
    part = data.get(key)
    if not isinstance(part, dict) or not all(isinstance(value, kind) for value in part.values()):
        raise Garbled(f"'{key}' is not as asked for")
    yield from part.items()


def _words(data: Mapping[str, Any], key: str) -> list[str]:
    part = data.get(key)
    if not isinstance(part, list) or not all(isinstance(value, str) for value in part):
        raise Garbled(f"'{key}' is not as asked for")
    return part


def _clean(text: str) -> str:
    """Without what could move a cursor or turn a line round; lines stay lines."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))
