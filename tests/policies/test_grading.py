"""The severity of a finding: a floor that the check has, raised by what the finding is about, never lowered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.estate import SECRET, UNKNOWN, Estate
from inventory.kinds.base import DataClass
from policies import asking
from policies.checks.shape import ORDER, Answer, Severity
from policies.grading import HIGHEST, IMPACT_OF_LEVEL, ORDERED, REACH, STEPS, Concern, concern, graded
from policies.judge import judge
from policies.report.parts.assurance import findings
from tests.policies.cases import resource

BASES = st.sampled_from(ORDERED)
ODD: tuple[Any, ...] = (UNKNOWN, SECRET, "x", [], {}, 99, ("core",))
CONCERNS = st.builds(
    Concern,
    data=st.sampled_from([None, *ORDER, *ODD]),
    level=st.sampled_from([None, *IMPACT_OF_LEVEL, 3.0, *ODD]),
    exposure=st.sampled_from([None, *REACH, *ODD]),
    behind=st.booleans(),
)


def _rank(severity: Severity) -> int:
    return ORDERED.index(severity)


def _weight(table: dict[Any, int], value: Any) -> int:
    """How much a value weighs, written down a second time."""
    if value is None:
        return 0
    return table[value] if isinstance(value, str | int | float) and value in table else HIGHEST


@given(BASES, CONCERNS)
def test_nothing_is_lowered_and_what_is_raised_says_why(base: Severity, about: Concern) -> None:
    found = graded(base, about)
    assert _rank(found.severity) >= _rank(base)
    assert bool(found.zh) == bool(found.en) == (found.severity != base)
    assert graded(base, about) == found


@given(BASES, CONCERNS, CONCERNS)
def test_what_weighs_more_is_graded_no_lower(base: Severity, one: Concern, other: Concern) -> None:
    """Monotone in everything: data, level, exposure, facing it oneself, and the check's own severity."""

    def weights(about: Concern) -> tuple[int, ...]:
        return (
            _weight(ORDER, about.data), _weight(IMPACT_OF_LEVEL, about.level), _weight(REACH, about.exposure),
            int(not about.behind),
        )  # fmt: skip

    low, high = weights(one), weights(other)
    if all(a <= b for a, b in zip(low, high, strict=True)):
        assert _rank(graded(base, one).severity) <= _rank(graded(base, other).severity)
    for above in ORDERED[_rank(base) :]:
        assert _rank(graded(base, one).severity) <= _rank(graded(above, one).severity)


@given(BASES, CONCERNS, st.sampled_from(["data", "level", "exposure"]))
def test_what_cannot_be_read_counts_as_the_highest(base: Severity, about: Concern, field: str) -> None:
    worst = {"data": "core", "level": 5, "exposure": "internet"}[field]
    hidden, known = replace(about, **{field: UNKNOWN}), replace(about, **{field: worst})
    assert graded(base, hidden).severity == graded(base, known).severity


def test_the_tables_know_every_word_of_the_model() -> None:
    assert set(get_args(DataClass)) == set(ORDER)
    assert set(IMPACT_OF_LEVEL) == {1, 2, 3, 4, 5}
    assert all(list(row) == sorted(row) for row in STEPS)
    assert all(list(column) == sorted(column) for column in zip(*STEPS, strict=True))
    assert STEPS[0][0] == 0, "what holds little and faces nobody is as grave as the check says"


@pytest.mark.parametrize(
    ("about", "low", "medium"),
    [
        (Concern(), "low", "medium"),
        (Concern("general", 2, "extranet"), "low", "medium"),
        (Concern("general", 2, "internet"), "medium", "high"),
        (Concern("general", 2, "internet", behind=True), "low", "medium"),
        (Concern("general", 3, "private"), "low", "medium"),
        (Concern("important", 2, "extranet"), "medium", "high"),
        (Concern("general", 3, "internet", behind=True), "medium", "high"),
        (Concern("core", 2, "private"), "medium", "high"),
        (Concern("core", 4, "internet"), "high", "high"),
    ],
)
def test_the_matrix(about: Concern, low: Severity, medium: Severity) -> None:
    assert graded("low", about).severity == low
    assert graded("medium", about).severity == medium
    assert graded("high", about).severity == "high"


def test_a_resource_is_about_what_its_system_is_about() -> None:
    system = resource("gov.system x.one", {"level": "3", "data_class": "core", "exposure": "internet"})
    store = resource("db.instance d", {"system": "x.one"})
    balancer = resource("net.lb l", {"system": "x.one", "exposure": "private", "data_class": "general", "level": "2"})
    estate = Estate((system, store, balancer))
    assert concern(estate, store) == Concern("core", 3, "internet", behind=True)
    assert concern(estate, balancer) == Concern("general", 2, "private")
    assert concern(estate, system) == Concern("core", 3, "internet")
    assert concern(estate, None) == Concern()
    assert concern(Estate((store,)), store) == Concern()


def test_the_judge_raises_says_from_what_and_leaves_the_rest() -> None:
    fields = {"role": "web", "site": "a"}
    quiet = resource("compute.host one", {**fields, "data_class": "general"})
    grave = resource("compute.host two", {**fields, "data_class": "core"})
    verdict = judge(Estate((quiet, grave)), "level3", planned=True, on=date(2026, 6, 1))
    found = {one.name: one for one in verdict.findings if one.check == "CHG-003" and one.answer is Answer.FAIL}
    assert (found["one"].severity, found["one"].base, found["one"].raised_zh) == ("low", None, "")
    assert (found["two"].severity, found["two"].base) == ("medium", "low")
    assert "核心数据" in found["two"].raised_zh
    assert "core data" in found["two"].raised_en
    assert all(one.base is None for one in verdict.not_applicable)


def test_what_was_raised_is_told_on_the_line_and_in_the_report() -> None:
    fields = {"role": "web", "site": "a"}
    estate = Estate(tuple(resource(f"compute.host {name}", {**fields, "data_class": name}) for name in ORDER))
    verdict = judge(estate, "level3", planned=True, on=date(2026, 6, 1))
    found = {one.name: one for one in verdict.findings if one.check == "CHG-003"}
    assert "严重程度低升为中:核心数据" in asking._line(found["core"], True, "zh")
    assert "medium instead of low: core data" in asking._line(found["core"], True, "en")
    assert "升为" not in asking._line(found["general"], True, "zh")
    (group,) = (row for row in findings(verdict, {})["groups"] if row["check"] == "CHG-003")
    assert group["severity"] == "medium", "the gravest of its members"
    assert {row["name"]: bool(row["raised"]) for row in group["rows"]} == {
        "general": False, "important": False, "core": True,
    }  # fmt: skip
