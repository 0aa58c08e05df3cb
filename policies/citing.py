"""Which clauses a check may cite on a day. A superseded edition is an error with its sentence, never a citation.

In: the clauses of a check and a day. Out: what may be cited, and what is wrong. Pure. A check names the clauses of the
edition of today; for a day before that edition came into force, the clauses that it carries on are cited instead, from
the edition that was in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from inventory.problems import Problem
from policies.clauses import clauses, standards, successor, successors


@dataclass(frozen=True, slots=True)
class Citation:
    """What may be said of a check's clauses on a day."""

    clauses: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@cache
def cite(ids: tuple[str, ...], on: date) -> Citation:
    """The clauses that may be cited on a day, in the order given, and a problem for each that may not."""
    good: dict[str, None] = {}
    problems: list[Problem] = []
    for id_ in ids:
        found = _on(id_, on)
        good.update(dict.fromkeys(found.clauses))
        problems += found.problems
    return Citation(tuple(good), tuple(problems))


def _on(id_: str, on: date) -> Citation:
    one = clauses().get(id_)
    if one is None:
        return _wrong("policy.unknown-clause", id_, "目录中没有这一条款,不能引用", "the catalogue has no such clause")
    standard = standards()[one.standard]
    if standard.in_force(on):
        return Citation((id_,))
    if standard.valid_to is not None and on > standard.valid_to:
        later = successor(standard)
        if later is None:
            return _wrong(
                "policy.edition-ended", id_, f"{standard.id} 于 {standard.valid_to} 失效,不能再引用",
                f"{standard.id} ended on {standard.valid_to} and is cited no more",
            )  # fmt: skip
        names = [it.id for it in successors(one)]
        return _wrong(
            "policy.edition-superseded", id_,
            f"{standard.id} 自 {later.valid_from} 起由 {later.id} 代替,不能再引用" + _instead(":改引 ", "、", names),
            f"{standard.id} was replaced by {later.id} on {later.valid_from} and is cited no more"
            + _instead(": cite ", ", ", names),
        )  # fmt: skip
    before = standards().get(standard.replaces)
    found = [_on(it.id, on) for it in before.clauses if one.number in it.now] if before else []
    if not any(it.clauses for it in found):
        return _wrong(
            "policy.edition-early", id_, f"{standard.id} 自 {standard.valid_from} 起施行,{on} 还不能引用",
            f"{standard.id} comes into force on {standard.valid_from} and cannot be cited on {on}",
        )  # fmt: skip
    return Citation(tuple(name for it in found for name in it.clauses))


def _instead(lead: str, between: str, names: Iterable[str]) -> str:
    words = between.join(names)
    return lead + words if words else ""


def _wrong(code: str, id_: str, zh: str, en: str) -> Citation:
    return Citation(problems=(Problem(code, zh, en, id_),))
