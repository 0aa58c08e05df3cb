"""A verdict → what it means for each clause of a standard: 符合, 部分符合, 不符合, 不适用 or 待人工.

In: the counts of a verdict, the catalogue. Out: one `Gap` a clause, in the order of the catalogue, none left out. Pure.
The rule leans to the side of people: a clause is met only where a check that settles the whole of it passed and none
said otherwise. What failed and is waived still fails here, because a waiver lets it through and mends nothing. Where
nothing was concluded, where only a part was looked at, where no resource was there to look at, and where no check is,
people must look (待人工), and the reason says which of these it was. Of an edition that is not in force on the day nothing
is concluded, and no check counts for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from policies.checks import CHECKS, load
from policies.checks.shape import Answer, Words
from policies.clauses import Clause, standards, successor
from policies.judge import Verdict

MLPS = "GB/T 22239-2019"
CRYPTO = "GB/T 39786-2021"
TABLES = (MLPS, CRYPTO)
"""standards with a table of their own, which is there on a day on which nobody may cite them too, and says so"""


class State(StrEnum):
    """What an assessor's table says of a clause."""

    FAILS = "fails"
    PARTLY = "partly"
    MANUAL = "manual"
    MEETS = "meets"
    NOT_APPLICABLE = "not-applicable"


STATES: Mapping[State, Words] = {
    State.MEETS: ("符合", "met"),
    State.PARTLY: ("部分符合", "met in part"),
    State.FAILS: ("不符合", "not met"),
    State.NOT_APPLICABLE: ("不适用", "not applicable"),
    State.MANUAL: ("待人工", "for people"),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A clause, what the checks that cite it said together, and why the state is what it is."""

    clause: Clause
    state: State
    checks: tuple[str, ...]
    """those of the profile, in its order"""
    counts: Mapping[str, int]
    """answer → how many, those that are there"""
    zh: str
    en: str

    @property
    def words(self) -> Words:
        """The state in Chinese and English."""
        return STATES[self.state]


def gaps(verdict: Verdict, standard: str) -> tuple[Gap, ...]:
    """Every clause that the catalogue has of a standard."""
    return tuple(gap(verdict, clause) for clause in standards()[standard].clauses)


def cited_standards(verdict: Verdict) -> tuple[str, ...]:
    """Standards that a check of the verdict may cite on its day, those whose catalogue is complete, and those that have a
    table of their own and that a check names, in the catalogue's order."""
    known = [id_ for id_ in verdict.results if id_ in CHECKS]
    used = {clause for id_ in known for clause in cites(verdict, id_)}
    named = {clause for id_ in known for clause in load(id_).check.clauses}
    return tuple(
        name
        for name, one in standards().items()
        if one.complete or any(clause.id in (used | named if name in TABLES else used) for clause in one.clauses)
    )


def cites(verdict: Verdict, id_: str) -> tuple[str, ...]:
    """Clauses that a check is reported against: none of an edition that is not in force on the day."""
    return verdict.cites.get(id_, load(id_).check.clauses) if id_ in CHECKS else ()


def out_of_force(standard: str, on: date | None) -> Words | None:
    """Why nothing may be cited of an edition on a day; None where it may, or where no day was given."""
    one = standards()[standard]
    if on is None or one.in_force(on):
        return None
    if one.valid_to is None or on <= one.valid_to:
        return (
            f"该版本自 {one.valid_from} 起施行,{on} 不在有效期内",
            f"this edition came into force on {one.valid_from} and was not in force on {on}",
        )
    later = successor(one)
    zh, en = (f",由 {later.id} 代替", f", replaced by {later.id},") if later else ("", "")
    return (
        f"该版本于 {one.valid_to} 失效{zh},{on} 不在有效期内",
        f"this edition ended on {one.valid_to}{en} and was not in force on {on}",
    )


def gap(verdict: Verdict, clause: Clause) -> Gap:
    """One clause."""
    if out := out_of_force(clause.standard, verdict.on):
        return Gap(clause, State.MANUAL, (), {}, f"{out[0]},没有结论", f"{out[1]}: no conclusion")
    checks = tuple(id_ for id_ in verdict.results if clause.id in cites(verdict, id_))
    total: Counter[str] = Counter()
    for id_ in checks:
        total.update({str(answer): number for answer, number in verdict.results[id_].items()})
    counts = {answer.value: total[answer.value] for answer in Answer if total[answer.value]}
    state, (zh, en) = _state(verdict, checks, total)
    return Gap(clause, state, checks, counts, zh, en)


def _state(verdict: Verdict, checks: tuple[str, ...], total: Mapping[str, int]) -> tuple[State, Words]:
    passed, waived = total.get("pass", 0), total.get("waived", 0)
    failed = total.get("fail", 0) + waived
    open_, broken = total.get("unknown", 0), total.get("error", 0)
    if not checks:
        return State.MANUAL, ("没有检查项,须人工核查", "no check looks at it: people must")
    if failed:
        zh = (
            f"不通过 {failed} 个"
            + (f"(其中已豁免 {waived})" if waived else "")
            + (f",通过 {passed} 个" if passed else "")
            + (f",未知 {open_} 个" if open_ else "")
            + (f",检查出错 {broken}" if broken else "")
        )
        en = (
            f"{failed} fail"
            + (f" ({waived} of them waived)" if waived else "")
            + (f", {passed} pass" if passed else "")
            + (f", {open_} unknown" if open_ else "")
            + (f", {broken} broken" if broken else "")
        )
        return (State.PARTLY if passed else State.FAILS), (zh, en)
    if open_ or broken:
        return State.MANUAL, (
            f"没有结论:未知 {open_},检查出错 {broken}",
            f"no conclusion: {open_} unknown, {broken} broken",
        )
    if passed:
        if any(load(id_).check.assurance == "full" and verdict.results[id_]["pass"] for id_ in checks):
            return State.MEETS, (f"查过的 {passed} 个全部通过", f"all {passed} that were looked at pass")
        return State.MANUAL, (
            f"自动检查的部分通过({passed} 个),其余须人工核查", f"the part that is checked passes ({passed}); people look at the rest",
        )  # fmt: skip
    return _nothing(verdict, checks, total.get("not-applicable", 0))


def _nothing(verdict: Verdict, checks: tuple[str, ...], number: int) -> tuple[State, Words]:
    """Nothing but `not-applicable`: of resources that are there, or because there was nothing to look at?"""
    if any(one.urn for one in verdict.not_applicable if one.check in checks):
        return State.NOT_APPLICABLE, (
            f"查过的 {number} 个都不适用",
            f"applies to none of the {number} that were looked at",
        )
    return State.MANUAL, (
        "没有可查的资源:确认确实没有,才可定为不适用", "there was nothing to look at: not applicable only if there really is none",
    )  # fmt: skip


def summed(found: tuple[Gap, ...]) -> dict[State, int]:
    """How many clauses are in which state, all five."""
    counts = Counter(one.state for one in found)
    return {state: counts[state] for state in STATES}
