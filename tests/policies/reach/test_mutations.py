"""Seeded changes of configuration: each that changes the fate of any packet is detected, and no other.

What counts as a change is said by the brute-force walker, packet by packet; the engine compares sets.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from policies.reach.fields import Field
from policies.reach.headers import Headers, Space
from policies.reach.spreading import reach
from tests.policies.reach.brute import ends, plain
from tests.policies.reach.worlds import FOUR, HOOKS, SIX, Box, Line, World, line, packets, world

_GRE = {replace(one, protocol=47, port=0, source_port=0, near=0) for one in packets()}
"""of a protocol that no rule names: a policy may decide about these alone"""
EVERY = [plain(one) for one in (*packets(), *sorted(_GRE, key=lambda one: one.fields))]


def _fates(some: World) -> list[frozenset[tuple[str, str]]]:
    return [frozenset((ended.how, ended.at) for ended in ends(some, "h0", one)) for one in EVERY]


def _sets(space: Space, some: World) -> dict[tuple[str, str], Headers]:
    """end and node → all that ended so there, as it left h0: only then are packets compared, and not their hop limit"""
    found: dict[tuple[str, str], list[Headers]] = {}
    for near in (0, 1):
        sent = space.box({Field.STATE: [(0, 0)], Field.NEAR: [(near, near)]})
        for way in reach(space, some.network(), "h0", sent).ways:
            mine = way.headers.assigned(Field.NEAR, [(near, near)])
            found.setdefault((way.end.value, way.at), []).append(mine)
    return {key: space.union(sets) for key, sets in found.items()}


def mutated(some: World, dice: random.Random) -> tuple[str, World]:
    """One change: of a rule, of the order of rules, of a policy or of a route."""
    boxes = [box for box in some.boxes.values() if box.chains or box.routes]
    box = dice.choice(boxes)
    chains = [name for name, (_, lines) in box.chains.items() if lines]
    if not chains or dice.random() < 0.25:
        return _routed(some, box, dice)
    name = dice.choice(chains)
    policy, lines = box.chains[name]
    at = dice.randrange(len(lines))
    one, kind = lines[at], dice.choice(["drop", "verdict", "order", "widen", "port", "policy", "add", "same"])
    changed: tuple[Line, ...] = lines
    if kind == "drop":
        changed = (*lines[:at], *lines[at + 1 :])
    elif kind == "verdict" and one.verdict in ("accept", "drop"):
        changed = (*lines[:at], replace(one, verdict="drop" if one.verdict == "accept" else "accept"), *lines[at + 1 :])
    elif kind == "order":
        mixed = list(lines)
        dice.shuffle(mixed)
        changed = tuple(mixed)
    elif kind == "widen" and one.target:
        wide = tuple(f"{FOUR[0]}/30" if one.version == 4 else f"{SIX[0]}/125" for _ in one.target[:1])
        changed = (*lines[:at], replace(one, target=wide), *lines[at + 1 :])
    elif kind == "port" and one.ports:
        changed = (*lines[:at], replace(one, ports=(1, 2) if one.ports != (1, 2) else (2, 2)), *lines[at + 1 :])
    elif kind == "policy" and name in HOOKS:
        policy = "drop" if policy == "accept" else "accept"
    elif kind == "add":
        changed = (*lines, line(dice, name, [], ("accept", "drop")))
    else:  # said twice: nothing changes
        kind, changed = "same", (*lines[: at + 1], one, *lines[at + 1 :]) if one.verdict != "return" else lines
    chains_ = {**box.chains, name: (policy, changed)}
    return f"{kind} in {box.name} {name}", World({**some.boxes, box.name: replace(box, chains=chains_)}, some.links)


def _routed(some: World, box: Box, dice: random.Random) -> tuple[str, World]:
    routes = list(box.routes)
    at = dice.randrange(len(routes)) if routes else 0
    if routes and dice.random() < 0.5:
        del routes[at]
    elif routes:
        prefix, out, metric = routes[at]
        outs = [interface for pair in some.links for node, interface in pair if node == box.name]
        routes[at] = (prefix, dice.choice([*outs, None]) if outs else out, metric)
    return f"route of {box.name}", World({**some.boxes, box.name: replace(box, routes=tuple(routes))}, some.links)


def wrong(seed: int, changes: int) -> tuple[list[str], int, int]:
    """What was missed or invented among the changes of a world, and how many changes said something and how many not."""
    some, dice, space = world(seed), random.Random(seed), Space()
    before, sets = _fates(some), _sets(space, some)
    found, real, idle = [], 0, 0
    for _ in range(changes):
        what, other = mutated(some, dice)
        truly, said = _fates(other) != before, _sets(space, other) != sets
        real, idle = real + truly, idle + (not truly)
        if truly != said:
            found.append(f"seed {seed}, {what}: changes something: {truly}, said: {said}")
    return found, real, idle


def test_a_few_changes() -> None:
    found, real, idle = wrong(0, 6)
    assert not found, found
    assert real + idle == 6


@pytest.mark.slow
def test_every_change_of_meaning_is_detected_and_no_other() -> None:
    total = [0, 0]
    for seed in (*range(40), 514):  # of 514 one policy decides about other protocols alone
        found, real, idle = wrong(seed, 12)
        assert not found, found
        total[0] += real
        total[1] += idle
    assert min(total) > 50, f"{total[0]} changes of meaning, {total[1]} without: too few of one kind to say anything"


@pytest.mark.long
def test_thousands_of_changes() -> None:
    found = [one for seed in range(40, 540) for one in wrong(seed, 20)[0]]
    assert not found, found[:5]
