"""Resource options of programs, and sentences for what is not supported."""

from __future__ import annotations

from tests.engine.conftest import Bench, thing


def ops(bench: Bench) -> dict[str, set[str]]:
    """name → ops of the plan, `same` left out."""
    plan = bench.plan()
    assert not plan.problems, plan.problems
    found: dict[str, set[str]] = {}
    for step in plan.stacks["one"].steps:
        if step.op != "same":
            found.setdefault(step.urn.rpartition("::")[2], set()).add(step.op)
    return found


def test_a_replacement_is_made_before_the_old_one_goes_unless_asked(bench: Bench) -> None:
    bench.want(one=[thing("a", exclusive=True), thing("b", opts={"delete_before_replace": True})])
    assert not bench.up().problems
    bench.forget()
    bench.want(one=[thing("a", exclusive=True, place="x"), thing("b", place="x", opts={"delete_before_replace": True})])
    assert ops(bench) == {"a": {"replace"}, "b": {"replace"}}
    outcome = bench.up()
    assert outcome.counts == {"same": 2, "replace": 2}
    for name in "ab":
        assert [op for op, n in bench.calls("create", "delete") if n == name] == ["delete", "create"]


def test_delete_before_replace_takes_dependents_only_where_they_must_be_replaced(bench: Bench) -> None:
    def want(place: str) -> None:
        bench.want(
            one=[
                thing("a", exclusive=True, place=place),
                thing("falls", exclusive=True, place={"$ref": ["a", "address"]}),
                thing("stays", size={"$ref": ["a", "address"]}),
                thing("only-after", depends=("a",)),
            ]
        )

    want("x")
    assert not bench.up().problems
    bench.forget()
    want("y")
    outcome = bench.up()
    assert not outcome.problems
    assert bench.calls("create", "delete") == [
        ("delete", "falls"),
        ("delete", "a"),
        ("create", "a"),
        ("create", "falls"),
    ]
    assert set(bench.things()) == {"a", "falls", "stays", "only-after"}
    assert bench.up().counts["same"] == 6


def test_what_the_plan_replaces_anyway_goes_before_what_it_needs(bench: Bench) -> None:
    """It may stand in the way of the deletion. What would come before it goes stays, and so does everything without a
    plan: nobody knows then what will be registered."""

    def want(place: str) -> None:
        goes = thing("goes", exclusive=True, place=place, depends=("a",))
        stays = thing("stays", place=place, depends=("a",))
        updated = thing("updated", exclusive=True, size=len(place), depends=("goes",))
        bench.want(one=[thing("a", exclusive=True, place=place), goes, stays, updated])

    want("x")
    assert not bench.up().problems
    bench.forget()
    want("yy")
    assert not bench.up(plan=bench.plan()).problems
    calls = [call for call in bench.calls("create", "delete") if call[1] != "stays"]
    assert calls == [("delete", "goes"), ("delete", "a"), ("create", "a"), ("create", "goes")]
    assert [op for op, name in bench.calls("create", "delete") if name == "stays"] == ["create", "delete"]
    bench.forget()
    want("x")
    assert not bench.up().problems
    calls = [call for call in bench.calls("create", "delete") if call[1] != "stays"]
    assert calls == [("delete", "a"), ("create", "a"), ("delete", "goes"), ("create", "goes")]


def test_protected_resources_are_neither_deleted_nor_replaced(bench: Bench) -> None:
    bench.want(one=[thing("a", opts={"protect": True})])
    assert not bench.up().problems
    bench.want(one=[thing("a", place="x", opts={"protect": True})])
    assert [p.code for p in bench.up().problems] == ["engine.protected"]
    bench.want(one=[])
    assert [p.code for p in bench.up().problems] == ["engine.protected"]
    assert [p.code for p in bench.destroy().problems] == ["engine.protected"]
    assert set(bench.things()) == {"a"}


def test_ignored_changes_are_no_changes(bench: Bench) -> None:
    options = {"ignore_changes": ["size", "list[0].x"]}
    bench.want(one=[thing("a", size=1, list=[{"x": 1, "y": 1}], opts=options)])
    assert not bench.up().problems
    bench.want(one=[thing("a", size=2, list=[{"x": 2, "y": 1}], opts=options)])
    assert ops(bench) == {}
    bench.want(one=[thing("a", size=2, list=[{"x": 2, "y": 2}], opts=options)])
    assert not bench.up().problems
    assert bench.things()["a"] == {"size": 1, "list": [{"x": 1, "y": 2}]}


