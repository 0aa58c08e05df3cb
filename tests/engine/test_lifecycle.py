"""Create, keep, update, replace, delete."""

from __future__ import annotations

from tests.engine.conftest import Bench, thing


def test_a_resource_lives_from_its_creation_to_its_deletion(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1), thing("b", size=1, ref={"$ref": ["a", "address"]})])
    plan = bench.plan()
    assert not plan.problems
    assert plan.stacks["one"].counts["create"] == 4  # the two things, the stack, the default provider
    assert not bench.things()

    outcome = bench.up(plan=plan)
    assert not outcome.problems
    assert bench.things() == {"a": {"size": 1}, "b": {"size": 1, "ref": "3fff::a"}}
    assert outcome.stacks["one"].counts == {"create": 4}

    again = bench.plan()
    assert again.stacks["one"].still
    bench.forget()
    outcome = bench.up(plan=again)
    assert outcome.counts == {"same": 4}
    outcome = bench.up()
    assert outcome.counts == {"same": 4}
    assert not bench.calls()

    bench.want(one=[thing("a", size=2)])
    outcome = bench.up()
    assert not outcome.problems
    assert outcome.counts == {"same": 2, "update": 1, "delete": 1}
    assert bench.things() == {"a": {"size": 2}}

    bench.want(one=[thing("a", size=2, place="there")])
    outcome = bench.up()
    assert outcome.counts["replace"] == 1

    outcome = bench.destroy()
    assert not outcome.problems
    assert not bench.things()
    assert not len(outcome.estate)
