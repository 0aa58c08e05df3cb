"""catalogue/*.yaml → standards, their clauses, which checks look at a clause, and how far they settle it.

Each file is read by `policies.editions`. A catalogue says of itself whether it is complete; coverage is told against it
truthfully: a clause is settled in full only where a check cites it that settles it in full, and what nobody checks is
listed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from inventory.problems import nearest, refuse
from inventory.reading import document
from policies import editions
from policies.editions import Clause, Quality, Standard

__all__ = ["Clause", "Quality", "Standard"]

FOLDER = Path(__file__).parent / "catalogue"
HIGH_RISK = "high-risk.yaml"
Assurance = Literal["full", "partial", "evidence", "none"]
ASSURANCES: tuple[Assurance, ...] = ("full", "partial", "evidence", "none")
"""how far a clause is settled, from all of it to not at all"""


@cache
def standards() -> dict[str, Standard]:
    """Every standard, by its number."""
    found = (editions.read(path) for path in sorted(FOLDER.glob("*.yaml")) if path.name != HIGH_RISK)
    return {standard.id: standard for standard in found}


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


def checks_of(id_: str) -> tuple[str, ...]:
    """Checks that look at a clause: those that cite it; for a control point of level 2 those of the profile level2 that
    cite its counterpart; for a superseded clause those that cite what carries it on."""
    found = clause(id_)
    direct = cited().get(id_, ())
    if found.counterpart:
        return tuple(dict.fromkeys((*direct, *_at_level2(found))))
    if found.now:
        return tuple(dict.fromkeys((*direct, *(one for next_ in successors(found) for one in checks_of(next_.id)))))
    return direct


def _at_level2(found: Clause) -> list[str]:
    from policies.profiles import profile

    chosen = {entry.loaded.check.id for entry in profile("level2").entries}
    base = found.id.removesuffix(found.number) + found.counterpart
    members = [id_ for id_ in clauses() if id_ == base or id_.startswith(f"{base} ")]
    return [check for id_ in members for check in cited().get(id_, ()) if check in chosen]


def successor(standard: Standard) -> Standard | None:
    """The edition that replaced it; None where it is the last."""
    return next((one for one in standards().values() if one.replaces == standard.id), None)


def successors(found: Clause) -> tuple[Clause, ...]:
    """What carries a clause of a superseded edition on."""
    later = successor(standards()[found.standard])
    return tuple(one for one in later.clauses if one.number in found.now) if later else ()


def assurance(id_: str) -> Assurance:
    """How far checks settle a clause: as far as the best of those that look at it; in part at most, where only its title
    was read or not even that (so is all of level 2): nobody can say that this is all of it."""
    from policies.checks import load

    reached = {load(check).check.assurance for check in checks_of(id_)}
    if "full" in reached:
        return "partial" if clause(id_).quality in ("title", "memory") else "full"
    return "partial" if "partial" in reached else "evidence" if reached else "none"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a standard the checks reach."""

    standard: str
    complete: bool
    total: int
    full: tuple[str, ...]
    partial: tuple[str, ...]
    evidence: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def checked(self) -> tuple[str, ...]:
        """All that some check looks at."""
        return (*self.full, *self.partial, *self.evidence)


def coverage(standard: str) -> Coverage:
    """Clauses of a standard by how far checks settle them."""
    found = standards()[standard]
    by: dict[str, list[str]] = defaultdict(list)
    for one in found.clauses:
        by[assurance(one.id)].append(one.id)
    full, partial, evidence, none = (tuple(by[word]) for word in ASSURANCES)
    return Coverage(standard, found.complete, len(found.clauses), full, partial, evidence, none)
