"""A baseline hides what was there, as long as it is no worse and its time has not run out; nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from inventory.estate import Estate, Resource
from inventory.problems import Refused
from policies import baseline
from policies.judge import Finding, judge
from tests.policies.test_waivers import ON, WEAK


def failing(one: Resource, known: baseline.Baseline | None = None, on: date = ON) -> list[Finding]:
    verdict = judge(Estate((one,)), "level3", planned=True, on=on, baseline=known)
    return [f for f in verdict.blocking if f.answer == "fail"]


def _with(**fields: int) -> Resource:
    return replace(WEAK, properties={**WEAK.properties, **fields})


def test_what_was_there_does_not_block_and_what_is_new_or_worse_does() -> None:
    known = baseline.made(failing(WEAK), ON, 90)
    assert known
    assert failing(WEAK, known) == []
    assert [f.check for f in failing(_with(idle_minutes=0), known)] == ["IAM-002"], "new"
    assert [f.check for f in failing(_with(history=1), known)] == ["IAM-001"], "one reason more"
    assert [f.check for f in failing(_with(min_length=5), known)] == ["IAM-001"], "the same reason, worse"
    worse = failing(_with(min_length=5, history=1))
    assert failing(_with(min_length=5), baseline.made(worse, ON, 90)) == [], "one reason less is no worse"


def test_the_finding_stays_to_be_read() -> None:
    known = baseline.made(failing(WEAK), ON, 90)
    verdict = judge(Estate((WEAK,)), "level3", planned=True, on=ON, baseline=known)
    assert [(f.check, f.known) for f in verdict.findings if f.answer == "fail"] == [("IAM-001", True)]


def test_it_ends() -> None:
    known = baseline.made(failing(WEAK), ON, 90)
    assert failing(WEAK, known, ON + timedelta(89)) == []
    assert failing(WEAK, known, ON + timedelta(90))
    assert failing(WEAK, baseline.made(failing(WEAK), ON, 9999), ON + timedelta(365)), "a year at most"
    broken = {key: replace(one, expires="2026-02-30") for key, one in known.items()}
    assert failing(WEAK, broken)


def test_a_file_holds_it_and_equal_ones_are_equal_bytes(tmp_path: Path) -> None:
    known = baseline.made(failing(_with(idle_minutes=0)), ON, 30)
    file = tmp_path / "demo.json"
    file.write_text(baseline.text(known), encoding="utf-8")
    assert baseline.read(file) == known
    assert baseline.text(dict(reversed(list(known.items())))) == baseline.text(known)
    assert baseline.gone(known, failing(WEAK)) == [("IAM-002", WEAK.urn)]


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "entries": []}', '{"format": 1, "entries": [{}]}', "\x00"])
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        baseline.read(tmp_path / "b.json")
    assert refused.value.problems[0].code == "policy.baseline"


def test_a_baseline_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        baseline.read(tmp_path / "none.json")
    assert refused.value.problems[0].code == "policy.baseline-missing"
