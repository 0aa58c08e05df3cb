"""What is wrong, as a sentence with a place: one object behind text, JSON and every later format.

`file:line:col: where: what: what to do [code]`, in Chinese and English, all problems of a run at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `line` and `col` count from 1; 0 means the whole file, "" no file at all."""

    code: str
    """dotted, stable, for searching: `request.unknown-key`"""
    zh: str
    """what is wrong, then what to do, in Chinese"""
    en: str
    where: str = ""
    """path inside the document, or the name of the thing: `liangzhu:system.workloads[0].pool`"""
    file: str = ""
    line: int = 0
    col: int = 0

    def text(self, language: Language = "zh") -> str:
        """The sentence in one language."""
        place = self.file + (f":{self.line}:{self.col}" if self.line else "")
        sentence = self.zh if language == "zh" else self.en
        return ": ".join(part for part in (place, self.where, sentence) if part) + f" [{self.code}]"

    def __str__(self) -> str:
        english = f"\n    {self.en}" if self.en != self.zh else ""
        return self.text("zh") + english

    def data(self) -> dict[str, str | int]:
        """For JSON: every field under its own name."""
        return asdict(self)


class Refused(Exception):
    """The input, the machine or the request is not fit to go on with: carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[Refused], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def refuse(code: str, zh: str, en: str, *, where: str = "", file: str = "", line: int = 0, col: int = 0) -> Refused:
    """A refusal of one problem: `raise refuse("lab.root", "…", "…")`."""
    return Refused([Problem(code, zh, en, where, file, line, col)])


def placed(origin: str) -> tuple[str, int, int]:
    """An origin, `file:line` or a file alone, as file, line and column; 0 for both where no line is known."""
    file, _, line = origin.rpartition(":")
    return (file, int(line), 1) if file and line.isascii() and line.isdigit() else (origin, 0, 0)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that the writer probably meant, None where nothing is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return close[0] if close else None
