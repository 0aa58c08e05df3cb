"""A stack's sheet shows all that its program can see: where its digest stays, so does what the program registers."""

from __future__ import annotations

import ast
import dataclasses
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from inventory import model
from inventory.addressing import Allocations
from inventory.places import ROOT
from inventory.reading import Read
from stacks import layers
from tests.stacks.registered import Registered, addressed, demo, registered, whole

SYSTEMS = (
    "civil-affairs.welfare", "data-resources.identity", "ecology.air", "data-resources.things", "water.rivers",
    "data-resources.grid",
)  # fmt: skip
BUILDERS = ("clusters", "databases", "entrances", "flows", "hosts", "network", "parts", "platforms", "pools", "recovery",
            "resources", "sheets", "system", "trust")  # fmt: skip


@cache
def town() -> Read:
    """A few systems that call one another, two of which nobody builds."""
    read = whole()
    chosen = read.environment.model_copy(update={"systems": SYSTEMS[:4]})
    return replace(read, environment=chosen, requests=tuple(r for r in read.requests if r.stack in SYSTEMS))


@cache
def before() -> dict[str, tuple[str | None, dict[str, Registered] | str]]:
    return {spec.name: (spec.inputs, built(spec.name, town(), addressed(town()))) for spec in specs(town())}


def specs(read: Read, allocations: Allocations | None = None) -> tuple[layers.StackSpec, ...]:
    return layers.stacks(read, allocations or addressed(read))


def built(stack: str, read: Read, allocations: Allocations) -> dict[str, Registered] | str:
    """URN → what is registered (what does not wait for one another has no order), or how the program failed."""
    try:
        found = registered(stack, read, allocations)
        return {each.urn: replace(each, dependencies=tuple(sorted(each.dependencies))) for each in found}
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to everything in a model that is no model itself, and to every tuple."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from leaves(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        yield path
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path


def changed(value: Any, path: tuple[Any, ...], chance: random.Random) -> Any:
    """The same with something else at the end of the path; nothing is validated."""
    if not path:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int | float):
            return value + 1
        if isinstance(value, str):
            return f"{value}x"
        if isinstance(value, tuple) and value:
            return chance.choice([value[:-1], value[::-1], value[1:]])
        return value
    step, rest = path[0], path[1:]
    if isinstance(value, tuple):
        return (*value[:step], changed(value[step], rest, chance), *value[step + 1 :])
    return value.model_copy(update={step: changed(getattr(value, step), rest, chance)})


def altered(what: str, chance: random.Random) -> tuple[Read, Allocations]:
    """The town with one thing changed: a field of the city, of a request, its lines, or an address."""
    read, allocations = town(), addressed(town())
    if what == "city":
        return replace(read, city=changed(read.city, chance.choice(list(leaves(read.city))), chance)), allocations
    if what == "address":
        part = chance.choice(["segments", "hosts", "vips", "links", "loopbacks"])
        held = dict(getattr(allocations, part))
        name = chance.choice(sorted(held))
        old = held[name]
        fields = [f.name for f in dataclasses.fields(old)] if dataclasses.is_dataclass(old) else []
        held[name] = replace(old, **{fields[0]: "3fff:ffff::1"}) if fields else "3fff:ffff::/127"
        return read, replace(allocations, **{part: held})
    index = chance.randrange(len(read.requests))
    request = read.requests[index]
    if what == "lines":
        start = chance.randrange(1, 20)
        marks = {path: (line + (line >= start), col) for path, (line, col) in request.marks.items()}
        new = replace(request, marks=marks)
    else:
        new = replace(request, system=changed(request.system, chance.choice(list(leaves(request.system))), chance))
    return replace(read, requests=(*read.requests[:index], new, *read.requests[index + 1 :])), allocations


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(what=st.sampled_from(["city", "request", "request", "lines", "address"]), seed=st.integers(0, 10**6))
def test_where_the_digest_stays_the_program_does_the_same(what: str, seed: int) -> None:
    read, allocations = altered(what, random.Random(seed))
    try:
        now = specs(read, allocations)
    except Exception:
        return  # not even the order of the stacks can be told: nothing is skipped
    known = before()
    for spec in now:
        digest, then = known.get(spec.name, (None, ""))
        if spec.inputs == digest:
            assert built(spec.name, read, allocations) == then, spec.name


def reached(read: Read) -> set[str]:
    return {spec.name for spec in specs(read, addressed(town())) if spec.inputs != before()[spec.name][0]}


def with_system(stack: str, **more: Any) -> Read:
    requests = [replace(r, system=r.system.model_copy(update=more)) if r.stack == stack else r for r in town().requests]
    return replace(town(), requests=tuple(requests))


def test_a_request_reaches_its_own_stack_and_whoever_it_calls_or_is_called_by() -> None:
    assert reached(with_system("ecology.air", summary="another")) == {"ecology.air"}
    assert reached(with_system("ecology.air", level=4)) == {"ecology.air"}
    air = next(r for r in town().requests if r.stack == "ecology.air")
    called = {flow.to for flow in air.system.flows if flow.to not in {w.name for w in air.system.workloads}}
    assert called, "the example needs a flow to somebody else"
    fewer = tuple(flow for flow in air.system.flows if flow.to not in called)
    silent = reached(with_system("ecology.air", flows=fewer))
    assert "ecology.air" in silent
    assert silent - {"ecology.air"}, "whoever is not called any more has one rule less"
    assert silent < set(before())


def test_what_nobody_builds_here_reaches_nobody() -> None:
    assert reached(with_system("water.rivers", summary="another", level=2)) == set()


def test_the_city_reaches_everybody() -> None:
    sites = tuple(site.model_copy(update={"asn": site.asn + 1}) for site in town().city.sites)
    assert reached(replace(town(), city=town().city.model_copy(update={"sites": sites}))) == set(before())


def test_the_demo_is_skipped_by_digests_that_stay() -> None:
    assert [spec.inputs for spec in specs(demo())] == [spec.inputs for spec in specs(demo())]
    assert all(spec.inputs for spec in specs(demo()))
    assert all(spec.inputs is None for spec in layers.stacks(demo()))


def test_a_sheet_hides_nothing_from_its_digest() -> None:
    """`repr` is what is digested: every field of every model is in it, but for the lines, which are added."""
    shown = [vars(model)[name] for name in model.__all__]
    for kind in filter(lambda kind: isinstance(kind, type) and issubclass(kind, BaseModel), shown):
        assert all(field.repr for field in kind.model_fields.values())
        assert not kind.__private_attributes__
    hidden = {f.name for f in dataclasses.fields(model.Request) if not f.repr}
    assert hidden == {"marks"}


def test_builders_have_no_other_way_to_what_people_wrote() -> None:
    for name in BUILDERS:
        tree = ast.parse((ROOT / "stacks" / f"{name}.py").read_text(encoding="utf-8"))
        imported = {
            module
            for node in ast.walk(tree)
            for module in (
                [node.module]
                if isinstance(node, ast.ImportFrom)
                else [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        }
        allowed = {"inventory.addressing"} if name == "sheets" else set()
        assert "pulumi" not in imported or name == "resources", "a builder drafts; `registering` is who registers"
        assert not imported & (
            {"inventory.reading", "inventory.addressing", "inventory.documents", "os", "time"} - allowed
        )
    assert {p.stem for p in Path(ROOT / "stacks").glob("*.py")} == {
        *BUILDERS, "__init__", "__main__", "blueprint", "carried", "drafting", "layers", "provisioning", "registering", "verbs", "vouching",
    }  # fmt: skip
