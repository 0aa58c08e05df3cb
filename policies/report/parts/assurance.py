"""Findings by clause, and what the checks do and do not cover. Coverage is told in numbers that cannot flatter: a
check that looked at nothing, or could not know, is counted as such and never as passed."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from policies import clauses as catalogue
from policies.checks import CHECKS, load
from policies.report.parts.words import pair
from policies.result import SEVERITIES

ANSWERS = {
    "fail": ("不符合", "fails"), "error": ("检查出错", "check broke"), "unknown": ("无法判断", "unknown"),
    "waived": ("已豁免", "waived"), "pass": ("符合", "passes"), "not-applicable": ("不适用", "not applicable"),
}  # fmt: skip
"""from the worst to what says nothing; a clause is as good as the worst answer of its checks"""
MOST = 100
"""findings of one check and answer that are listed; the count is always the whole"""


def findings(verdict: Any, reasons: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What was found, by check and by clause; `skipped` says why where there is no verdict."""
    if verdict is None:
        skipped = reasons.get("judge") or pair("本次没有判定。", "The plan was not judged in this run.")
        return {
            "skipped": skipped, "blocking": 0, "groups": [], "checks": [], "clauses": [], "standards": [], "answers": {},
        }  # fmt: skip
    totals: Counter[str] = Counter()
    for counts in verdict.results.values():
        totals.update({str(answer): number for answer, number in counts.items()})
    return {
        "skipped": None, "profile": verdict.profile, "planned": verdict.planned, "blocking": len(verdict.blocking),
        "answers": {answer: totals[answer] for answer in ANSWERS},
        "groups": _groups(verdict), "checks": _checks(verdict), "clauses": _clauses(verdict), "standards": _standards(verdict),
    }  # fmt: skip


def _groups(verdict: Any) -> list[dict[str, Any]]:
    """One entry a check and answer, what stops first."""
    blocking = {(f.check, str(f.answer)) for f in verdict.blocking}
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for finding in verdict.findings:
        groups[finding.check, str(finding.answer)].append(finding)
    order = list(ANSWERS)
    rows = []
    for (check, answer), members in groups.items():
        first = members[0]
        rows.append({
            "check": check, "answer": answer, "blocking": (check, answer) in blocking, "mandatory": first.mandatory,
            "severity": _gravest(members), "title": pair(first.title_zh, first.title_en), "fix": pair(first.fix_zh, first.fix_en),
            "clauses": list(first.clauses), "count": len(members),
            "rows": [
                {
                    "name": f.name, "kind": f.kind, "stack": f.stack, "origin": f.origin, "text": pair(f.zh, f.en),
                    "severity": f.severity, "raised": pair(f.raised_zh, f.raised_en) if f.base else None,
                }
                for f in members[:MOST]
            ],
        })  # fmt: skip
    return sorted(rows, key=lambda row: (not row["blocking"], order.index(row["answer"]), row["check"]))


def _gravest(members: list[Any]) -> str:
    return min((one.severity for one in members), key=list(SEVERITIES).index)


def _checks(verdict: Any) -> list[dict[str, Any]]:
    rows = []
    for id_, counts in verdict.results.items():
        row = {"id": id_, "counts": {str(answer): number for answer, number in counts.items()}, "title": pair(id_)}
        row |= {"severity": "", "assurance": "", "clauses": []}
        if id_ in CHECKS:
            check = load(id_).check
            row |= {
                "title": pair(check.title_zh, check.title_en), "severity": check.severity, "assurance": check.assurance,
                "clauses": list(_cited(verdict, id_)),
            }  # fmt: skip
        rows.append(row)
    return rows


def _clauses(verdict: Any) -> list[dict[str, Any]]:
    """The clauses that a check of the profile cites, each with what its checks said together."""
    checks: dict[str, list[str]] = defaultdict(list)
    for id_ in verdict.results:
        for clause in _cited(verdict, id_):
            checks[clause].append(id_)
    place = {id_: number for number, id_ in enumerate(catalogue.clauses())}
    rows = []
    for id_, members in sorted(checks.items(), key=lambda item: place.get(item[0], len(place))):
        counts: Counter[str] = Counter()
        for check in members:
            counts.update({str(answer): number for answer, number in verdict.results[check].items()})
        known = catalogue.clauses().get(id_)
        rows.append({
            "id": id_, "standard": known.standard if known else "", "number": known.number if known else id_,
            "point": known.point if known else "", "area": known.area if known else "",
            "confirmed": bool(known and known.confirmed), "checks": members,
            "whole": _whole(known, members),
            "answer": next((answer for answer in ANSWERS if counts[answer]), "not-applicable"),
            "counts": {answer: counts[answer] for answer in ANSWERS if counts[answer]},
        })  # fmt: skip
    return rows


def _cited(verdict: Any, id_: str) -> tuple[str, ...]:
    """Clauses that a check is reported against: none of an edition that is not in force on the day."""
    return verdict.cites.get(id_, ()) if id_ in CHECKS else ()


def _whole(known: Any, members: list[str]) -> bool:
    """Is the clause settled by checks: does one of these settle all of it, and was it read what "all" is?"""
    full = any(load(check).check.assurance == "full" for check in members)
    return full and bool(known) and known.quality in ("read", "derived")


def _standards(verdict: Any) -> list[dict[str, Any]]:
    """How many clauses of each standard in force a check of the profile reaches; only a complete catalogue has a total."""
    mine = set(verdict.results)
    return [
        {
            "id": name, "title": pair(s.title, s.en), "edition": s.edition, "complete": s.complete,
            "total": len(s.clauses) if s.complete else None,
            "checked": sum(not mine.isdisjoint(catalogue.checks_of(c.id)) for c in s.clauses),
            "unconfirmed": sum(not mine.isdisjoint(catalogue.checks_of(c.id)) and not c.confirmed for c in s.clauses),
        }
        for name, s in catalogue.standards().items()
        if (s.in_force(verdict.on) if verdict.on else s.valid_to is None)
    ]  # fmt: skip
