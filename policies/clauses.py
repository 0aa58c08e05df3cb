"""catalogue/*.yaml → standards and their clauses: numbers, control points and how well each was read.

Only numbers, names of control points and our own words are stored: the sentences of the standards are copyrighted.
A catalogue says of itself whether it is complete; coverage is told against it truthfully.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from inventory.problems import nearest, refuse
from inventory.reading import document

FOLDER = Path(__file__).parent / "catalogue"
HIGH_RISK = "high-risk.yaml"
Quality = Literal["read", "derived", "title", "memory"]
"""read: number and content compared; derived: the letter follows from the position; title: only a title was read;
memory: not read at all. All but the first are "to be confirmed"."""


@dataclass(frozen=True)
class Clause:
    """One clause of a standard."""

    id: str
    """`<standard> <number>`"""
    standard: str
    number: str
    part: str
    area: str
    point: str
    """name of the control point"""
    quality: Quality

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
    complete: bool
    """False: only what checks cite"""
    clauses: tuple[Clause, ...]

    def in_force(self, on: date) -> bool:
        """On that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@cache
def standards() -> dict[str, Standard]:
    """Every standard, by its number."""
    found: dict[str, Standard] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name == HIGH_RISK:
            continue
        row = document(path)
        name = row["standard"]
        found[name] = Standard(
            name, row["title"], row["en"], row["edition"], date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row.get("valid_to") else None, row["complete"] == "true",
            tuple(
                Clause(f"{name} {number}", name, number, it["part"], it["area"], it["point"], it["quality"])
                for number, it in row["clauses"].items()
            ),
        )  # fmt: skip
    return found


@cache
def clauses() -> dict[str, Clause]:
    """Every clause, by `<standard> <number>`."""
    return {clause.id: clause for standard in standards().values() for clause in standard.clauses}


def clause(id_: str) -> Clause:
    """A clause by id. Refused with the nearest one."""
    found = clauses().get(id_)
    if found is None:
        near = nearest(id_, clauses())
        raise refuse(
            "policy.unknown-clause",
            f"目录中没有条款“{id_}”" + (f":是不是 {near}?" if near else ":见 policies/catalogue/"),
            f"the catalogue has no clause '{id_}'"
            + (f": did you mean {near}?" if near else ": see policies/catalogue/"),
        )
    return found


@cache
def high_risk() -> dict[str, tuple[str, str]]:
    """Items of the published list of high-risk findings: key → Chinese and English, in our words."""
    return {key: (row["zh"], row["en"]) for key, row in document(FOLDER / HIGH_RISK)["items"].items()}


@cache
def cited() -> dict[str, tuple[str, ...]]:
    """clause → ids of the checks that cite it."""
    from policies.checks import CHECKS, load

    table: dict[str, list[str]] = defaultdict(list)
    for id_ in CHECKS:
        for one in load(id_).check.clauses:
            table[one].append(id_)
    return {key: tuple(ids) for key, ids in table.items()}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a standard the checks reach."""

    standard: str
    complete: bool
    total: int
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]


def coverage(standard: str) -> Coverage:
    """Clauses of a standard that some check cites, and those that none does."""
    found = standards()[standard]
    ids = [clause.id for clause in found.clauses]
    reached = tuple(id_ for id_ in ids if id_ in cited())
    return Coverage(standard, found.complete, len(ids), reached, tuple(id_ for id_ in ids if id_ not in cited()))
