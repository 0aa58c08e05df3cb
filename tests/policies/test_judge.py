"""The judge: six answers, what blocks, and that a broken check hides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from inventory.estate import UNKNOWN, Estate
from inventory.problems import Refused
from policies import explain
from policies.checks import CHECKS, Loaded, load
from policies.checks.shape import Answer, Check, Looked, failed, passed, unknown
from policies.judge import judge
from policies.profiles import Entry, Profile, profile
from tests.policies.cases import resource

HOST = resource("compute.host one", {"role": "web", "site": "a"})


def _profile(run: Any, mode: Any = "mandatory") -> Profile:
    check = Check(
        id="TST-001", title_zh="试", title_en="trial", clauses=(), severity="low", severity_basis="project",
        scope="resource", kinds=("compute.host",), fix_zh="改", fix_en="mend",
    )  # fmt: skip
    good = replace(check, id="TST-002")

    def passes(estate: Estate, params: Any) -> Iterator[Looked]:
        yield from map(passed, estate)

    page = Path("none.md")
    return Profile(
        "trial", "", "", (Entry(Loaded(check, run, page), mode, {}), Entry(Loaded(good, passes, page), "mandatory", {}))
    )


def test_a_check_that_breaks_blocks_and_the_others_still_run() -> None:
    def breaks(estate: Estate, params: Any) -> Iterator[Looked]:
        yield failed(HOST, "坏", "bad")
        raise ValueError("hunter2")

    verdict = judge(Estate((HOST,)), _profile(breaks), planned=True)
    assert [(f.check, f.answer) for f in verdict.blocking] == [("TST-001", "error"), ("TST-001", "fail")]
    assert verdict.results["TST-002"]["pass"] == 1
    assert "hunter2" not in json.dumps(verdict.data()), "an exception's text may hold a secret"
    assert "ValueError" in verdict.blocking[0].en


def test_a_check_that_answers_with_something_else_breaks() -> None:
    def odd(estate: Estate, params: Any) -> Iterator[Any]:
        yield passed(HOST)
        yield None

    verdict = judge(Estate((HOST,)), _profile(odd), planned=True)
    assert [f.answer for f in verdict.blocking] == ["error"]
    assert verdict.results["TST-001"]["pass"] == 1


def test_an_advisory_check_that_breaks_is_reported_and_does_not_block() -> None:
    def breaks(estate: Estate, params: Any) -> Iterator[Looked]:
        raise KeyError("x")
        yield passed(HOST)

    verdict = judge(Estate((HOST,)), _profile(breaks, "advisory"), planned=False)
    assert not verdict.blocking
    assert [f.answer for f in verdict.findings] == [Answer.ERROR]


def test_unknown_is_reported_in_a_plan_and_blocks_once_applied() -> None:
    def waits(estate: Estate, params: Any) -> Iterator[Looked]:
        yield unknown(HOST, "未知", "not known")

    assert not judge(Estate((HOST,)), _profile(waits), planned=True).blocking
    assert judge(Estate((HOST,)), _profile(waits), planned=True).findings
    assert judge(Estate((HOST,)), _profile(waits), planned=False).blocking


def test_a_check_that_finds_nothing_to_look_at_says_so() -> None:
    verdict = judge(Estate(), "level3", planned=False, on=date(2026, 6, 1))
    assert not verdict.findings
    assert {f.check for f in verdict.not_applicable} == set(verdict.results) == set(CHECKS)
    assert all(counts["not-applicable"] == 1 and sum(counts.values()) == 1 for counts in verdict.results.values())


def test_every_answer_is_counted_and_observed() -> None:
    seen: list[tuple[str, int]] = []
    estate = Estate((HOST, replace(HOST, name="two", urn=HOST.urn + "2")))
    verdict = judge(
        estate, "level2", planned=True, observe=lambda check, counts: seen.append((check, sum(counts.values())))
    )
    assert [check for check, _ in seen] == list(verdict.results)
    assert dict(seen) == {check: sum(counts.values()) for check, counts in verdict.results.items()}
    assert all(set(counts) == {answer.value for answer in Answer} for counts in verdict.results.values())
    assert verdict.results["CHG-003"]["fail"] == 2


def test_one_broken_value_is_never_a_pass() -> None:
    odd = resource("net.subnet one", {"zone": "public"})
    odd = replace(odd, properties={**odd.properties, "cidr6": UNKNOWN})
    assert judge(Estate((odd,)), "level3", planned=True).results["NET-003"] == {
        "pass": 0, "fail": 0, "not-applicable": 0, "unknown": 1, "error": 0, "waived": 0,
    }  # fmt: skip


def test_a_finding_becomes_a_sentence_with_a_place() -> None:
    one = replace(HOST, origin="inventory/requests/Pulumi.a.b.yaml:12")
    (finding,) = [f for f in judge(Estate((one,)), "level3", planned=True).findings if f.check == "CHG-003"]
    problem = finding.problem()
    assert (problem.file, problem.line, problem.code) == ("inventory/requests/Pulumi.a.b.yaml", 12, "policy.CHG-003")
    assert problem.zh != problem.en


def test_a_wrong_profile_is_refused_with_everything_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text(
        "one:\n  extends: nowhere\n  checks:\n    NET-030: mandatory\n    NET-003: maybe\n"
        "    LOG-004: {mode: mandatory, dayz: 3}\n    IAM-001: {mode: mandatory, length: short}\n"
        "    IAM-002: {mode: mandatory, tries: 0}\n    BND-016: {mode: advisory, ports: 22}\n"
        "round: {extends: round}\n"
    )
    with pytest.raises(Refused) as refused:
        profile("one", file)
    codes = sorted((p.line, p.code) for p in refused.value.problems)
    assert codes == [
        (2, "policy.profile-extends"), (4, "policy.unknown-check"), (5, "policy.mode"), (6, "policy.unknown-parameter"),
        (7, "policy.parameter"), (8, "policy.parameter"), (9, "policy.parameter"), (10, "policy.profile-extends"),
    ]  # fmt: skip
    assert all(p.zh and p.en for p in refused.value.problems)


def test_a_profile_extends_another_and_may_switch_off(tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    file.write_text(
        "base: {checks: {LOG-004: {mode: mandatory, days: 200}, NET-003: mandatory}}\n"
        "more: {extends: base, checks: {NET-003: off, LOG-004: {days: 365}, BND-016: {mode: advisory, ports: [22]}}}\n"
    )
    entries = {entry.loaded.check.id: entry for entry in profile("more", file).entries}
    assert set(entries) == {"LOG-004", "BND-016"}
    assert (entries["LOG-004"].mode, entries["LOG-004"].params["days"]) == ("mandatory", 365)
    assert entries["BND-016"].params["ports"] == (22,)


def test_level3_is_never_weaker_than_level2() -> None:
    low = {e.loaded.check.id: e.mode for e in profile("level2").entries}
    high = {e.loaded.check.id: e.mode for e in profile("level3").entries}
    assert set(low) <= set(high) == set(CHECKS)
    assert not [id_ for id_, mode in low.items() if mode == "mandatory" and high[id_] != "mandatory"]


@pytest.mark.parametrize("word", ["NET-03", "level9"])
def test_an_unknown_name_is_refused_with_the_nearest(word: str) -> None:
    with pytest.raises(Refused) as refused:
        judge(Estate(), word, planned=True) if word.startswith("level") else load(word)
    assert "NET-003" in str(refused.value) or "level3" in str(refused.value)


def test_explain() -> None:
    assert "8.1.2.1 c)" in explain("net-003")
    assert "NET-003" in explain("GB/T 22239-2019 8.1.2.1 c)", "en")
    assert "to be confirmed" in explain("8.1.10.9 b)", "en")
    assert "人工" in explain("8.1.1.3 c)")
    with pytest.raises(Refused):
        explain("NET-999999")
