"""One file of catalogue/*.yaml → an edition of a standard, law or notice, with its clauses.

Edited by developers; the files by the security centre. In: a file. Out: a frozen `Standard`. Refused with everything that
is wrong in it, at its line. Only numbers, names of control points and our own words are stored: the sentences of the
standards are copyrighted. Which edition may be cited on a day is `policies.citing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from inventory.problems import Refused
from inventory.reading import load, validated

Quality = Literal["read", "derived", "title", "memory"]
"""read: number and content compared; derived: the letter follows from the position; title: only a title was read;
memory: not read at all. All but the first are "to be confirmed"."""


class _Row(BaseModel):
    """One line of `clauses`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: Literal["general", "cloud", "iot", "technology", "management", "law", "policy"]
    area: str
    point: str
    quality: Quality
    level2007: str = ""
    """GB/T 20988: level of the edition of 2007"""
    counterpart: str = ""
    """level 2 of GB/T 22239: the control point of level 3"""
    now: tuple[str, ...] = ()
    """superseded edition: what carries it on in the edition that replaced it"""


class _File(BaseModel):
    """A file of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    standard: str
    level: Literal["2"] | None = None
    """where one standard has a catalogue for each level, and this is not the one that goes by its plain number"""
    title: str
    en: str
    edition: str
    valid_from: date
    valid_to: date | None = None
    replaces: str | None = None
    complete: bool
    clauses: dict[str, _Row] = Field(min_length=1)


@dataclass(frozen=True)
class Clause:
    """One clause of a standard."""

    id: str
    """`<standard> <number>`"""
    standard: str
    """id of its `Standard`"""
    number: str
    part: str
    area: str
    point: str
    """name of the control point"""
    quality: Quality
    level2007: str = ""
    counterpart: str = ""
    now: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """False: reports mark it "to be confirmed"."""
        return self.quality == "read"


@dataclass(frozen=True)
class Standard:
    """An edition of a standard, law or notice."""

    id: str
    title: str
    en: str
    edition: str
    valid_from: date
    valid_to: date | None
    """its last day"""
    complete: bool
    """False: it has clauses that are not here"""
    clauses: tuple[Clause, ...]
    replaces: str = ""
    """id of the edition that it superseded"""

    def in_force(self, on: date) -> bool:
        """On that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


def read(path: Path) -> Standard:
    """An edition. Refused: unknown fields or words, days that are none or run backwards."""
    doc = load(path)
    row: _File = validated(_File, doc)
    if row.valid_to is not None and row.valid_to < row.valid_from:
        raise Refused([
            doc.problem(
                ("valid_to",), "policy.edition-days", "失效日早于施行日:改正其中一个",
                "it ends before it begins: correct one of the days",
            )
        ])  # fmt: skip
    id_ = f"{row.standard} 第二级" if row.level else row.standard
    return Standard(
        id_, row.title, row.en, row.edition, row.valid_from, row.valid_to, row.complete,
        tuple(
            Clause(f"{row.standard} {number}", id_, number, it.part, it.area, it.point, it.quality, it.level2007,
                   it.counterpart, it.now)
            for number, it in row.clauses.items()
        ),
        row.replaces or "",
    )  # fmt: skip