def test_replace_on_changes(bench: Bench) -> None:
    options = {"replace_on_changes": ["size"]}
    bench.want(one=[thing("a", size=1, opts=options)])
    assert not bench.up().problems
    bench.want(one=[thing("a", size=2, opts=options)])
    assert ops(bench) == {"a": {"replace"}}


def test_retained_and_deleted_with(bench: Bench) -> None:
    bench.want(
        one=[
            thing("kept", opts={"retain_on_delete": True}),
            thing("host"),
            thing("rider", opts={"deleted_with": "host"}),
        ]
    )
    assert not bench.up().problems
    bench.forget()
    assert not bench.destroy().problems
    assert bench.calls("delete") == [("delete", "host")]
    assert set(bench.things()) == {"kept", "rider"}
    assert not bench.recorded().records


def test_children_of_components_and_aliases(bench: Bench) -> None:
    bench.want(one=[{"name": "old", "group": True}, thing("old-child", opts={"parent": "old"})])
    outcome = bench.up()
    (child,) = [r for r in outcome.estate if r.name == "old-child"]
    assert child.urn == "urn:pulumi:one::graph::test:index:Group$test:index:Thing::old-child"
    assert child.parent.endswith("test:index:Group::old")
    bench.forget()
    aliases = {"aliases": [{"name": "old"}]}
    bench.want(one=[{"name": "new", "group": True, "opts": aliases}, thing("new-child", opts={"parent": "new"})])
    outcome = bench.up()
    assert not outcome.problems
    assert not bench.calls("create", "delete")
    assert bench.up().counts == {"same": 4}


def test_explicit_providers(bench: Bench) -> None:
    def want(region: str) -> None:
        explicit = {"name": "mine", "provider": True, "props": {"region": region}}
        bench.want(one=[explicit, thing("a", opts={"provider": "mine"}), thing("b")])

    want("north")
    assert not bench.up().problems
    providers = {r.urn: r for r in bench.recorded().records if "pulumi:providers" in r.type}
    assert {urn.rpartition("::")[2] for urn in providers} == {"mine", "default"}
    assert bench.up().counts == {"same": 5}
    want("south")
    assert ops(bench) == {"mine": {"replace"}, "a": {"replace"}}
    assert not bench.up().problems
    assert bench.up().counts == {"same": 5}


def test_what_is_not_supported_is_refused(bench: Bench) -> None:
    bench.want(one=[thing("a", opts={"migration": True})])
    outcome = bench.up()
    assert [problem.code for problem in outcome.problems] == ["engine.unsupported"]
    assert not bench.things()


def test_a_refused_property_names_itself(bench: Bench) -> None:
    bench.want(one=[thing("a", size=1000)])
    (problem,) = bench.plan().problems
    assert (problem.code, problem.where, problem.en) == ("provider.check", "a.size", "must be below 1000")


def test_a_program_that_crashes_names_its_line(bench: Bench) -> None:
    bench.want(one={"things": [thing("a")], "crash": "no such bureau"})
    (problem,) = bench.up().problems
    assert problem.code == "program.failed"
    assert problem.file.endswith("__main__.py")
    assert problem.line > 0
    assert "no such bureau" in problem.en


def test_two_of_the_same_name(bench: Bench) -> None:
    bench.want(one=[thing("a"), thing("a")])
    assert [problem.code for problem in bench.plan().problems] == ["engine.duplicate"]


def test_a_secret_trigger_replaces_when_it_changes(bench: Bench) -> None:
    """The stock engine records the change and replaces nothing."""
    bench.want(one=[thing("a", size=1, opts={"replacement_trigger": {"$secret": "one"}})])
    assert not bench.up().problems
    assert ops(bench) == {}
    bench.want(one=[thing("a", size=1, opts={"replacement_trigger": {"$secret": "two"}})])
    assert ops(bench) == {"a": {"replace"}}
    assert not bench.up().problems
    assert b"two" not in b"".join(path.read_bytes() for path in bench.state.glob("*.db*"))
