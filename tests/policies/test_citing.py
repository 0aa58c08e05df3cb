"""What may be cited on a day: the edition that is in force, and an error for every other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.estate import Estate
from policies.checks import CHECKS, Loaded, load
from policies.checks.shape import Answer, Check, Looked, failed
from policies.citing import cite
from policies.clauses import clause, clauses, standards
from policies.judge import judge
from policies.profiles import Entry, Profile
from policies.report.parts.assurance import findings
from tests.policies.cases import resource

NEW_YEAR = date(2026, 1, 1)
LAW, LAW_2017 = "网络安全法 第二十三条(三)", "网络安全法(2017) 第二十一条(三)"


@given(st.dates(date(2007, 1, 1), date(2040, 1, 1)))
def test_at_most_one_edition_is_in_force_on_a_day(on: date) -> None:
    for later in standards().values():
        if later.replaces:
            assert not (later.in_force(on) and standards()[later.replaces].in_force(on))


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.sampled_from(sorted(clauses())))
def test_a_clause_is_cited_from_an_edition_in_force_or_is_an_error(on: date, id_: str) -> None:
    found = cite((id_,), on)
    assert bool(found.clauses) != bool(found.problems)
    assert all(standards()[clause(one).standard].in_force(on) for one in found.clauses)
    assert all(one.zh != one.en and one.where == id_ for one in found.problems)


@pytest.mark.parametrize(
    ("on", "law", "recovery"),
    [
        (NEW_YEAR - timedelta(1), LAW_2017, "GB/T 20988-2007 第5级"),
        (NEW_YEAR, LAW, "GB/T 20988-2025 备用网络与数据处理系统"),
        (NEW_YEAR + timedelta(1), LAW, "GB/T 20988-2025 备用网络与数据处理系统"),
    ],
)
def test_around_new_year_2026_the_edition_in_force_is_cited(on: date, law: str, recovery: str) -> None:
    assert cite((LAW, "GB/T 20988-2025 备用网络与数据处理系统"), on).clauses == (law, recovery)


def test_a_superseded_edition_is_an_error_that_says_what_to_cite() -> None:
    assert cite((LAW_2017,), NEW_YEAR - timedelta(1)).problems == ()
    found = cite((LAW_2017, "GB/T 22239-2019 8.1.2.1 c)"), NEW_YEAR)
    assert found.clauses == ("GB/T 22239-2019 8.1.2.1 c)",), "the others are still cited"
    (problem,) = found.problems
    assert problem.code == "policy.edition-superseded"
    assert LAW in problem.zh
    assert f"cite {LAW}" in problem.en
    (early,) = cite((LAW,), date(2016, 1, 1)).problems
    assert early.code == "policy.edition-early"
    assert cite(("X 1",), NEW_YEAR).problems[0].code == "policy.unknown-clause"


def test_no_check_cites_what_is_superseded() -> None:
    for id_ in CHECKS:
        found = cite(load(id_).check.clauses, date(2026, 11, 28))
        assert found.clauses == load(id_).check.clauses, (id_, [str(one) for one in found.problems])


def _citing(*cites: str) -> Profile:
    """One check that passes for every host, and cites these."""
    check = Check(
        id="TST-001", title_zh="试", title_en="trial", clauses=cites, severity="low", severity_basis="project",
        scope="resource", kinds=("compute.host",), fix_zh="改", fix_en="mend",
    )  # fmt: skip

    def run(estate: Estate, params: Any) -> Iterator[Looked]:
        yield from (failed(one, "坏", "bad") for one in estate)

    return Profile("trial", "", "", (Entry(Loaded(check, run, Path("none.md")), "mandatory", {}),))


@pytest.mark.parametrize(("on", "errors"), [(NEW_YEAR - timedelta(1), 0), (NEW_YEAR, 1)])
def test_a_check_that_cites_a_superseded_edition_blocks_and_still_says_what_it_found(on: date, errors: int) -> None:
    kept = "GB/T 22239-2019 8.1.2.1 c)"
    estate = Estate((resource("compute.host one", {}),))
    verdict = judge(estate, _citing(LAW_2017, kept), planned=True, on=on)
    assert verdict.results["TST-001"]["fail"] == 1
    assert verdict.results["TST-001"]["error"] == errors
    assert [one.answer for one in verdict.blocking].count(Answer.ERROR) == errors
    cites = (kept,) if errors else (LAW_2017, kept)
    assert {one.clauses for one in verdict.findings} == {cites}
    assert verdict.cites == {"TST-001": cites}
    for one in verdict.findings:
        if one.answer is Answer.ERROR:
            assert "不能再引用" in one.zh
            assert LAW in one.en
    undated = judge(estate, _citing(LAW_2017, kept), planned=True)
    assert undated.results["TST-001"]["error"] == 0, "without a day nobody can say"


def test_the_report_cites_by_the_day() -> None:
    estate = Estate((resource("log.sink one", {"retention_days": "30"}),))
    for on, law, other in ((NEW_YEAR - timedelta(1), LAW_2017, LAW), (NEW_YEAR, LAW, LAW_2017)):
        shown = findings(judge(estate, "level3", planned=True, on=on), {})
        assert law in {row["id"] for row in shown["clauses"]}
        assert other not in json.dumps(shown, ensure_ascii=False)
        ids = {row["id"] for row in shown["standards"]}
        assert (law.split()[0] in ids, other.split()[0] in ids) == (True, False)
