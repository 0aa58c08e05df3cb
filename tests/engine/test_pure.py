"""What the engine decides without doing anything, held to its invariants: order, targets, paths, decisions."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from stacks.engine import deletion, paths, steps
from stacks.engine.options import Options
from stacks.engine.records import Record
from stacks.engine.refreshing import undangled
from stacks.engine.steps import Answer, Decision, Goal, Situation
from stacks.engine.targeting import Targets, Urns

# ---------------------------------------------------------------------- records that need one another


def urn(number: int) -> str:
    return f"urn:pulumi:s::p::t:i:T::{number}"


@st.composite
def graphs(draw: st.DrawFn) -> list[Record]:
    """Records, each needing some before it, in one of the ways that there are."""
    records = []
    for number in range(draw(st.integers(0, 8))):
        body: dict[str, Any] = {"urn": urn(number), "type": "t:i:T", "custom": True, "inputs": {"x": 1.0}}
        for other in sorted(draw(st.sets(st.sampled_from(range(number)), max_size=3))) if number else ():
            how = draw(
                st.sampled_from(("dependencies", "propertyDependencies", "parent", "deletedWith", "replaceWith"))
            )
            if how == "propertyDependencies":
                body.setdefault(how, {}).setdefault("x", []).append(urn(other))
            elif how in ("parent", "deletedWith"):
                body[how] = urn(other)
            else:
                body.setdefault(how, []).append(urn(other))
        records.append(Record(body, number + 1))
    return records


def above(records: list[Record], chosen: set[str]) -> set[str]:
    """What is chosen and everything that needs it, however far off."""
    found = set(chosen)
    for record in records:  # each stands after what it needs
        if record.needs & found:
            found.add(record.urn)
    return found


def below(records: list[Record], chosen: set[str]) -> set[str]:
    found = set(chosen)
    for record in reversed(records):
        if record.urn in found:
            found |= record.needs
    return found


@given(graphs(), st.randoms())
def test_an_order_is_a_permutation_in_which_everything_comes_after_what_it_needs(
    records: list[Record], dice: Any
) -> None:
    shuffled = list(records)
    dice.shuffle(shuffled)
    ordered = deletion.ordered(shuffled)
    assert sorted(r.number for r in ordered) == [r.number for r in records]
    place = {record.urn: index for index, record in enumerate(ordered)}
    assert all(place[needed] < place[record.urn] for record in records for needed in record.needs)
    assert deletion.ordered(records) == records


@given(graphs(), st.sets(st.integers(0, 7)))
def test_what_is_deleted_goes_after_all_that_needs_it_and_stays_where_one_of_them_stays(
    records: list[Record], failing: set[int]
) -> None:
    begun: list[str] = []
    ended: list[str] = []

    async def work(record: Record) -> bool:
        begun.append(record.urn)
        assert {r.urn for r in records if record.urn in r.needs} <= set(ended)
        await asyncio.sleep(0)
        ended.append(record.urn)
        return record.number - 1 not in failing

    asyncio.run(deletion.backwards(records, work))
    assert len(begun) == len(set(begun))
    failed = {urn for urn in begun if int(urn.rpartition(":")[2]) in failing}
    assert set(begun) == {record.urn for record in records} - (below(records, failed) - failed)


@given(graphs(), st.data())
def test_what_a_deletion_affects_is_what_needs_it(records: list[Record], data: st.DataObject) -> None:
    assume(records)
    root = data.draw(st.sampled_from(records))
    found = deletion.affected(root, records, lambda record: True)
    assert {record.urn for record in found} == above(records, {root.urn}) - {root.urn}
    assert found == [record for record in deletion.ordered(found)]


@given(graphs(), st.sets(st.integers(0, 7)))
def test_what_is_gone_is_referred_to_by_nobody(records: list[Record], numbers: set[int]) -> None:
    gone = {r.urn: r.body.get("parent", "") for r in records if r.number - 1 in numbers}
    parents = {record.urn: record.body.get("parent", "") for record in records}
    left = [record for record in records if record.urn not in gone]
    before = copy.deepcopy([record.body for record in left])
    changed = undangled(left, gone)
    assert all(not record.needs & gone.keys() for record in left)
    for record, body in zip(left, before, strict=True):
        was = Record(body)
        kept = [urn for urn in was.body.get("dependencies", ()) if urn not in gone]
        assert list(record.body.get("dependencies", ())) == kept
        assert (record in changed) == bool(was.needs & gone.keys())
        assert record in changed or record.body == body
        parent = parents[record.urn]
        while parent in gone:
            parent = parents[parent]
        assert record.body.get("parent", "") == parent


# ---------------------------------------------------------------------- targets

chosen_numbers = st.sets(st.integers(0, 7), min_size=1, max_size=3)


@given(graphs(), chosen_numbers, st.booleans())
def test_targets_are_what_was_asked_for_and_if_wanted_what_needs_it(
    records: list[Record], numbers: set[int], dependents: bool
) -> None:
    asked = {urn(number) for number in numbers}
    targets = Targets(Options(targets=tuple(asked), target_dependents=dependents))
    found = {r.urn for r in records if targets.included(r.urn, r.type, r.needs)}
    there = {record.urn for record in records}
    assert found == (above(records, asked) if dependents else asked) & there
    may = targets.deletable(records)
    chosen = [record for record in records if may(record)]
    assert {record.urn for record in chosen} == above(records, asked & there) & there
    assert bool(targets.unasked(chosen)) == (not dependents and {r.urn for r in chosen} > asked & there)


@given(graphs(), chosen_numbers, st.booleans())
def test_what_is_excluded_stays_with_all_that_it_needs(
    records: list[Record], numbers: set[int], dependents: bool
) -> None:
    spared = {urn(number) for number in numbers}
    targets = Targets(Options(excludes=tuple(spared), exclude_dependents=dependents))
    there = {record.urn for record in records}
    kept = (above(records, spared) if dependents else spared) & there
    assert {r.urn for r in records if not targets.included(r.urn, r.type, r.needs)} == kept
    may = targets.deletable(records)
    stays, before = below(records, kept), set()
    while dependents and stays != before:  # what depends on what these need is spared too, as by the stock engine
        before, stays = stays, below(records, above(records, stays))
    assert {r.urn for r in records if not may(r)} == stays & there


@given(graphs())
def test_without_targets_everything_may_be_changed(records: list[Record]) -> None:
    targets = Targets(Options())
    may = targets.deletable(records)
    assert all(targets.included(r.urn, r.type, r.needs) and may(r) for r in records)
    assert not targets.unasked(records)


def test_one_star_ends_at_a_colon_and_two_do_not() -> None:
    full = "urn:pulumi:s::p::t:i:T::web.1"
    for text in (full, "**", "**::web.1", "urn:pulumi:*::*::t:*:T::*", "urn:**:web.?".replace("?", "*")):
        assert full in Urns([text]), text
    for text in ("*", "*::web.1", "urn:pulumi:*::t:i:T::web.1", "**::webx1", "**::web"):
        assert full not in Urns([text]), text


# ---------------------------------------------------------------------- paths

keys = st.text('ab.[]"\\ ', min_size=1, max_size=3)
steps_of_paths = st.lists(st.one_of(st.integers(0, 3), keys), max_size=4).map(tuple)
values = st.recursive(
    st.one_of(st.integers(0, 3), st.text("xy", max_size=1), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip


def spelled(path: tuple[int | str, ...]) -> str:
    return "".join(f"[{s}]" if isinstance(s, int) else '["' + s.replace('"', '\\"') + '"]' for s in path)


@given(st.lists(st.one_of(st.integers(0, 3), st.text("ab.[] ", min_size=1, max_size=3)), max_size=4).map(tuple))
def test_a_path_is_read_as_it_was_written(path: tuple[int | str, ...]) -> None:
    assert paths.parse(spelled(path)) == path


@given(steps_of_paths, steps_of_paths)
def test_a_pattern_covers_itself_and_all_below_and_nothing_shorter(a: paths.Path, b: paths.Path) -> None:
    assert paths.covers(a, a + b)
    assert paths.covers(("*",) * len(a), a + b)
    assert paths.covers(a, b) == (b[: len(a)] == a)


def found(value: Any, path: tuple[Any, ...] = ()) -> Mapping[tuple[Any, ...], Any]:
    """path → what lies there, of every part of a value."""
    parts = {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        parts |= found(item, (*path, step))
    return parts


@given(values, values, st.lists(st.sampled_from(("a", "b", "c", 0, 1, "*")), min_size=1, max_size=3).map(tuple))
def test_what_is_ignored_is_as_it_was_and_everything_else_as_it_is_wanted(
    old: Any, new: Any, pattern: paths.Path
) -> None:
    before = copy.deepcopy((old, new))
    result = paths.kept(old, new, pattern)
    assert (old, new) == before
    olds, news, results = found(old), found(new), found(result)

    def ignored(path: tuple[Any, ...]) -> bool:
        return paths.covers(pattern, path)

    for path, value in news.items():
        if not ignored(path) and not isinstance(value, dict | list):
            assert results[path] == value
    for path, value in results.items():
        if ignored(path) and path in olds and not isinstance(value, dict | list):
            assert value in (olds[path], news.get(path, olds[path]))
        elif not isinstance(value, dict | list):
            assert value in (news.get(path), olds.get(path))
    assert paths.kept(old, result, pattern) == result


# ---------------------------------------------------------------------- decisions

flags = st.booleans()
names = st.lists(st.sampled_from(("a", "b", "a.x")), unique=True, max_size=2).map(tuple)
situations = st.builds(
    Situation, deleted=flags, lost=flags, unfinished=flags, provider_replaced=flags,
    partner_replaced=st.sampled_from(("", "replaceWith")), forced=flags,
)  # fmt: skip
answers = st.builds(
    Answer, changed=st.sampled_from((True, False, None)), replaces=names, delete_before_replace=flags, changes=names,
    details=st.dictionaries(st.sampled_from(("a", "b", "a.x")), flags, max_size=2),
)  # fmt: skip
inputs = st.dictionaries(st.sampled_from("ab"), st.integers(0, 1), max_size=2)


@st.composite
def olds(draw: st.DrawFn) -> Record:
    body: dict[str, Any] = {"urn": urn(1), "type": "t:i:T", "custom": True, "id": "one", "inputs": draw(inputs)}
    for key, value in (("pendingReplacement", True), ("taint", True), ("external", True), ("initErrors", ["it fell"])):
        if draw(st.integers(0, 3)) == 3:
            body[key] = value
    return Record(body, 1)


goals = st.builds(
    lambda first, on, custom: Goal(urn(1), "t:i:T", "1", custom, {}, delete_before_replace=first, replace_on_changes=on),
    st.sampled_from((True, False, None)), names, flags,
)  # fmt: skip


def decided(old: Record, goal: Goal, wanted: dict[str, Any], answer: Answer, now: Situation) -> Decision:
    return steps.without_asking(old, goal, now, wanted) or steps.decide(old, goal, wanted, answer, now)


@given(olds(), goals, inputs, answers, situations)
def test_a_decision_about_what_is_there(
    old: Record, goal: Goal, wanted: dict[str, Any], answer: Answer, now: Situation
) -> None:
    decision = decided(old, goal, wanted, answer, now)
    assert decision == decided(old, goal, wanted, answer, now)
    assert decision.op in ("same", "update", "replace")
    assert decision.op == "same" or decision.why
    if decision.op != "replace":
        reasons = (now.deleted, now.lost, now.forced, now.provider_replaced, now.partner_replaced, old.gone)
        assert not any((*reasons, decision.delete_first, decision.gone, decision.afresh))
    if decision.gone:
        assert now.deleted or old.gone, "what may be there would be left behind"
    if now.lost and not now.deleted:
        assert decision.delete_first, "whether it went is not known, so it goes first"
    if decision.delete_first and not now.lost:
        assert goal.delete_before_replace or answer.delete_before_replace
    if decision.delete_first and goal.delete_before_replace is False:
        assert now.lost


@given(olds(), inputs, answers)
def test_only_a_difference_or_an_unfinished_business_makes_a_change(
    old: Record, wanted: dict[str, Any], answer: Answer
) -> None:
    assume(not (old.gone or old.external or steps.tainted(old)))
    goal = Goal(urn(1), "t:i:T", "1", True, {})
    decision = decided(old, goal, wanted, answer, Situation())
    known = steps.known(answer, old.inputs, wanted)
    if not known.changed and not old.body.get("initErrors"):
        assert decision.op == "same"
        assert decided(old, goal, wanted, answer, Situation(unfinished=True)).op == "update"
    if decision.op == "replace":
        assert known.replaces or any(known.details.values())


@given(goals, inputs, situations)
def test_what_is_not_there_is_created(goal: Goal, wanted: dict[str, Any], now: Situation) -> None:
    decision = steps.without_asking(None, goal, now, wanted)
    assert decision is not None
    assert decision.op == "create"


@given(inputs, inputs)
def test_what_differs_is_what_is_not_equal(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = steps.differing(old, new)
    assert bool(found) == (old != new)
    assert found == steps.differing(new, old)
