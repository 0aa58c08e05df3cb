"""What a plan could not know is judged again before it is made of it; what is forbidden is not made, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inventory import urns
from inventory.estate import Estate, known
from inventory.problems import Problem
from stacks import engine
from tests.engine.conftest import Bench, thing

ALLOW = "3fff::a"


def judge(allowed: Callable[[Any], bool]) -> Any:
    """Forbids what is not allowed, and says what it was shown."""

    def look(urn: str, estate: Estate) -> tuple[Problem, ...]:
        one = estate.urn(urn)
        assert one is not None
        value = one.get("ref")
        if allowed(value):
            return ()
        others = ", ".join(f"{r.name}={r.get('address')}" for r in estate if r.get("address"))
        return (Problem("policy.X", "不行", f"{value} is forbidden beside {others}", one.name),)

    return look


def run(bench: Bench, allowed: Callable[[Any], bool]) -> engine.Outcome:
    return bench.up(plan=bench.plan(), judge=judge(allowed))


def want(bench: Bench) -> None:
    bench.want(one=[thing("a"), thing("b", ref={"$ref": ["a", "address"]}), thing("c", depends=("b",))])


def test_what_is_forbidden_once_it_is_known_is_not_made_and_the_next_run_goes_on(bench: Bench) -> None:
    want(bench)
    outcome = run(bench, lambda value: False)
    (problem,) = outcome.problems
    assert problem.code == "policy.X"
    assert problem.en == f"{ALLOW} is forbidden beside a={ALLOW}", "the real value, among what is made by now"
    assert list(bench.things()) == ["a"]
    assert not bench.recorded().pending
    assert not run(bench, lambda value: value == ALLOW).problems
    assert bench.things()["b"] == {"ref": ALLOW}
    assert sorted(bench.things()) == ["a", "b", "c"]


def test_only_what_was_not_known_is_judged_again(bench: Bench) -> None:
    want(bench)
    assert not run(bench, lambda value: value == ALLOW).problems, "a and c were known: nobody asks of them"
    bench.want(one=[thing("a"), thing("b", ref={"$ref": ["a", "address"]}, size=2), thing("c", depends=("b",))])
    assert not run(bench, lambda value: False).problems, "the plan knew it"
    assert bench.things()["b"]["size"] == 2


def test_a_change_is_judged_as_a_creation_is(bench: Bench) -> None:
    bench.want(one=[thing("b", ref="1")])
    assert not bench.up().problems
    bench.want(one=[thing("a"), thing("b", ref={"$ref": ["a", "address"]})])
    (problem,) = run(bench, lambda value: False).problems
    assert problem.where == "b"
    assert bench.things()["b"] == {"ref": "1"}
    assert not run(bench, lambda value: value == ALLOW).problems
    assert bench.things()["b"] == {"ref": ALLOW}


def test_what_does_not_need_it_is_made_with_continue_on_error(bench: Bench) -> None:
    bench.want(one=[thing("a"), thing("b", ref={"$ref": ["a", "address"]}), thing("d")])
    options = engine.Options(continue_on_error=True)
    plan = bench.plan(options=options)
    assert bench.up(plan=plan, options=options, judge=judge(lambda value: False)).problems
    assert sorted(bench.things()) == ["a", "d"]


def test_the_plan_says_what_it_does_not_know(bench: Bench) -> None:
    want(bench)
    plan = bench.plan().stacks["one"]
    open_ = {urns.name(r.urn) for r in plan.resources if not known(r.get("ref"))}
    assert open_ == {"b"}
