"""Refresh: drift is found and recorded, and the next up repairs it."""

from __future__ import annotations

import json
import shutil

from inventory.estate import published
from stacks import engine
from tests.engine.conftest import PROGRAMS, Bench, thing


def test_refresh_finds_what_changed_and_what_is_gone(bench: Bench) -> None:
    bench.want(one=[thing("same", size=1), thing("drifted", size=1), thing("gone", size=1, depends=("same",))])
    assert not bench.up().problems
    assert bench.refresh().counts == {"same": 3}
    bench.ask(f"UPDATE things SET props='{json.dumps({'size': 5})}' WHERE name='drifted'")
    bench.ask("DELETE FROM things WHERE name='gone'")
    outcome = bench.refresh()
    assert not outcome.problems
    assert outcome.counts == {"same": 1, "refresh": 1, "delete": 1}
    (drifted,) = [resource for resource in published(bench.publish) if resource.name == "drifted"]
    assert drifted["size"] == 5
    assert not [resource for resource in published(bench.publish) if resource.name == "gone"]
    outcome = bench.up()
    assert not outcome.problems
    assert outcome.counts == {"same": 3, "update": 1, "create": 1}
    assert bench.things()["drifted"] == {"size": 1}
    assert bench.refresh().counts == {"same": 3}


def test_a_refresh_that_fails_says_where(bench: Bench) -> None:
    bench.want(one=[thing("a"), thing("b")])
    assert not bench.up().problems
    bench.faults(read_a="no answer")
    outcome = bench.refresh()
    assert [problem.where for problem in outcome.problems] == ["a"]
    assert outcome.counts == {"same": 1}
    assert len(published(bench.publish)) == 3


def test_a_project_may_want_what_is_there_to_be_read_before_every_update(bench: Bench) -> None:
    shutil.copytree(PROGRAMS / "graph", bench.folder / "program")
    bench.program = engine.Program(bench.folder / "program")
    bench.want(one=[thing("a", size=1)])
    assert not bench.up().problems
    bench.ask("DELETE FROM things WHERE name='a'")
    assert bench.plan().stacks["one"].still  # nobody has looked
    with (bench.folder / "program" / "Pulumi.yaml").open("a") as project:
        project.write("options: {refresh: always}\n")
    bench.program = engine.Program(bench.folder / "program")
    assert bench.plan().counts["create"] == 1
    assert not bench.up().problems
    assert list(bench.things()) == ["a"]
