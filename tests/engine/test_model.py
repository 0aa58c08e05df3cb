"""Whatever the program, however it is edited, wherever the provider fails: state and cloud agree, order is kept, nothing
is made twice, a plan says what the up does, and in the end everything converges.

The model is `Sketch`: what a program says of one slot. A slot keeps its thing through renamings; what the engine did
is judged by what the state and the cloud held before, what they hold now, and the cloud's log of the step.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from inventory import urns
from stacks.engine import Options, Outcome
from stacks.engine.records import Record
from stacks.engine.values import clear
from tests.engine.conftest import thing
from tests.engine.world import World

pytestmark = pytest.mark.slow

GROUPS, THINGS, EXCLUSIVE = ("g", "h"), ("a", "b", "c", "d", "e"), ("d", "e")
"""an exclusive thing is named by its plain name: its replacement can only come when it has gone"""
STRENGTH = ("same", "update", "replace")
CHANGES = ("create", "update", "replace", "delete")


# ---------------------------------------------------------------------- what programs say


@dataclass(frozen=True)
class Sketch:
    """What a program says of one slot."""

    slot: str
    renamed: bool = False
    aliased: bool = True
    parent: str = ""
    props: tuple[tuple[str, Any], ...] = ()
    depends: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()
    """names of other slots stand for their resources"""

    @property
    def option(self) -> dict[str, Any]:
        return dict(self.options)


@st.composite
def sketches(draw: st.DrawFn) -> tuple[Sketch, ...]:
    """A program: groups, perhaps a provider, then things, each referring only to what stands before it."""
    found = [
        Sketch(slot, draw(st.booleans()), parent=draw(st.sampled_from(("", *GROUPS[:position]))) if position else "")
        for position, slot in enumerate(draw(st.sampled_from(((), ("g",), GROUPS))))
    ]
    groups = [sketch.slot for sketch in found]
    found = [replace(sketch, parent=sketch.parent if sketch.parent in groups else "") for sketch in found]
    provided = draw(st.sampled_from(("", "", "north", "south")))
    if provided:
        found.append(Sketch("p", props=(("region", provided),)))
    chosen = draw(st.lists(st.sampled_from(THINGS), unique=True, max_size=5))
    for position, slot in enumerate(chosen):
        found.append(draw(a_thing(slot, tuple(groups), tuple(chosen[:position]), bool(provided))))
    return tuple(found)


@st.composite
def a_thing(draw: st.DrawFn, slot: str, groups: tuple[str, ...], before: tuple[str, ...], provided: bool) -> Sketch:
    def rarely(values: Iterable[Any]) -> Any:
        return draw(st.sampled_from((None, None, None, *values)))

    def flag() -> bool:
        return draw(st.integers(0, 4)) == 4

    exclusive = slot in EXCLUSIVE
    props = {
        "size": draw(st.sampled_from((0.0, 1.0, 2.0))),
        "place": draw(st.sampled_from(("x", "y"))),
        "ref": rarely({"$ref": other} for other in before),
        "secret": rarely([{"$secret": "hush"}, {"$secret": "hush-hush"}]),
        "exclusive": exclusive or None,
    }
    if before and flag():
        props["place"] = {"$ref": draw(st.sampled_from(before))}
    options = {
        "protect": flag() and flag(),
        "delete_before_replace": exclusive or rarely((True, False)),
        "ignore_changes": ["size"] if flag() else None,
        "replace_on_changes": ["size"] if flag() else None,
        "retain_on_delete": flag() and flag(),
        "deleted_with": rarely(before) if flag() else None,
        "replace_with": [draw(st.sampled_from(before))] if before and flag() else None,
        "provider": "p" if provided and flag() else None,
    }
    depends = draw(st.lists(st.sampled_from(before), unique=True, max_size=2)) if before else []
    return Sketch(
        slot, draw(st.integers(0, 3)) == 3, exclusive or draw(st.booleans()),
        rarely((*groups, *before)) or "",
        tuple((key, value) for key, value in props.items() if value is not None),
        tuple(depends),
        tuple((key, value) for key, value in options.items() if value or (key == "delete_before_replace" and value is False)),
    )  # fmt: skip


faults = st.dictionaries(
    st.tuples(st.sampled_from(("create", "update", "delete")), st.sampled_from(THINGS)),
    st.sampled_from(("denied", "before: the line broke", "after: the line broke", "partial: it does not answer")),
    min_size=1,
    max_size=4,
)


def slot_of(urn: str) -> str:
    return urns.name(urn).rstrip("_")


# ---------------------------------------------------------------------- what the engine does with them


class Machine(RuleBasedStateMachine):
    """One stack through a life of edits, failures and repairs."""

    @initialize()
    def begin(self) -> None:
        self.exits = ExitStack()
        folder = Path(self.exits.enter_context(tempfile.TemporaryDirectory()))
        before = {key: os.environ.get(key) for key in ("GRAPH", "CLOUD")}
        self.exits.callback(lambda: [os.environ.update({k: v}) if v else os.environ.pop(k) for k, v in before.items()])
        self.world = World.copy(blank(), folder / "world")
        self.world.enter()
        self.renamings: Counter[str] = Counter()
        self.program: tuple[Sketch, ...] = ()
        self.spared: frozenset[str] = frozenset()
        self.world.want(one=[])

    def teardown(self) -> None:
        with self.exits:
            self.ends_well()

    # ------------------------------------------------------------------ rules

    @rule(program=sketches(), refresh=st.booleans())
    def edit(self, program: tuple[Sketch, ...], refresh: bool) -> None:
        """An up that nothing disturbs: a plan first, and then exactly that."""
        self.write(program)
        options = Options(refresh=refresh)
        before = self.look()
        plan = self.world.plan(options=options)
        planned = self.told()
        outcome = self.world.up(options=options, plan=None if plan.problems else plan)
        self.judge(before, outcome)
        self.only_protection(outcome)
        assert {p.code for p in plan.problems} == {p.code for p in outcome.problems}
        if not outcome.problems:
            self.as_planned(planned)
            steps = Counter((step.op, urns.name(step.urn)) for step in plan.stacks["one"].steps)
            told = Counter((op, name) for name, ops in planned.items() for op in ops.elements())
            assert refresh or told == Counter({key: n for key, n in steps.items() if key[0] in CHANGES})
            assert not self.world.doubts()

    @rule(program=sketches(), faults=faults, persevere=st.booleans())
    def edit_with_faults(self, program: tuple[Sketch, ...], faults: dict[Any, str], persevere: bool) -> None:
        self.write(program)
        before = self.look()
        self.break_down(faults)
        outcome = self.world.up(options=Options(continue_on_error=persevere))
        self.world.faults()
        self.judge(before, outcome)

    @rule(
        program=sketches(), chosen=st.sets(st.sampled_from(THINGS), min_size=1, max_size=3), dependents=st.booleans(),
        replaced=st.booleans(),
    )  # fmt: skip
    def edit_in_part(self, program: tuple[Sketch, ...], chosen: set[str], dependents: bool, replaced: bool) -> None:
        """Only some of it, or some of it anew although nothing differs."""
        self.write(program)
        named = tuple(sorted(f"**::{self.name(slot)}" for slot in chosen))
        options = Options(replace=named) if replaced else Options(targets=named, target_dependents=dependents)
        before = self.look()
        outcome = self.world.up(options=options)
        self.judge(before, outcome)
        self.only_protection(outcome, "engine.untargeted", "engine.untargeted-delete")

    @rule(chosen=st.sets(st.sampled_from(THINGS), max_size=2), change=st.booleans())
    def drift(self, chosen: set[str], change: bool) -> None:
        """Somebody else changes or deletes things; a refresh sees it."""
        doubtful = {pending.record for pending in self.world.doubts()}
        for record in self.world.records():
            if slot_of(record.urn) in chosen and record.number not in doubtful:
                work = "UPDATE things SET props=json_set(props, '$.size', 9.0)" if change else "DELETE FROM things"
                self.world.ask(f"{work} WHERE label='{record.id}'")
        before = self.look()
        outcome = self.world.refresh()
        assert not outcome.problems, outcome.problems
        assert not self.world.effects()
        self.judge(before, outcome)

    @rule(faults=st.one_of(st.just({}), faults))
    def destroy(self, faults: dict[Any, str]) -> None:
        before = self.look()
        self.break_down(faults)
        outcome = self.world.destroy()
        self.world.faults()
        self.judge(before, outcome)
        if not faults:
            self.only_protection(outcome)
        if not outcome.problems:
            assert not self.world.records(whole=True)
            assert not self.world.doubts()

    # ------------------------------------------------------------------ parts of a step

    def name(self, slot: str) -> str:
        return slot + "_" * self.renamings[slot]

    def write(self, program: tuple[Sketch, ...]) -> None:
        """Let the program say this."""
        for sketch in program:
            self.renamings[sketch.slot] += sketch.renamed
        self.program = program
        self.world.want(one=[self.entry(sketch) for sketch in program])

    def entry(self, sketch: Sketch) -> dict[str, Any]:
        def named(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: self.name(slot) if key == "$ref" else slot for key, slot in value.items()}
            return value

        opts = sketch.option
        for key in ("deleted_with", "provider"):
            if key in opts:
                opts[key] = self.name(opts[key])
        if "replace_with" in opts:
            opts["replace_with"] = [self.name(slot) for slot in opts["replace_with"]]
        opts["depends_on"] = [self.name(slot) for slot in sketch.depends]
        if sketch.parent:
            opts["parent"] = self.name(sketch.parent)
        if sketch.aliased:
            olds = [r.urn for r in self.world.records(whole=True) if slot_of(r.urn) == sketch.slot and not r.doomed]
            opts["aliases"] = sorted(set(olds))
        entry = thing(self.name(sketch.slot), opts=opts, **{key: named(value) for key, value in sketch.props})
        return entry | ({"group": True} if sketch.slot in GROUPS else {"provider": True} if sketch.slot == "p" else {})

    def break_down(self, faults: dict[Any, str]) -> None:
        words = {(op, self.name(slot)): how for (op, slot), how in faults.items()}
        self.world.faults(**{f"{op}_{name}": how for (op, name), how in words.items()})

    def look(self) -> Before:
        """What is known before a step; the log starts anew."""
        self.world.forget()
        self.world.events.clear()
        doubts = self.world.doubts()
        coming = {clear(pending.body["inputs"])["label"] for pending in doubts if pending.op == "creating"}
        going = {pending.record for pending in doubts if pending.op == "deleting"}
        return Before(self.world.records(), frozenset(coming), frozenset(going), self.spared)

    # ------------------------------------------------------------------ what must hold after every step

    def judge(self, before: Before, outcome: Outcome) -> None:
        internal = [problem for problem in outcome.problems if problem.code in ("engine.internal", "program.failed")]
        assert not internal, internal
        self.spare(before)
        try:
            self.world.agrees(self.spared)
            self.nothing_twice(before)
            self.in_order(before)
            self.protection_holds(before)
        except AssertionError as error:
            held = [
                (r.number, r.urn, r.id, r.doomed, r.gone) for r in (*before.records, *self.world.records(whole=True))
            ]
            doubts = [(pending.op, pending.urn, pending.record) for pending in self.world.doubts()]
            error.add_note("\n".join(map(str, (*self.world.log(), *held, *doubts, *outcome.problems))))
            raise

    def spare(self, before: Before) -> None:
        """What an option lets stay in the cloud when the state forgets it."""
        now = {record.id for record in self.world.records()}
        there = self.world.there().keys()
        self.spared = frozenset(((self.spared | before.left) - now) & there)

    def nothing_twice(self, before: Before) -> None:
        """A creation finds something only where it was in doubt, or had been left there; a deletion finds nothing
        only where it was in doubt."""
        expected = before.coming | before.spared | before.left
        doubtful = {r.id for r in before.records if r.number in before.going}
        for call in self.world.log():
            assert call.effect != "found" or call.label in expected, f"{call} is there already"
            assert call.effect != "absent" or call.label in doubtful | expected, f"{call} is not there"

    def in_order(self, before: Before) -> None:
        """Made after what it needs, gone before what it needs. What fell with something that was replaced went earlier
        than what needs it and could stay."""
        log = [call for call in self.world.log() if call.ended]
        made = {call.label: call for call in log if call.op == "create" and call.effect == "made"}
        now = {record.urn: record for record in self.world.records() if not record.doomed}
        for record in now.values():
            for urn in record.needs & now.keys():
                mine, theirs = made.get(record.id), made.get(now[urn].id)
                assert not (mine and theirs) or theirs.ended <= mine.begun, f"{record.urn} was made before {urn}"
        rows = {record.number for record in self.world.records(whole=True)}  # those keep theirs that were replaced
        gone = {call.label: call for call in log if call.op == "delete"}
        fell = {r.urn for r in before.records if r.id in gone and r.number in rows}
        for _ in before.records:
            fell |= {r.urn for r in before.records if r.needs & fell}
        left = [(r, gone[r.id]) for r in before.records if r.id in gone and r.number not in rows]
        for record, mine in left:
            for other, theirs in left:
                if other.urn in record.needs - fell:
                    assert mine.ended <= theirs.begun, f"{other.urn} was deleted before {record.urn}"

    def protection_holds(self, before: Before) -> None:
        freed = {sketch.slot for sketch in self.program if not sketch.option.get("protect")}
        there = self.world.there()
        for record in before.records:
            if record.body.get("protect") and not record.doomed and slot_of(record.urn) not in freed:
                gone = [call for call in self.world.log() if call.label == record.id and call.op == "delete"]
                assert not gone or record.id in there, f"{record.urn} was protected"

    def only_protection(self, outcome: Outcome, *more: str) -> None:
        codes = {problem.code for problem in outcome.problems}
        assert codes <= {"engine.protected", *more}, outcome.problems

    def told(self) -> dict[str, Counter[str]]:
        """name → what was said to be done to things of that name since the last question."""
        found: dict[str, Counter[str]] = {}
        for event in self.world.events:
            if event.what == "step-done" and event.op in CHANGES:
                found.setdefault(event.name, Counter())[event.op] += 1
        self.world.events.clear()
        return found

    def as_planned(self, planned: dict[str, Counter[str]]) -> None:
        """The up did what the plan says; less only where a value was not known before."""
        done = self.told()
        late = {
            self.name(sketch.slot) for sketch in self.program
            if "replace_with" in sketch.option or any(isinstance(value, dict) and "$ref" in value for _, value in sketch.props)
        }  # fmt: skip
        for name in planned.keys() | done.keys():
            want, did = planned.get(name, Counter()), done.get(name, Counter())
            said = f"{name}: planned {dict(want)}, done {dict(did)}"
            assert want["create"] == did["create"], said
            assert want["delete"] == did["delete"], said
            meant, made = (max((STRENGTH.index(op) for op in STRENGTH if ops[op]), default=0) for ops in (want, did))
            assert meant == made or (name in late and meant > made), said

    # ------------------------------------------------------------------ the end

    def ends_well(self) -> None:
        """Without faults and without protection everything converges, and can be taken away."""
        self.world.faults()
        free = tuple(
            replace(sketch, renamed=False, aliased=True, options=tuple(o for o in sketch.options if o[0] != "protect"))
            for sketch in self.program
        )
        self.program = ()
        self.world.want(one=self.as_recorded())
        before = self.look()
        outcome = self.world.up()
        self.judge(before, outcome)
        assert not outcome.problems, outcome.problems
        self.write(free)
        before = self.look()
        self.world.converges(self.spared | before.left)
        self.spare(before)
        self.world.agrees(self.spared)
        self.as_wanted()
        before = self.look()
        assert not self.world.destroy().problems
        self.spare(before)
        self.world.agrees(self.spared)
        assert not self.world.records(whole=True)
        assert not self.world.doubts()

    def as_recorded(self) -> list[dict[str, Any]]:
        """A program that wants everything that is there as it is, each under another name, without any option."""
        found = []
        for index, record in enumerate(self.world.records(whole=True)):
            slot = slot_of(record.urn)
            if record.gone or record.doomed or slot not in ("p", *THINGS):
                continue
            inputs = {key: value for key, value in clear(record.inputs).items() if key != "label"}
            if slot == "p":
                found.insert(0, {"name": slot, "provider": True, "props": inputs})
                continue
            opts: dict[str, Any] = {"aliases": [record.urn]}
            if "::p::" in record.body["provider"]:
                opts["provider"] = "p"
            found.append(thing(slot + "_" * (10 + index), opts=opts, **inputs))
        return found

    def as_wanted(self) -> None:
        """The cloud is what the program says."""
        records = {slot_of(record.urn): record for record in self.world.records()}
        there = self.world.there()
        assert records.keys() == {sketch.slot for sketch in self.program} & set(THINGS)
        for sketch in self.program:
            if sketch.slot in records:
                wanted = {
                    key: f"at-{records[value['$ref']].id}" if isinstance(value, dict) and "$ref" in value
                    else value["$secret"] if isinstance(value, dict) else value
                    for key, value in sketch.props
                }  # fmt: skip
                props = {key: value for key, value in there[records[sketch.slot].id].items() if key != "label"}
                for key in ("size",) if "ignore_changes" in sketch.option else ():
                    wanted.pop(key), props.pop(key, None)
                assert props == wanted, sketch.slot


@dataclass(frozen=True)
class Before:
    """What was known before a step."""

    records: list[Record]
    coming: frozenset[str]
    """ids of creations in doubt"""
    going: frozenset[int]
    """rows of deletions in doubt"""
    spared: frozenset[str]

    @property
    def left(self) -> frozenset[str]:
        """Ids that may stay in the cloud when the state forgets them."""
        return frozenset(r.id for r in self.records if r.body.get("retainOnDelete") or r.body.get("deletedWith"))


@cache
def blank() -> World:
    """An environment with nothing in it, from which every other starts: so they share one key."""
    folder = Path(tempfile.mkdtemp(prefix="model-"))
    world = World(folder)
    world.enter()
    world.want(one=[])
    assert not world.destroy().problems
    return world


def check(examples: int, steps: int, *, chance: bool) -> None:
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=health,
        print_blob=chance, derandomize=not chance, database=None,
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=chosen)


def test_any_life_of_a_stack() -> None:
    """Always the same ones, so that it says something about a change."""
    check(30, 6, chance=False)


@pytest.mark.long
def test_many_lives_of_a_stack() -> None:
    check(400, 12, chance=True)
