"""Dependencies decide the order, everything else is parallel, and stacks stop only what comes after them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stacks.engine import Options, Spec
from tests.engine.conftest import Bench, thing


def test_dependencies_come_first_and_leave_last(bench: Bench) -> None:
    bench.want(one=[thing("a"), thing("b", depends=("a",)), thing("c", ref={"$ref": ["b", "address"]})])
    assert not bench.up().problems
    assert [name for _, name in bench.calls("create")] == ["a", "b", "c"]
    assert not bench.destroy().problems
    assert [name for _, name in bench.calls("delete")] == ["c", "b", "a"]


@pytest.mark.slow
def test_what_is_independent_runs_at_once(bench: Bench) -> None:
    bench.want(one=[thing(f"t{i}", delay=1) for i in range(4)])
    assert not bench.up().problems
    spans = bench.spans("create").values()
    assert max(begin for begin, _ in spans) < min(end for _, end in spans)
    assert not bench.destroy().problems
    spans = bench.spans("delete").values()
    assert max(begin for begin, _ in spans) < min(end for _, end in spans)


@pytest.mark.slow
def test_slots_bound_what_runs_at_once(bench: Bench) -> None:
    bench.want(one=[thing(f"t{i}", delay=0.2) for i in range(4)])
    assert not bench.up(options=Options(slots=1)).problems
    spans = sorted(bench.spans("create").values())
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_stacks_run_in_order_and_in_parallel(bench: Bench) -> None:
    bench.specs = (Spec("top", ("left", "right")), Spec("left", ("base",)), Spec("right", ("base",)), Spec("base"))
    bench.want(base=[thing("base")], left=[thing("left", delay=1)], right=[thing("right", delay=1)], top=[thing("top")])
    assert not bench.up().problems
    names = [name for _, name in bench.calls("create")]
    assert names[0] == "base"
    assert names[-1] == "top"
    spans = bench.spans("create")
    assert spans["left"][0] < spans["right"][1]
    assert spans["right"][0] < spans["left"][1]
    assert not bench.destroy().problems
    names = [name for _, name in bench.calls("delete")]
    assert names[0] == "top"
    assert names[-1] == "base"


def test_a_failed_stack_stops_only_its_dependents_and_the_next_up_goes_on(bench: Bench) -> None:
    bench.specs = (Spec("base"), Spec("bad", ("base",)), Spec("good", ("base",)), Spec("last", ("bad",)))
    bench.want(
        base=[thing("base")],
        bad=[thing("first"), thing("broken", depends=("first",)), thing("never", depends=("broken",))],
        good=[thing("good")],
        last=[thing("last")],
    )
    bench.faults(create_broken="the cloud says no")
    outcome = bench.up()
    assert set(bench.things()) == {"base", "first", "good"}
    assert [problem.where for problem in outcome.stacks["bad"].problems] == ["broken"]
    assert "the cloud says no" in outcome.stacks["bad"].problems[0].en
    assert "Traceback" not in outcome.stacks["bad"].problems[0].en
    assert "File " not in outcome.stacks["bad"].problems[0].en
    assert outcome.stacks["last"].skipped
    assert outcome.stacks["last"].problems[0].code == "engine.skipped"
    assert not outcome.stacks["good"].problems
    assert not outcome.interrupted

    bench.faults()
    bench.forget()
    outcome = bench.up()
    assert not outcome.problems
    assert set(bench.things()) == {"base", "first", "good", "broken", "never", "last"}
    assert sorted(name for _, name in bench.calls("create")) == ["broken", "last", "never"]


def test_a_failure_lets_what_is_in_flight_finish_and_be_recorded(bench: Bench) -> None:
    bench.want(one=[thing("slow", delay=1), thing("broken"), thing("after", depends=("slow",))])
    bench.faults(create_broken="no")
    outcome = bench.up()
    assert outcome.problems
    assert set(bench.things()) == {"slow"}
    bench.faults()
    bench.forget()
    assert not bench.up().problems
    assert sorted(name for _, name in bench.calls("create")) == ["after", "broken"]


def test_a_failed_deletion_keeps_what_it_needs(bench: Bench) -> None:
    bench.want(one=[thing("a"), thing("b", depends=("a",)), thing("c")])
    assert not bench.up().problems
    bench.faults(delete_b="in use")
    outcome = bench.destroy()
    assert [problem.where for problem in outcome.problems] == ["b"]
    assert set(bench.things()) == {"a", "b"}
    bench.faults()
    assert not bench.destroy().problems
    assert not bench.things()


def test_stacks_that_nobody_names_any_more_are_destroyed_too(bench: Bench) -> None:
    bench.specs = (Spec("base"), Spec("old", ("base",)))
    bench.want(base=[thing("base")], old=[thing("old")])
    assert not bench.up().problems
    bench.specs = (Spec("base"),)
    assert not bench.destroy().problems
    assert [name for _, name in bench.calls("delete")] == ["old", "base"]
