"""Unknown values in previews, and outputs that cross from stack to stack."""

from __future__ import annotations

from inventory.estate import SECRET, UNKNOWN
from stacks.engine import Spec
from tests.engine.conftest import Bench, thing


def test_unknown_values_reach_the_stacks_that_refer_to_them(bench: Bench) -> None:
    bench.specs = (Spec("up"), Spec("down", ("up",)))
    bench.want(
        up={"things": [thing("a", size=7)], "exports": {"address": ["a", "address"], "size": ["a", "size"]}},
        down=[thing("b", ref={"$stack": ["up", "address"]}, size={"$stack": ["up", "size"]})],
    )
    plan = bench.plan()
    assert not plan.problems
    (planned,) = [resource for resource in plan.estate if resource.name == "b"]
    assert planned["ref"] == UNKNOWN
    assert planned["size"] == UNKNOWN  # to the SDK the outputs of a stack are one value: one unknown hides the others
    outcome = bench.up(plan=plan)
    assert not outcome.problems
    assert bench.things()["b"] == {"ref": "3fff::a", "size": 7}
    again = bench.plan()
    assert all(stack.still for stack in again.stacks.values())
    (known,) = [resource for resource in again.estate if resource.name == "b"]
    assert known["ref"] == "3fff::a"


def test_a_planned_change_upstream_is_seen_downstream(bench: Bench) -> None:
    bench.specs = (Spec("up"), Spec("down", ("up",)))

    def want(size: int) -> None:
        bench.want(
            up={"things": [thing("a", size=size)], "exports": {"size": ["a", "size"]}},
            down=[thing("b", size={"$stack": ["up", "size"]})],
        )

    want(1)
    assert not bench.up().problems
    want(2)
    plan = bench.plan()
    assert {step.op for step in plan.stacks["down"].steps if step.urn.endswith("::b")} == {"update"}
    assert not bench.up(plan=plan).problems
    assert bench.things()["b"] == {"size": 2}


def test_a_reference_to_a_stack_that_is_not_there_is_a_sentence(bench: Bench) -> None:
    bench.want(one=[thing("b", ref={"$stack": ["nowhere", "x"]})])
    plan = bench.plan()
    assert [problem.code for problem in plan.problems] == ["engine.no-stack"]
    assert not plan.stacks


def test_secrets_stay_secret_across_stacks(bench: Bench) -> None:
    bench.specs = (Spec("up"), Spec("down", ("up",)))
    bench.want(
        up={"things": [thing("a", secret={"$secret": "tip-top-hush"})], "exports": {"s": ["a", "secret"]}},
        down=[thing("b", ref={"$stack": ["up", "s"]})],
    )
    plan = bench.plan()
    assert not plan.problems
    assert "tip-top-hush" not in repr(plan)
    outcome = bench.up(plan=plan)
    assert not outcome.problems
    assert bench.things()["b"] == {"ref": "tip-top-hush"}
    (deployed,) = [resource for resource in outcome.estate if resource.name == "b"]
    assert deployed["ref"] == SECRET
    for path in bench.folder.rglob("*"):
        if path.is_file() and path.name != "graph.json" and bench.cloud not in path.parents:
            assert b"tip-top-hush" not in path.read_bytes(), path
