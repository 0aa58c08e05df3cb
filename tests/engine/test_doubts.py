"""What a run left in doubt, case by case: whatever happened to it, the next up finds it, and nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.engine import Options
from tests.engine.conftest import thing
from tests.engine.world import World

pytestmark = pytest.mark.slow

FIRST = {"delete_before_replace": True}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    made.enter(monkeypatch)
    return made


def props(world: World) -> list[dict[str, object]]:
    """What is there, without the names that the provider drew."""
    return [{k: v for k, v in there.items() if k != "label"} for _, there in sorted(world.there().items())]


def broken(world: World, **faults: str) -> None:
    """An up that fails where it is told to."""
    world.faults(**faults)
    assert world.up().problems
    world.agrees()
    world.faults()


def test_what_replaces_a_thing_is_not_named_like_it(world: World) -> None:
    world.want(one=[thing("a", place="x")])
    assert not world.up().problems
    world.want(one=[thing("a", place="y")])
    world.converges()
    assert props(world) == [{"place": "y"}]
    assert world.effects() == {"a": ["made", "made", "removed"]}


def test_what_is_new_is_not_named_like_what_had_its_place_before(world: World) -> None:
    """The first moves, by an alias, to where its name is not drawn from; the second is new where the first was made."""
    moved = {"aliases": ["urn:pulumi:one::faulty::test:index:Thing::a"]}
    world.want(one=[thing("a")])
    assert not world.up().problems
    world.want(one=[thing("b", opts=moved)])
    assert not world.up().problems
    world.want(one=[thing("a")])
    world.converges()
    assert len(world.there()) == 1
    assert world.effects() == {"a": ["made", "made"], "b": ["removed"]}


def test_a_plan_names_things_as_the_up_does(world: World) -> None:
    world.want(one=[thing("a")])
    (planned,) = [resource for resource in world.plan().estate if resource.name == "a"]
    assert not world.up().problems
    assert list(world.there()) == [planned["label"]]


def test_a_replacement_in_doubt_is_found_by_the_same_name(world: World) -> None:
    world.want(one=[thing("a", place="x")])
    assert not world.up().problems
    world.want(one=[thing("a", place="y")])
    broken(world, create_a="after: the line broke")
    world.converges()
    assert props(world) == [{"place": "y"}]
    assert world.effects() == {"a": ["made", "made", "removed"]}


@pytest.mark.parametrize("back", [{"place": "x"}, {"place": "x", "size": 2.0}])
def test_a_replacement_in_doubt_that_nobody_wants_any_more_is_found_and_deleted(
    world: World, back: dict[str, object]
) -> None:
    world.want(one=[thing("a", place="x")])
    assert not world.up().problems
    world.want(one=[thing("a", place="y")])
    broken(world, create_a="after: the line broke")
    world.want(one=[thing("a", **back)])
    world.converges(plan=world.plan())
    assert props(world) == [back]


def test_a_deletion_in_doubt_that_never_happened_is_made_again_before_the_replacement(world: World) -> None:
    world.want(one=[thing("a", place="x", opts=FIRST)])
    assert not world.up().problems
    world.want(one=[thing("a", place="y", opts=FIRST)])
    broken(world, delete_a="before: the line broke")
    world.converges()
    assert props(world) == [{"place": "y"}]
    assert world.effects() == {"a": ["made", "removed", "made"]}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_deletion_in_doubt_of_what_was_replaced_says_nothing_about_its_replacement(world: World, when: str) -> None:
    world.want(one=[thing("a", place="x")])
    assert not world.up().problems
    world.want(one=[thing("a", place="y")])
    broken(world, delete_a=f"{when}: the line broke")
    world.forget()
    world.converges()
    assert props(world) == [{"place": "y"}]
    assert not [call for call in world.log() if call.op == "create"]


def test_a_creation_in_doubt_of_what_has_another_name_now(world: World) -> None:
    world.want(one=[thing("a", place="x", opts=FIRST)])
    assert not world.up().problems
    world.want(one=[thing("a", place="y", opts=FIRST)])
    broken(world, create_a="after: the line broke")
    world.want(one=[thing("b", place="y", opts={**FIRST, "aliases": ["urn:pulumi:one::faulty::test:index:Thing::a"]})])
    world.converges(plan=world.plan())
    assert props(world) == [{"place": "y"}]
    assert [record.urn.rpartition("::")[2] for record in world.records()] == ["b"]


def test_several_creations_in_doubt_that_nobody_wants_any_more(world: World) -> None:
    world.want(one=[thing(name) for name in "abc"])
    broken(world, create_a="after: lost", create_b="after: lost", create_c="after: lost")
    assert len(world.there()) > 1
    world.want(one=[])
    world.converges(plan=world.plan())
    assert not world.there()


def test_a_creation_in_doubt_whose_like_is_there_by_now_is_not_deleted_with_it(world: World) -> None:
    world.want(one=[thing("a", exclusive=True, size=1.0)])
    assert not world.up().problems
    urn = "urn:pulumi:one::faulty::test:index:Thing::a"
    world.faults(create_a="after: the line broke")
    assert world.up(options=Options(replace=(urn,))).problems  # it is named by its plain name, and so it found itself
    world.faults()
    world.converges()
    assert props(world) == [{"exclusive": True, "size": 1.0}]


def test_an_up_that_refreshes_makes_again_what_is_gone(world: World) -> None:
    world.want(one=[thing("a", size=1.0), thing("b", ref={"$ref": "a"})])
    assert not world.up().problems
    world.ask("DELETE FROM things WHERE name='a'")
    plan = world.plan(options=Options(refresh=True))
    assert {(step.op, step.urn.rpartition("::")[2]) for step in plan.stacks["one"].steps} >= {("create", "a")}
    world.converges(options=Options(refresh=True))
    assert len(world.there()) == 2


def test_a_failure_does_not_keep_a_persevering_run_from_what_else_is_in_doubt(world: World) -> None:
    world.want(one=[thing("a"), thing("b"), thing("c")])
    broken(world, create_a="after: lost", create_b="after: lost")
    world.want(one=[thing("c")])
    world.faults(create_a="before: no answer")
    outcome = world.up(options=Options(continue_on_error=True))
    assert [problem.where for problem in outcome.problems] == ["a"]
    assert {record.urn.rpartition("::")[2] for record in world.records()} == {"c"}
    world.agrees()
    world.faults()
    world.converges()
    assert [there["label"].split("-")[0] for there in world.there().values()] == ["c"]


def test_a_replaced_provider_still_deletes_what_it_made_in_a_later_run(world: World) -> None:
    def want(region: str) -> None:
        mine = {"name": "p", "provider": True, "props": {"region": region}}
        world.want(one=[mine, thing("a", opts={"provider": "p"})])

    want("north")
    assert not world.up().problems
    want("south")
    broken(world, delete_a="before: the line broke")
    assert len(world.there()) == 2
    world.converges()
    assert len(world.there()) == 1


def test_a_provider_stays_as_long_as_something_that_it_may_have_made_is_in_doubt(world: World) -> None:
    mine = {"name": "p", "provider": True, "props": {"region": "north"}}
    world.want(one=[mine, thing("a", opts={"provider": "p"}), thing("b")])
    broken(world, create_a="after: the line broke")
    world.faults(create_a="before: no answer")
    assert world.destroy(options=Options(continue_on_error=True)).problems
    assert len(world.doubts()) == 1
    world.faults()
    assert not world.destroy().problems
    assert not world.there()
    assert not world.records(whole=True)


def test_a_creation_in_doubt_that_goes_by_another_name_now_is_not_deleted_with_it(world: World) -> None:
    """It is named by its plain name, so that what the program says now finds it first."""
    group = {"name": "g", "group": True}
    world.want(one=[group, thing("a", exclusive=True, size=1.0, opts={"parent": "g"})])
    broken(world, create_a="after: the line broke")
    world.want(one=[group, thing("a", exclusive=True, size=2.0)])
    world.converges()
    assert props(world) == [{"exclusive": True, "size": 2.0}]


def test_what_falls_with_two_that_are_replaced_falls_once(world: World) -> None:
    def want(place: str) -> None:
        on = {"place": {"$ref": "a"}, "ref": {"$ref": "b"}}
        both = [thing(name, exclusive=True, place=place) for name in "ab"]
        falls = thing("c", exclusive=True, **on, opts={"replace_on_changes": ["ref"]})
        world.want(one=[*both, falls])

    want("x")
    assert not world.up().problems
    world.forget()
    want("y")
    world.converges()
    assert [call.effect for call in world.log() if call.name == "c"] == ["removed", "made"]


def test_nothing_falls_where_one_that_would_fall_is_protected(world: World) -> None:
    def want(place: str) -> None:
        first = thing("a", exclusive=True, place=place)
        second = thing("b", exclusive=True, place={"$ref": "a"}, opts={"protect": True})
        world.want(one=[first, second, thing("c", exclusive=True, place={"$ref": "b"})])

    want("x")
    assert not world.up().problems
    world.forget()
    want("y")
    assert [problem.code for problem in world.up().problems] == ["engine.protected"]
    assert not world.effects()
