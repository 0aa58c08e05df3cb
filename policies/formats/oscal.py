"""OSCAL assessment results (NIST, JSON): observations are our findings, findings are clauses, waived failures are risks.

Control ids are made of the clauses' numbers (`gbt-22239-2019_8.1.2.1_c`): no catalogue of these standards exists in OSCAL.
OSCAL knows two states of a finding. `satisfied` is said only of what is 符合 or 不适用 (and the latter marked so); a
clause for people is `not-satisfied` with the reason `other`. Clauses that no check cites are not among the reviewed
controls, and `remarks` counts them. The day of the result, at its beginning in China, is the only time in it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID, uuid5

from policies.checks.shape import Answer
from policies.formats.words import answer, effect, one_line, told
from policies.gaps import Gap, State
from policies.judge import Finding
from policies.result import Result

VERSION = "1.1.3"
_SPACE = UUID("5f0f1f4c-8a2b-5f7e-9c53-7b8f0d1c2a36")
"""of our own, for the uuids: the same thing has the same one in every document"""


def oscal(result: Result) -> str:
    """The document."""
    when = f"{result.on.isoformat()}T00:00:00+08:00"
    plan = _id("plan", result.verdict.profile)
    root = {
        "uuid": _id("results", result.verdict.profile, result.on.isoformat(), result.estate),
        "metadata": {
            "title": "检查结果 / Findings of the policy checks", "last-modified": when,
            "version": f"{result.on.isoformat()} {result.verdict.profile}", "oscal-version": VERSION,
        },
        "import-ap": {"href": f"#{plan}"},
        "results": [_results(result, when)],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan, "title": f"方案 / profile {one_line(result.verdict.profile)}",
                    "description": "检查方案 policies/profiles.yaml,不是 OSCAL 文件 / the profile in policies/profiles.yaml; no "
                    "plan is kept in OSCAL",
                }
            ]
        },
    }  # fmt: skip
    return json.dumps({"assessment-results": root}, ensure_ascii=False, indent=1) + "\n"


def token(clause: str) -> str:
    """A clause's id as an OSCAL token."""
    text = re.sub(r"[^\w.\-]+", "_", clause.replace("GB/T ", "gbt-")).strip("_.")
    return text if re.match(r"[^\W\d]", text) else f"_{text}"


def _results(result: Result, when: str) -> dict[str, Any]:
    gaps = [gap for one in result.standards for gap in one.gaps]
    reviewed = [gap for gap in gaps if gap.checks]
    rows = result.rows
    items = {one.urn: one for one in rows if one.urn}
    failing = [one for one in rows if one.answer in (Answer.FAIL, Answer.WAIVED)]
    by_check: dict[str, list[Finding]] = {}
    for one in rows:
        by_check.setdefault(one.check, []).append(one)
    made: dict[str, Any] = {
        "uuid": _id("result", result.verdict.profile, result.on.isoformat(), result.estate),
        "title": f"{'计划' if result.verdict.planned else '已部署'} / {'planned' if result.verdict.planned else 'deployed'}",
        "description": f"{result.resources} 个资源,{len(result.checks)} 项检查 / {result.resources} resources, {len(result.checks)} checks",
        "start": when,
        "props": _props(
            {"estate": result.estate, "blocking": len(result.stops), **{f"count-{k}": v for k, v in result.totals.items()}}
        ),
    }  # fmt: skip
    if items:
        made["local-definitions"] = {"inventory-items": [_item(items[urn]) for urn in sorted(items)]}
    made["reviewed-controls"] = {"control-selections": [_selection(reviewed)]}
    if rows:
        made["observations"] = [_observation(result, one, when) for one in rows]
    if failing:
        made["risks"] = [_risk(one) for one in failing]
    if reviewed:
        made["findings"] = [_finding(gap, by_check) for gap in reviewed]
    made["remarks"] = _remarks(
        result, sum(not gap.checks for one in result.standards if not one.out for gap in one.gaps)
    )
    return made


def _remarks(result: Result, left: int) -> str:
    """What is not among the reviewed controls, and why."""
    lines = [
        f"目录中另有 {left} 个条款没有检查项,待人工 / {left} more clauses of the catalogue have no check: they are for people"
    ]
    lines += [f"{one.id}:{one.out[0]} / {one.id}: {one.out[1]}" for one in result.standards if one.out]
    return "\n".join(lines)


