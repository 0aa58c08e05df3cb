"""kill -9 at random points of an up, a destroy and a refresh: nothing is lost, nothing is there twice, the next up
goes on without asking anybody.

The points are drawn from LIANGZHU_SEED (printed where one fails): a moment, a call to the cloud (before, within, after
its effect, before its answer), a commit of the state (before, within, after), an event (a stack begins or ends, a
worker starts); the engine alone is killed, or a worker alone, or both.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stacks.engine import Options
from tests.engine.conftest import thing
from tests.engine.killing import Measured, Point, drawn, run
from tests.engine.world import World, specs

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("LIANGZHU_SEED") or 20261126)
REFRESH = Options(refresh=True)
DRIFTED = frozenset({"rule", "lone"})
STACKS = ("base", "town")

BEFORE: dict[str, Any] = {
    "base": {
        "things": [
            {"name": "group", "group": True},
            thing("net", opts={"parent": "group"}, place="x", size=1),
            thing("rule", ref={"$ref": "net"}, opts={"parent": "group"}),
            thing("password", secret={"$secret": "hush-hush-1"}),
            thing("gate", exclusive=True, place="x"),
            thing("wall", exclusive=True, place={"$ref": "gate"}),
            thing("twin", place="x", opts={"delete_before_replace": True}),
            thing("old", opts={"depends_on": ["rule"]}),
        ],
        "exports": {"net": "net"},
    },
    "town": {
        "things": [
            thing("host", ref={"$stack": ["base", "net"]}),
            thing("disk", ref={"$ref": "host"}, size=1),
            thing("tape", opts={"depends_on": ["disk"]}),
        ]
    },
    "edge": {"things": [thing("lone", size=1), thing("odd", size=1)]},
}
AFTER: dict[str, Any] = {
    "base": {
        "things": [
            {
                "name": "people",
                "group": True,
                "opts": {"aliases": ["urn:pulumi:base::faulty::test:index:Group::group"]},
            },
            thing("net", opts={"parent": "people"}, place="y", size=1),
            thing("rule", ref={"$ref": "net"}, opts={"parent": "people"}),
            thing("password", secret={"$secret": "hush-hush-2"}),
            thing("gate", exclusive=True, place="y"),
            thing("wall", exclusive=True, place={"$ref": "gate"}),
            thing("twin", place="y", opts={"delete_before_replace": True}),
            thing("new", opts={"depends_on": ["rule"]}),
        ],
        "exports": {"net": "net"},
    },
    "town": {
        "things": [
            thing("host", ref={"$stack": ["base", "net"]}),
            thing("disk", ref={"$ref": "host"}, size=2),
            thing("disk2", ref={"$ref": "host"}),
        ]
    },
    "edge": {"things": [thing("lone", size=2)]},
}
"""in this order: a replacement before its deletion, with what refers to it; a secret; deletions before replacements,
one of them with a dependent that falls; what is new and what is gone; a component with another name"""


@dataclass(frozen=True)
class Scene:
    """A world before the run that is killed, the run, and what is true of one that nobody kills."""

    verb: str
    world: World
    wanted: dict[str, Any]
    measured: Measured
    effects: dict[str, list[str]]
    there: dict[str, Any]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scene]]:
    """Every scene, begun from one environment (and so one key)."""
    before = {key: os.environ.get(key) for key in ("GRAPH", "CLOUD")}
    folder = tmp_path_factory.mktemp("crash")
    empty = World(_made(folder / "empty"))
    empty.specs = (*specs(*STACKS), *specs("edge"))
    empty.enter()
    empty.want(**{stack: [] for stack in BEFORE})
    assert not empty.destroy().problems
    full = World.copy(empty, folder / "full")
    full.enter()
    full.want(**BEFORE)
    assert not full.up().problems
    drifted = World.copy(full, folder / "drifted")
    drifted.ask("DELETE FROM things WHERE name='rule'")
    drifted.ask("UPDATE things SET props=json_set(props, '$.size', 7.0) WHERE name='lone'")
    found = {}
    for name, verb, world, wanted in (
        ("create", "up", empty, BEFORE),
        ("change", "up", full, AFTER),
        ("destroy", "destroy", full, BEFORE),
        ("refresh", "refresh", drifted, BEFORE),
    ):
        trial = World.copy(world, folder / f"trial-{name}")
        trial.want(**wanted)
        measured = run(trial, verb)
        assert measured is not None
        assert measured.commits > 5
        found[name] = Scene(verb, world, wanted, measured, trial.effects(), trial.there())
    yield found
    for key, value in before.items():
        os.environ.pop(key) if value is None else os.environ.update({key: value})


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


# ---------------------------------------------------------------------- one point


def survive(scene: Scene, folder: Path, dice: random.Random) -> Point:
    """Kill one run of the scene at a drawn point, and look at everything afterwards. Returns the point."""
    for attempt in range(50):
        point = drawn(dice, scene.measured)
        world = World.copy(scene.world, folder / f"{attempt}")
        world.enter()
        world.want(**scene.wanted)
        if run(world, scene.verb, point) is None:
            break
    else:
        raise AssertionError("no point was hit in 50 runs")
    try:
        world.agrees(drifted=DRIFTED if scene.verb == "refresh" else frozenset())
        _no_secret_in(world.state)
        {"up": _up_again, "destroy": partial(_down_again, dice), "refresh": _look_again}[scene.verb](world, scene)
    except AssertionError as error:
        state = {spec.name: [p.op + " " + p.urn for p in world.held(spec.name)[1]] for spec in world.specs}
        calls = "\n".join(map(str, world.log()))
        raise AssertionError(f"{error}\nafter {point}\nin doubt now: {state}\n{calls}") from error
    return point


def _up_again(world: World, scene: Scene) -> None:
    world.converges()
    assert _nameless(world.there()) == _nameless(scene.there)
    assert world.effects() == scene.effects, "something was done that a run without a crash does not do, or not done"


def _down_again(dice: random.Random, world: World, scene: Scene) -> None:
    if dice.random() < 0.5:
        assert not world.destroy().problems
        assert not world.there()
        assert not world.records(whole=True)
        assert not world.doubts()
        assert world.effects() == scene.effects
    world.converges()
    assert _nameless(world.there()) == _nameless(scene.world.there())
    for name, effects in world.effects().items():
        assert effects == ["removed", "made"], f"{name}: {effects}"


def _look_again(world: World, scene: Scene) -> None:
    assert world.there() == scene.world.there(), "a refresh changed the cloud"
    world.converges(options=REFRESH)
    assert world.effects() == {"rule": ["made"], "lone": ["changed"]}


def _nameless(there: dict[str, Any]) -> list[str]:
    """What is there, but for what the provider's names draw from the seed."""
    return sorted(re.sub("-[0-9a-f]{8}", "", json.dumps(props, sort_keys=True)) for props in there.values())


