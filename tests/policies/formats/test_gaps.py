"""The state of a clause: complete for the level, and never 符合 where something was not looked at or is let through."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import Estate
from policies.checks import CHECKS, load
from policies.checks.shape import Answer
from policies.clauses import clause, standards
from policies.formats import tables
from policies.gaps import MLPS, State, cited_standards, gap, gaps, summed
from policies.judge import Verdict, judge
from policies.profiles import Profile, profile
from policies.result import AREAS, area
from tests.policies.cases import case, paths
from tests.policies.formats.made import whole

PARTIAL = next((e.loaded.check for e in profile("level3").entries if e.loaded.check.assurance != "full"), None)
FULL = load("NET-003").check
NUMBERS = {answer.value: 0 for answer in Answer}


def verdict(**counts: dict[str, int]) -> Verdict:
    rows = {
        id_.replace("_", "-"): {**NUMBERS, **{k.replace("_", "-"): n for k, n in one.items()}}
        for id_, one in counts.items()
    }
    return Verdict("trial", False, (), (), rows)


def state(**counts: int) -> State:
    return gap(verdict(NET_003=counts), clause(FULL.clauses[0])).state


def test_every_clause_of_the_level_is_there_once() -> None:
    for result in (whole(), whole(planned=True)):
        found = gaps(result.verdict, MLPS)
        assert len(found) == len({one.clause.id for one in found}) == len(standards()[MLPS].clauses) == 277
        assert sum(summed(found).values()) == 277
        assert all(one.zh and one.en for one in found)
        for one in found:
            if not one.checks:
                assert one.state is State.MANUAL
    rows = list(csv.reader(io.StringIO(tables.mlps(whole()).removeprefix("\ufeff"))))
    assert len(rows) == 278
    assert Counter(row[6] for row in rows[1:])["待人工"] == summed(gaps(whole().verdict, MLPS))[State.MANUAL]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"pass": 3}, State.MEETS),
        ({"pass": 3, "not_applicable": 2}, State.MEETS),
        ({"pass": 3, "fail": 1}, State.PARTLY),
        ({"pass": 3, "waived": 1}, State.PARTLY),
        ({"waived": 1}, State.FAILS),
        ({"fail": 1, "unknown": 1}, State.FAILS),
        ({"pass": 3, "unknown": 1}, State.MANUAL),
        ({"pass": 3, "error": 1}, State.MANUAL),
        ({"not_applicable": 1}, State.MANUAL),
        ({}, State.MANUAL),
    ],
)  # fmt: skip
def test_what_a_check_that_settles_all_of_a_clause_says(counts: dict[str, int], expected: State) -> None:
    assert FULL.assurance == "full"
    assert state(**counts) is expected


def test_what_settles_a_part_never_meets_a_clause() -> None:
    assert PARTIAL is not None
    for one in PARTIAL.clauses:
        said = gap(verdict(**{PARTIAL.id.replace("-", "_"): {"pass": 5}}), clause(one))
        assert said.state is State.MANUAL
        assert "5" in said.zh


def test_not_applicable_wants_a_resource_that_it_does_not_concern() -> None:
    empty = judge(Estate(), "level3", planned=False)
    assert {one.state for one in gaps(empty, MLPS)} == {State.MANUAL}
    one = next(
        found
        for p in paths()
        if p.parent.name == "NET-007" and {*(found := case(p)).expect.values()} == {"not-applicable"}
    )
    alone = Profile("alone", "", "", (one.entry,))
    said = gap(judge(one.estate, alone, planned=False, on=one.today), clause(load("NET-007").check.clauses[0]))
    assert said.state is State.NOT_APPLICABLE


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([a.value for a in Answer]), st.integers(0, 3)))
def test_met_is_said_only_where_all_that_was_seen_passed(counts: dict[str, int]) -> None:
    found = state(**{key.replace("-", "_"): number for key, number in counts.items()})
    bad = sum(counts.get(key, 0) for key in ("fail", "waived", "unknown", "error"))
    if found is State.MEETS:
        assert counts.get("pass")
        assert not bad
    if counts.get("fail") or counts.get("waived"):
        assert found in (State.FAILS, State.PARTLY)


def test_the_standards_that_are_told() -> None:
    assert MLPS in cited_standards(replace(whole().verdict, results={})), "a complete catalogue is always told"
    for covered in whole().standards:
        assert (covered.out is None) == standards()[covered.id].in_force(whole().on)
        assert covered.checked == sum(bool(one.checks) for one in covered.gaps)


def test_every_area_of_checks_has_its_name() -> None:
    assert set(AREAS) == {area(id_) for id_ in CHECKS}
