"""Estates of any size that are like a city's: what the program plans for so many systems, and records of every kind beside it.

The plan comes from the real requests and their copies (`inventory.generator`), on the simulator. What a city also has and
nobody provides (hosts' facts, users, devices, evidence) is drawn, per system and from a fixed seed, for every kind of
record, and names what really stands in that system. The same size gives the same estate.
"""

from __future__ import annotations

import os
import pickle
import random
import tempfile
import threading
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from inventory import addressing, reading
from inventory.estate import Estate, Resource
from inventory.kinds import kinds
from inventory.recording import record
from policies.judging import recorded
from tests.policies import fuzzing

PLANNED = 0.76
"""share of the resources that the program plans; the rest are records"""
_EACH, _CITY = 72, 300
"""resources that a system has, and that the city has beside its systems: a first guess"""
_ENVIRONMENTS = {"city-32": 32, "city-100": 100}
_ONCE = {"net.plan", "gov.site"}
"""kinds that only the city has"""


def estate(size: int, keep: Path | None = None) -> Estate:
    """An estate of exactly so many resources. `keep`: a folder where it is kept for the next time."""
    file = keep / f"{size}.pickle" if keep else None
    if file and file.exists():
        return pickle.loads(file.read_bytes())
    made = _topped(_planned(max(3, int((size * PLANNED - _CITY) / _EACH))), size)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(made))
    return made


def _planned(systems: int) -> Estate:
    """The plan of a city that has so many systems at least, without the stacks of the others."""
    name = next((name for name, has in _ENVIRONMENTS.items() if has >= systems), "city")
    plan, stacks = _plan(name)
    left_out = set(stacks[systems:])  # systems need one another, so all are planned
    return plan.only(lambda one: one.stack not in left_out)


@cache
def _plan(name: str) -> tuple[Estate, tuple[str, ...]]:
    """Of an environment, with its records; and its systems, the real ones first."""
    from stacks import provisioning

    with tempfile.TemporaryDirectory() as home:
        os.environ.update(LIANGZHU_HOME=home, LIANGZHU_ENVIRONMENT=name)
        reading.read.cache_clear()
        read = reading.read(name)
        addressing.settle(read, datetime(2026, 11, 28, tzinfo=UTC))
        plan = provisioning.plan(provisioning.work(read.places, read, lambda event: None, threading.Event()))
        if plan.problems:
            raise SystemExit("\n".join(map(str, plan.problems)))
        stacks = sorted((request.stack for request in read.requests), key=lambda stack: (stack[-3:-2] == "-", stack))
        return Estate.union([plan.estate, recorded()]), tuple(stacks)


def _topped(planned: Estate, size: int) -> Estate:
    """With records drawn for each system in turn, until there are so many."""
    dice = random.Random(size)
    own: dict[str, list[Resource]] = defaultdict(list)
    for one in planned:
        if isinstance(system := one.get("system"), str) and one.kind != "component":
            own[system].append(one)
    wanted = [kind for kind, model in kinds().items() if model.record and kind not in _ONCE]
    rows = list(planned)[:size]
    turn = 0
    while len(rows) < size:
        system = sorted(own)[turn % len(own)]
        kind = wanted[(turn // len(own) + turn) % len(wanted)]
        rows.append(_record(kind, f"{system}-{kind.partition('.')[2]}-{turn}", own[system], dice))
        turn += 1
    return Estate(tuple(rows))


def _record(kind: str, name: str, near: list[Resource], dice: random.Random) -> Resource:
    """A record of a system's: it names what stands in the system."""
    fields: dict[str, Any] = {}
    first = near[0]
    for key, field in kinds()[kind].model_fields.items():
        if key in ("name", "origin") or dice.random() < 0.15:
            continue
        if key in ("site", "zone", "bureau", "system", "level"):
            fields[key] = first.get(key)
        else:
            fields[key] = _near(fuzzing.value(field.annotation, key, dice), key, near, dice)
    return record(kind, name, {key: value for key, value in fields.items() if value is not None})


def _near(value: Any, key: str, near: list[Resource], dice: random.Random) -> Any:
    """A drawn value, its names those of resources near by."""
    if isinstance(value, list):
        return [_near(one, key, near, dice) for one in value]
    if not isinstance(value, str) or not (value in fuzzing.NAMES or "/" in value):
        return value
    same = [one for one in near if one.kind.endswith(f".{key.rstrip('s')}")]
    one = dice.choice(same or near)
    if value in fuzzing.PREFIXES:
        return next((net for each in near if isinstance(net := each.get("cidr6"), str)), value)
    return f"{one.kind}/{one.name}" if "/" in value else one.name
