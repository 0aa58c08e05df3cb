"""SARIF 2.1.0 (OASIS): rules with their pages, results with places in the request files, waivers as suppressions.

An answer is a result's `kind`: fail, notApplicable, and `open` for unknown and for a check that broke, which is a
notification of the invocation too, because it is the tool that failed. What passed is counted in the rules' properties.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from inventory.problems import placed
from inventory.rendering.digest import sm3
from policies.checks.shape import Answer
from policies.formats.words import clean, effect
from policies.judge import Finding
from policies.result import ANSWERS, Judged, Result, area_words

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"high": "error", "medium": "warning", "low": "note"}
_SCORES = {"high": "8.0", "medium": "5.0", "low": "2.0"}
"""what code-scanning sites read as `security-severity`"""
_KINDS = {
    Answer.FAIL: "fail", Answer.WAIVED: "fail", Answer.UNKNOWN: "open", Answer.ERROR: "open",
    Answer.NOT_APPLICABLE: "notApplicable",
}  # fmt: skip


def sarif(result: Result) -> str:
    """The log, one run."""
    index = {one.id: number for number, one in enumerate(result.checks)}
    known = [one for one in result.verdict.findings if one.known]
    broken = [one for one in result.verdict.findings if one.answer is Answer.ERROR]
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "liangzhu", "fullName": "梁柱 Liangzhu", "rules": [_rule(one) for one in result.checks]}},
        "language": "zh-CN",
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"liangzhu/{quote(result.verdict.profile, safe='')}/{result.on}"},
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "仓库根目录 / root of the repository"}}},
        "invocations": [
            {
                "executionSuccessful": not broken,
                "toolExecutionNotifications": [
                    {
                        "level": "error", "message": _text(one),
                        "associatedRule": {"id": one.check, "index": index[one.check]},
                    }
                    for one in broken
                ],
            }
        ],
        "results": [_result(result, one, index[one.check], bool(known)) for one in result.rows],
        "properties": {
            "profile": result.verdict.profile, "on": result.on.isoformat(), "planned": result.verdict.planned,
            "estate": result.estate, "resources": result.resources, "answers": result.totals,
            "notInForce": {one.id: {"zh": one.out[0], "en": one.out[1]} for one in result.standards if one.out},
        },
    }  # fmt: skip
    if known:
        run["baselineGuid"] = str(uuid5(NAMESPACE_URL, "\n".join(f"{one.check} {one.urn} {one.en}" for one in known)))
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _rule(one: Judged) -> dict[str, Any]:
    zh, en = area_words(one.area)
    page = f"{one.help_zh}\n\n---\n\n{one.help_en}".strip("\n-") or one.title_zh
    return {
        "id": one.id,
        "shortDescription": {"text": f"{one.title_zh} / {one.title_en}"},
        "fullDescription": {"text": f"{one.fix_zh or one.title_zh} / {one.fix_en or one.title_en}"},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[one.severity]},
        "properties": {
            "tags": ["security", *dict.fromkeys(word for word in (zh, en, *one.clauses) if word)],
            "clauses": list(one.clauses), "severity": one.severity, "severityBasis": {"zh": one.basis_zh, "en": one.basis_en},
            "security-severity": _SCORES[one.severity], "assurance": one.assurance, "answers": dict(one.counts),
        },
    }  # fmt: skip


def _result(result: Result, one: Finding, rule: int, baseline: bool) -> dict[str, Any]:
    kind = _KINDS[one.answer]
    row: dict[str, Any] = {
        "ruleId": one.check, "ruleIndex": rule, "kind": kind,
        "level": _LEVELS[one.severity] if kind == "fail" else "none",
        "message": _text(one),
        "locations": [_location(one)],
        "partialFingerprints": {"liangzhu/v1": sm3(f"{one.check}\n{one.urn}\n{one.answer}".encode())},
        "properties": {
            "answer": one.answer.value, "answerZh": ANSWERS[one.answer.value][0], "effect": effect(result, one)[1],
            "mandatory": one.mandatory, "zh": clean(one.zh), "en": clean(one.en), "fixZh": one.fix_zh, "fixEn": one.fix_en,
            "clauses": list(one.clauses), "stack": clean(one.stack),
        },
    }  # fmt: skip
    if kind == "fail":
        row["suppressions"] = _suppressions(result, one)
    if baseline and kind == "fail":
        row["baselineState"] = "unchanged" if one.known else "new"
    return row


def _suppressions(result: Result, one: Finding) -> list[dict[str, Any]]:
    """The waivers that let it through; none for what is not waived, which SARIF wants said."""
    if one.answer is not Answer.WAIVED:
        return []
    return [
        {
            "kind": "external", "status": "accepted", "justification": clean(stands.waiver.reason),
            "properties": {
                key: clean(str(getattr(stands.waiver, key)))
                for key in ("ticket", "requester", "approver", "created", "expires", "compensating")
            },
        }
        for stands in result.verdict.waivers
        if stands.waiver.check == one.check and one.urn in stands.covered
    ]  # fmt: skip


def _text(one: Finding) -> dict[str, str]:
    zh, en = clean(f"{one.title_zh}:{one.zh}"), clean(f"{one.title_en}: {one.en}")
    if one.answer in (Answer.FAIL, Answer.WAIVED):
        zh, en = f"{zh};{one.fix_zh}", f"{en}; {one.fix_en}"
    # braces in a message would be placeholders
    return {"text": f"{zh}\n{en}".replace("{", "{{").replace("}", "}}")}


def _location(one: Finding) -> dict[str, Any]:
    file, line, _ = placed(one.origin)
    named = {
        "name": clean(one.name) or "estate", "kind": "resource", "fullyQualifiedName": clean(one.urn) or "estate",
        "properties": {"kind": one.kind},
    }  # fmt: skip
    where: dict[str, Any] = {"logicalLocations": [named]}
    if file:
        region = {"region": {"startLine": line}} if line else {}
        where["physicalLocation"] = {"artifactLocation": {"uri": quote(clean(file)), "uriBaseId": "SRCROOT"}, **region}
    return where
