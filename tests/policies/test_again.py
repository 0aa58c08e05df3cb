"""What a plan could not know, judged again: over all case files, a failure that was hidden is found, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.estate import UNKNOWN, Estate, Resource
from policies.checks.shape import Answer
from policies.judging import Around, again, judged
from policies.profiles import Profile
from tests.policies.cases import Case, case, paths

WITHOUT_PASS = [path for path in paths() if path.stem.startswith(("fail", "pass"))]


def around(of: Case) -> Around:
    return Around(Profile("case", "", "", (of.entry,)), of.today)


def hidden(of: Case) -> tuple[Resource, str, Estate] | None:
    """A resource that the check judges by itself, a property of it without which it cannot say, and the estate as a plan
    has it."""
    for one in of.estate:
        answer = of.expect.get(one.name) or of.expect.get(f"{one.kind}/{one.name}")
        for key in one.properties if answer in ("fail", "pass") else ():
            blind = replace(one, properties={**one.properties, key: UNKNOWN})
            plan = Estate(tuple(blind if other is one else other for other in of.estate))
            said = judged(around(of), plan, planned=True)
            if key != "name" and any(f.urn == one.urn and f.answer is Answer.UNKNOWN for f in said.findings):
                return one, key, plan
    return None


@pytest.mark.slow
def test_what_was_hidden_is_judged_as_if_it_had_been_known() -> None:
    looked = 0
    for path in WITHOUT_PASS:
        of = case(path)
        found = hidden(of)
        if found is None:
            continue
        looked += 1
        one, key, plan = found
        given = around(of)
        look = again(given, plan, judged(given, plan, planned=True))
        assert look is not None, path
        mine = of.estate.only(lambda other, stack=one.stack: other.stack == stack)
        whole = judged(given, of.estate, planned=False)
        fails = any(f.urn == one.urn for f in whole.blocking)
        assert bool([p for p in look(one.urn, mine) if p.where == f"{one.kind} {one.name}"]) is fails, (path, key)
    assert looked > 150, looked


def test_a_plan_that_knows_all_asks_for_nothing() -> None:
    for path in WITHOUT_PASS[:40]:
        of = case(path)
        verdict = judged(around(of), of.estate, planned=True)
        if not any(f.answer is Answer.UNKNOWN for f in verdict.findings):
            assert again(around(of), of.estate, verdict) is None, path


def test_what_only_reports_never_forbids() -> None:
    of = case(next(path for path in paths() if path.stem.startswith("unknown")))
    for mode in ("mandatory", "advisory"):
        given = Around(Profile("case", "", "", (replace(of.entry, mode=mode),)), of.today)
        found = again(given, of.estate, judged(given, of.estate, planned=True))
        assert (found is not None) is (mode == "mandatory")
