"""Whatever the graph and however it is edited: after an up the cloud is what was wanted, and a second up does nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.conftest import Bench, thing

NAMES = ("a", "b", "c", "d", "e")


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Things in some order, each depending on some of those before it, by option or by a property."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True))
    things = []
    for position, name in enumerate(chosen):
        before = chosen[:position]
        depends = tuple(sorted(draw(st.sets(st.sampled_from(before), max_size=2)))) if before else ()
        props: dict[str, Any] = {"size": draw(st.integers(0, 2)), "exclusive": True}
        if draw(st.booleans()):
            props["place"] = draw(st.sampled_from(("x", "y")))
        if before and draw(st.booleans()):
            props[draw(st.sampled_from(("ref", "place")))] = {"$ref": [draw(st.sampled_from(before)), "address"]}
        if draw(st.booleans()):
            props["secret"] = {"$secret": draw(st.sampled_from(("hush", "hush-hush")))}
        things.append(thing(name, depends=depends, **props))
    return things


def wanted(things: list[dict[str, Any]]) -> dict[str, Any]:
    """What the cloud should hold."""

    def value(raw: Any) -> Any:
        if isinstance(raw, dict):
            return f"3fff::{raw['$ref'][0]}" if "$ref" in raw else raw["$secret"]
        return raw

    return {entry["name"]: {key: value(raw) for key, raw in entry["props"].items()} for entry in things}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(graphs(), st.sampled_from((*NAMES, "")), st.booleans()), min_size=1, max_size=3))
def test_every_edit_converges(
    edits: list[tuple[list[dict[str, Any]], str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        monkeypatch.setenv("GRAPH", str(bench.folder / "graph.json"))
        monkeypatch.setenv("CLOUD", str(bench.cloud))
        for things, broken, after in edits:
            bench.want(one=things)
            if broken:
                word = "after: lost" if after else "no"
                bench.faults(**{f"{op}_{broken}": word for op in ("create", "update", "delete")})
                bench.up()
                bench.faults()
            plan = bench.plan()
            assert not plan.problems
            outcome = bench.up(plan=plan)
            assert not outcome.problems
            assert bench.things() == wanted(things)
            recorded = bench.recorded()
            managed = [record.urn.rpartition("::")[2] for record in recorded.records if record.managed]
            assert sorted(managed) == sorted(wanted(things))
            assert not recorded.pending
            bench.forget()
            assert set(bench.up().counts) == {"same"}
            assert not bench.calls("create", "update", "delete")
        assert not bench.destroy().problems
        assert not bench.things()
