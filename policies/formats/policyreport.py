"""PolicyReport (wgpolicyk8s.io/v1alpha2), as Kubernetes dashboards read it: YAML, one entry a finding.

`fail` is a failure that is mandatory, `warn` one that is only reported; what cannot be judged or broke is `error`; what is
waived or does not apply is `skip`. What passed is one entry a check with its number: the summary counts entries, and the
numbers of resources are in `properties`.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, time
from typing import Any

from inventory.rendering import yaml_rows, yaml_text
from policies.checks.shape import Answer
from policies.formats.words import answer, area_text, clean, effect, told
from policies.judge import Finding
from policies.result import Judged, Result

_RESULTS = {
    Answer.UNKNOWN: "error", Answer.ERROR: "error", Answer.WAIVED: "skip", Answer.NOT_APPLICABLE: "skip",
}  # fmt: skip


def policyreport(result: Result) -> str:
    """The document."""
    when = {"seconds": int(datetime.combine(result.on, time(), UTC).timestamp()), "nanos": 0}
    areas = {one.id: area_text(one.area) for one in result.checks}
    rows = [_row(result, one, areas[one.check], when) for one in result.rows]
    rows += [_passed(one, when) for one in result.checks if one.counts.get("pass", 0)]
    counts = Counter(row["result"] for row in rows)
    name = re.sub("[^a-z0-9]+", "-", f"liangzhu-{result.verdict.profile}".lower()).strip("-")
    head = yaml_text({
        "apiVersion": "wgpolicyk8s.io/v1alpha2",
        "kind": "PolicyReport",
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/managed-by": "liangzhu"},
            "annotations": {
                "liangzhu/profile": clean(result.verdict.profile), "liangzhu/on": result.on.isoformat(),
                "liangzhu/estate": result.estate, "liangzhu/resources": str(result.resources),
            },
        },
        "summary": {key: counts[key] for key in ("pass", "fail", "warn", "error", "skip")},
    })  # fmt: skip
    return f"{head}results:\n{yaml_rows(rows)}" if rows else f"{head}results: []\n"


def _row(result: Result, one: Finding, area: str, when: dict[str, int]) -> dict[str, Any]:
    (zh, en), (effect_zh, effect_en) = answer(one), effect(result, one)
    row: dict[str, Any] = {
        "source": "liangzhu", "policy": one.check, "rule": one.title_en, "category": area, "severity": one.severity,
        "result": _RESULTS.get(one.answer) or ("fail" if one.mandatory else "warn"), "scored": one.mandatory,
        "timestamp": when,
        "message": clean(f"{zh}({effect_zh}):{told(one, 'zh')}\n{en} ({effect_en}): {told(one, 'en')}"),
    }  # fmt: skip
    if one.urn:
        row["resources"] = [
            {"kind": one.kind, "name": clean(one.name), "namespace": clean(one.stack), "uid": clean(one.urn)}
        ]
    row["properties"] = {
        "title": one.title_zh, "clauses": "; ".join(one.clauses), "place": clean(one.origin),
        "fix-zh": one.fix_zh, "fix-en": one.fix_en,
    }  # fmt: skip
    return row


def _passed(one: Judged, when: dict[str, int]) -> dict[str, Any]:
    number = one.counts["pass"]
    return {
        "source": "liangzhu", "policy": one.id, "rule": one.title_en, "category": area_text(one.area), "severity": one.severity,
        "result": "pass", "scored": True, "timestamp": when, "message": f"{number} 个资源通过\n{number} resources pass",
        "properties": {"title": one.title_zh, "clauses": "; ".join(one.clauses), "count": str(number)},
    }  # fmt: skip