def _selection(reviewed: list[Gap]) -> dict[str, Any]:
    if not reviewed:
        return {"description": "方案没有引用条款 / the profile cites no clause", "include-all": {}}
    return {"include-controls": [{"control-id": token(gap.clause.id)} for gap in reviewed]}


def _item(one: Finding) -> dict[str, Any]:
    return {
        "uuid": _id("item", one.urn), "description": one_line(f"{one.kind} {one.name}") or "resource",
        "props": _props({"urn": one.urn, "kind": one.kind, "name": one.name, "stack": one.stack, "origin": one.origin}),
    }  # fmt: skip


def _observation(result: Result, one: Finding, when: str) -> dict[str, Any]:
    (zh, en), (effect_zh, effect_en) = answer(one), effect(result, one)
    row: dict[str, Any] = {
        "uuid": _observed(one), "title": one_line(f"{one.check} {one.title_zh} / {one.title_en}"),
        "description": one_line(f"{zh}({effect_zh}):{told(one, 'zh')} / {en} ({effect_en}): {told(one, 'en')}"),
        "props": _props({"check": one.check, "answer": one.answer.value, "severity": one.severity}),
        "methods": ["TEST"],
    }  # fmt: skip
    if one.urn:
        row["subjects"] = [{"subject-uuid": _id("item", one.urn), "type": "inventory-item"}]
    return {**row, "collected": when}


def _risk(one: Finding) -> dict[str, Any]:
    return {
        "uuid": _id("risk", one.check, one.urn, one.en), "title": one_line(f"{one.check} {one.name}"),
        "description": one_line(f"{told(one, 'zh')} / {told(one, 'en')}"),
        "statement": one_line(f"{one.fix_zh} / {one.fix_en}") or one.check,
        "props": _props({"severity": one.severity}),
        "status": "deviation-approved" if one.answer is Answer.WAIVED else "open",
    }  # fmt: skip


def _finding(gap: Gap, by_check: dict[str, list[Finding]]) -> dict[str, Any]:
    seen = [one for check in gap.checks for one in by_check.get(check, [])]
    risks = [one for one in seen if one.answer in (Answer.FAIL, Answer.WAIVED)]
    satisfied = gap.state in (State.MEETS, State.NOT_APPLICABLE)
    reason = {State.MEETS: "pass", State.FAILS: "fail", State.PARTLY: "fail"}.get(gap.state, "other")
    target: dict[str, Any] = {
        "type": "objective-id", "target-id": token(gap.clause.id),
        "status": {"state": "satisfied" if satisfied else "not-satisfied", "reason": reason},
    }  # fmt: skip
    if gap.state is State.NOT_APPLICABLE:
        target["implementation-status"] = {"state": "not-applicable"}
    zh, en = gap.words
    row: dict[str, Any] = {
        "uuid": _id("finding", gap.clause.id), "title": one_line(f"{gap.clause.id} {gap.clause.point}"),
        "description": one_line(f"{zh}:{gap.zh} / {en}: {gap.en}"),
        "props": _props({"state": gap.state.value, "number-confirmed": "yes" if gap.clause.confirmed else "no"}),
        "target": target,
    }  # fmt: skip
    if seen:
        row["related-observations"] = [{"observation-uuid": _observed(one)} for one in seen]
    if risks:
        row["related-risks"] = [{"risk-uuid": _id("risk", one.check, one.urn, one.en)} for one in risks]
    return row


def _observed(one: Finding) -> str:
    return _id("observation", one.check, one.urn, one.answer.value, one.zh, one.en)


def _props(values: dict[str, Any]) -> list[dict[str, str]]:
    """Properties that have a value; OSCAL allows no empty one and no space at an end."""
    texts = {key: one_line(str(value)) for key, value in values.items()}
    return [{"name": key, "ns": "urn:liangzhu:oscal", "value": text} for key, text in texts.items() if text]


def _id(*words: str) -> str:
    return str(uuid5(_SPACE, "\n".join(words).encode("utf-8", "replace").decode()))
