"""The checks' results as the page shows them: one list that can be searched, and the clauses with their state.

In: a verdict. Out: plain data. What passed or does not apply is one row a check and reason, with its number; every other
answer is a row of its own, up to a number that is said.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from policies.checks.shape import Answer
from policies.gaps import MLPS, STATES, TABLES, cited_standards, gaps, out_of_force, summed
from policies.judge import Finding, Verdict
from policies.report.parts.words import pair
from policies.result import ANSWERS, SEVERITIES, area, area_words, checks, leading

MOST = 2000
"""rows of single answers"""
_FIRST = (Answer.FAIL, Answer.ERROR, Answer.UNKNOWN, Answer.WAIVED)
_GRAVE = ("high", "medium", "low")
"""what blocks is read first, then what failed, the gravest first; else by check"""


def results(verdict: Verdict | None, most: int = MOST) -> dict[str, Any]:
    """Everything; empty where nothing was judged."""
    if verdict is None:
        return {"rows": [], "left": 0, "areas": {}, "answers": {}, "severities": {}, "tables": []}
    blocking = frozenset(verdict.blocking)
    told = sorted(
        verdict.findings, key=lambda one: (one not in blocking, _FIRST.index(one.answer), _GRAVE.index(one.severity))
    )
    rows = [_row(one, one in blocking) for one in leading(told, most)] + _spared(verdict) + _passed(verdict)
    here = {row["area"] for row in rows}
    return {
        "rows": rows, "left": max(0, len(verdict.findings) - most),
        "areas": {key: pair(*area_words(key)) for key in dict.fromkeys(area(id_) for id_ in verdict.results) if key in here},
        "answers": {
            key: pair(*words) for key, words in ANSWERS.items() if any(one.get(key) for one in verdict.results.values())
        },
        "severities": {key: pair(*words) for key, words in SEVERITIES.items()},
        "tables": [_table(verdict, name) for name in TABLES if name in cited_standards(verdict)],
    }  # fmt: skip


def _row(one: Finding, blocks: bool) -> dict[str, Any]:
    return {
        "check": one.check, "title": pair(one.title_zh, one.title_en), "area": area(one.check), "severity": one.severity,
        "answer": one.answer.value, "blocks": blocks, "known": one.known, "count": 1, "kind": one.kind, "name": one.name,
        "origin": one.origin, "text": pair(one.zh, one.en),
        "fix": pair(one.fix_zh, one.fix_en) if one.answer in (Answer.FAIL, Answer.WAIVED) else pair(""),
        "clauses": list(one.clauses),
    }  # fmt: skip


def _spared(verdict: Verdict) -> list[dict[str, Any]]:
    first: dict[tuple[str, str, str], Finding] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in verdict.not_applicable:
        key = (one.check, one.zh, one.en)
        first.setdefault(key, one)
        counts[key] += 1
    return [
        {
            **_row(one, False),
            "count": counts[key],
            **({} if counts[key] == 1 else {"kind": "", "name": "", "origin": ""}),
        }
        for key, one in first.items()
    ]


def _passed(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {
            "check": one.id, "title": pair(one.title_zh, one.title_en), "area": one.area, "severity": one.severity,
            "answer": "pass", "blocks": False, "known": False, "count": number, "kind": "", "name": "", "origin": "",
            "text": pair(f"{number} 个资源通过", f"{number} resources pass"), "fix": pair(""), "clauses": list(one.clauses),
        }
        for one in checks(verdict)
        if (number := one.counts.get("pass", 0))
    ]  # fmt: skip


def _table(verdict: Verdict, standard: str) -> dict[str, Any]:
    from policies.clauses import standards

    found, known = gaps(verdict, standard), standards()[standard]
    return {
        "id": "mlps" if standard == MLPS else "crypto", "standard": standard, "title": pair(known.title, known.en),
        "complete": known.complete, "out": pair(*out_of_force(standard, verdict.on) or ("", "")),
        "states": [{"key": s.value, "word": pair(*STATES[s]), "count": n} for s, n in summed(found).items()],
        "rows": [
            {
                "number": one.clause.number, "confirmed": one.clause.confirmed, "area": one.clause.area,
                "point": one.clause.point, "state": one.state.value, "word": pair(*one.words), "checks": list(one.checks),
                "why": pair(one.zh, one.en),
            }
            for one in found
        ],
    }  # fmt: skip
