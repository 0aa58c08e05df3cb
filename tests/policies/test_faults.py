"""A check that breaks, wherever it breaks, or never ends: it answers `error`, blocks where it is mandatory, and what the
others say is what they said. Asked of every check, at every one of its answers, on an estate of its own case files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from inventory.estate import Estate
from policies.checks import CHECKS, load
from policies.checks.shape import Answer, Looked, passed
from policies.judge import Verdict, judge
from policies.profiles import Entry, Profile
from tests.policies.cases import FOLDER, Case, case, resource

WITNESS = resource("compute.host witness", {"role": "web"})


class Broken(Exception):
    """Nothing that any check knows of."""


def _witness() -> Entry:
    """Another check, whose answers must not change."""
    loaded = load("IAM-013")
    check = replace(loaded.check, id="TST-001")

    def run(estate: Estate, params: Any) -> Iterator[Looked]:
        yield from map(passed, estate)

    return Entry(replace(loaded, check=check, judge=run), "mandatory", {})


def _cases() -> list[tuple[str, Case]]:
    """Of each check the case with the most answers."""
    found = []
    for id_ in CHECKS:
        every = [case(path) for path in sorted((FOLDER / id_).glob("*.yaml"))]
        found.append((id_, max(every, key=lambda one: (len(one.expect), one.name))))
    return found


def _judged(one: Case, mode: Any, run: Any = None, seconds: float | None = None) -> Verdict:
    loaded = one.entry.loaded
    check = replace(loaded.check, seconds=seconds) if seconds else loaded.check
    entry = Entry(replace(loaded, check=check, judge=run or loaded.judge), mode, one.entry.params)
    return judge(one.estate, Profile("t", "", "", (_witness(), entry, _witness())), planned=True, on=one.today)


@pytest.mark.parametrize(("id_", "one"), _cases(), ids=lambda part: part if isinstance(part, str) else "")
def test_an_exception_at_any_answer_is_an_error_and_hides_nothing(id_: str, one: Case) -> None:
    whole = _judged(one, "mandatory")
    assert not whole.results[id_]["error"]
    answers = sum(whole.results[id_].values())
    for n in range(answers + 1):

        def breaks(estate: Estate, params: Any, n: int = n) -> Iterator[Looked]:
            for at, looked in enumerate(one.entry.loaded.judge(estate, params)):
                if at == n:
                    raise Broken("hunter2")
                yield looked
            raise Broken("hunter2")

        for mode in ("mandatory", "advisory"):
            verdict = _judged(one, mode, breaks)
            errors = [f for f in verdict.findings if f.check == id_ and f.answer == "error"]
            assert len(errors) == 1, f"{id_} broke at its answer {n}"
            assert (errors[0] in verdict.blocking) is (mode == "mandatory")
            assert "hunter2" not in errors[0].en + errors[0].zh
            assert verdict.results["TST-001"] == whole.results["TST-001"], "another check says something else"
            said = {(f.urn, f.en) for f in verdict.findings if f.check == id_ and f.answer != "error"}
            assert said <= {(f.urn, f.en) for f in whole.findings if f.check == id_}, "it says what it never said"


@pytest.mark.slow
@pytest.mark.parametrize(("id_", "one"), _cases(), ids=lambda part: part if isinstance(part, str) else "")
def test_a_check_that_never_ends_is_an_error_and_the_others_still_run(id_: str, one: Case) -> None:
    def endless(estate: Estate, params: Any) -> Iterator[Looked]:
        yield from one.entry.loaded.judge(estate, params)
        while True:
            pass

    verdict = _judged(one, "mandatory", endless, seconds=0.3)
    assert [f.answer for f in verdict.blocking if f.check == id_].count(Answer.ERROR) == 1
    assert verdict.results["TST-001"] == _judged(one, "mandatory").results["TST-001"]
