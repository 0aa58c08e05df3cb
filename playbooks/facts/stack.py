"""A PAM stack as the modules that are asked. Pure: the files of an answer → modules with their arguments.

What is followed: `include`, `substack` and `@include`, ten deep at most. What is not: the jumps between modules; a module
that is listed counts as asked. A file that is named and was not read makes the whole stack unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from playbooks.facts.answer import Answer

_DEPTH = 10
_LINE = re.compile(r"-?(auth|password)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)")


class Unread(Exception):
    """A part of the stack is not there to be read."""


@dataclass(frozen=True)
class Module:
    """One line: `pam_faillock`, and what it was given."""

    name: str
    arguments: tuple[str, ...]

    def values(self) -> dict[str, str]:
        """Arguments with a value; the last one of a name counts."""
        pairs = (word.partition("=") for word in self.arguments)
        return {key: value for key, sign, value in pairs if sign}


def modules(answer: Answer, path: str, kind: str) -> tuple[Module, ...]:
    """All of a kind (`auth`, `password`) in a file, in order. Raises Unread."""
    found = tuple(_walk(answer, path, kind, _DEPTH))
    if not found:
        raise Unread(path)
    return found


def _walk(answer: Answer, path: str, kind: str, depth: int) -> Iterator[Module]:
    text = answer.text(path)
    if not text or not depth:
        raise Unread(path)
    folder = path.rpartition("/")[0]
    for line in map(str.strip, text.splitlines()):
        if line.startswith("@include"):
            yield from _walk(answer, f"{folder}/{line.split()[-1]}", kind, depth - 1)
            continue
        row = _LINE.fullmatch(line)
        if row is None or row[1] != kind:
            continue
        if row[2] in ("include", "substack"):
            yield from _walk(answer, f"{folder}/{row[3]}", kind, depth - 1)
        else:
            yield Module(row[3].rpartition("/")[2].removesuffix(".so"), tuple(row[4].split()))