def _no_secret_in(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert not path.is_file() or b"hush-hush" not in path.read_bytes(), f"a secret stands in clear in {path.name}"


# ---------------------------------------------------------------------- many points


def crash(scenes: dict[str, Scene], folder: Path, share: dict[str, int]) -> Counter[str]:
    """Kill so many runs of each scene; how many were killed by kind and by who."""
    told: Counter[str] = Counter()
    began = time.monotonic()
    for name, count in share.items():
        for index in range(count):
            seed = f"{SEED} {name} {index}"
            place = folder / f"{name}-{index}"
            try:
                point = survive(scenes[name], place, random.Random(seed))
            except AssertionError as error:
                raise AssertionError(f"LIANGZHU_SEED={SEED}, {name} {index}: {error}") from error
            told.update((f"{point.kind} {point.phase}".strip(), f"killed: {point.who}", scenes[name].verb))
    print(f"\n{sum(share.values())} kills, seed {SEED}: {dict(sorted(told.items()))}, {time.monotonic() - began:.0f} s")
    return told


def test_20_kills(scenes: dict[str, Scene], tmp_path: Path) -> None:
    told = crash(scenes, tmp_path, {"create": 4, "change": 6, "destroy": 6, "refresh": 4})
    assert told["up"] + told["destroy"] + told["refresh"] == 20


@pytest.mark.slow
def test_300_kills(scenes: dict[str, Scene], tmp_path: Path) -> None:
    told = crash(scenes, tmp_path, {"create": 40, "change": 80, "destroy": 100, "refresh": 80})
    assert told["up"] + told["destroy"] + told["refresh"] == 300
