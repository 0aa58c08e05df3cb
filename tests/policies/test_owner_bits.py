"""Seeded changes of plans and of what stands in them: NET-003 fails exactly those that a reader of bit strings fails.

The reader takes the 64 bits as text, cuts them as the fields are wide, and looks at every pair of segments; the check
shifts numbers and sorts.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network
from typing import Any

import pytest

from inventory.estate import Estate, Resource
from policies.checks import load
from policies.checks.shape import Answer

ZONES = ["public", "dedicated", "internet", "video", "iot", "management"]
KEYS = {
    "site": ["a", "b", "c"],
    "zone": ZONES,
    "bureau": ["", "water", "health", "fire"],
    "tier": ["web", "app", "data"],
}
Rows = dict[str, dict[str, Any]]
World = tuple[dict[str, Any], Rows]


def world(dice: random.Random) -> World:
    """A plan with fields in any order, of any width and name, and segments that lie where it says."""
    coded = dice.sample(["site", "zone", "bureau"], 3) + ["tier"] * dice.randrange(2) + ["fixed"] * dice.randrange(2)
    dice.shuffle(coded)
    length = dice.choice([24, 28, 32])
    left, fields = 64 - length, []
    for n, of in enumerate(coded):
        keys = [""] if of == "fixed" else KEYS[of]
        bits = dice.randint(3, 5)
        left -= bits
        numbers = dice.sample(range(1 << bits), len(keys) + 1)
        codes = dict(zip(keys, numbers, strict=False))
        fields.append({"name": f"f{n}", "of": of, "bits": bits, "codes": codes, "reserved": numbers[len(keys) :]})
    fields.append({"name": "last", "of": "segment", "bits": left, "codes": {}, "reserved": [0]})
    whole = IPv6Network((0x3FFF << 112, length))
    spare = {"ula": "fd00:1::/48", "prefix4": "198.18.0.0/15", "public4": "203.0.113.0/24", "link6": "fd01::/64",
             "loopback6": "fd02::/64"}  # fmt: skip
    plan = {"name": "plan", "prefix6": str(whole), "fields": fields, **spare}
    rows: Rows = {}
    for n in range(8):
        said = {of: dice.choice(KEYS[of]) for of in KEYS}
        bits = f"{int(whole[0]):0128b}"[:length]
        for field in fields:
            code = n + 1 if field["of"] == "segment" else field["codes"][said.get(field["of"], "")]
            bits += f"{code:0{field['bits']}b}"
        rows[f"s{n}"] = {**said, "cidr6": str(IPv6Network((int(bits, 2) << 64, 64)))}
    return plan, rows


def wrong(plan: dict[str, Any], rows: Rows) -> set[str]:
    """Names of what is not as it must be, read off the bits as text."""
    found: set[str] = set()
    start, length = plan["prefix6"].split("/")
    head = f"{int(IPv6Address(start)):0128b}"[: int(length)]
    for name, row in rows.items():
        bits = f"{int(IPv6Network(row['cidr6'])[0]):0128b}"[:64]
        if not bits.startswith(head) or row["zone"] not in ZONES:
            found.add(name)
        place = len(head)
        for field in plan["fields"]:
            code = int(bits[place : place + field["bits"]], 2)
            place += field["bits"]
            mine = "" if field["of"] == "fixed" else row.get(field["of"])
            if code in field["reserved"] or (field["of"] != "segment" and field["codes"].get(mine) != code):
                found.add(name)
        if any(other != name and rows[other]["cidr6"] == row["cidr6"] for other in rows):
            found.add(name)
    return found


def failed(plan: dict[str, Any], rows: Rows) -> set[str]:
    """Names that NET-003 fails."""
    made = [Resource("net.plan", "plan", "city", "record:plan", plan)]
    made += [Resource("net.subnet", name, "s", name, {"name": name, **row}) for name, row in rows.items()]
    check = load("NET-003")
    looked = list(check.judge(Estate(tuple(made)), {"zones": tuple(ZONES)}))
    assert len(looked) == len(rows)
    assert {one.answer for one in looked} <= {Answer.PASS, Answer.FAIL}
    return {one.resource.name for one in looked if one.resource and one.answer is Answer.FAIL}


def _bit(plan: dict[str, Any], rows: Rows, dice: random.Random) -> None:
    row = rows[dice.choice(list(rows))]
    number = int(IPv6Network(row["cidr6"])[0]) ^ 1 << 64 + dice.randrange(64 - 16)
    row["cidr6"] = str(IPv6Network((number, 64)))


def _word(plan: dict[str, Any], rows: Rows, dice: random.Random) -> None:
    of = dice.choice(list(KEYS))
    rows[dice.choice(list(rows))][of] = dice.choice([*KEYS[of], "elsewhere"])


def _same(plan: dict[str, Any], rows: Rows, dice: random.Random) -> None:
    one, other = dice.sample(list(rows), 2)
    rows[one] = dict(rows[other])


def _codes(plan: dict[str, Any], rows: Rows, dice: random.Random) -> None:
    """Two keys change places, or a key gets a code that nobody had."""
    field = dice.choice([field for field in plan["fields"] if len(field["codes"]) > 1])
    codes = field["codes"]
    one, other = dice.sample(list(codes), 2)
    codes[one], codes[other] = codes[other], codes[one]


def _kept(plan: dict[str, Any], rows: Rows, dice: random.Random) -> None:
    field = dice.choice(plan["fields"])
    used = list(field["codes"].values())
    code = dice.choice(used) if used and dice.random() < 0.7 else dice.randrange(min(1 << field["bits"], 16))
    field["reserved"] = [*field["reserved"], code]


def _fields(plan: dict[str, Any], rows: Rows, dice: random.Random) -> None:
    """A bit more for one field, and one less for its neighbour; or only other names."""
    if dice.random() < 0.3:
        for n, field in enumerate(plan["fields"]):
            field["name"] = f"renamed-{n}"
        return
    at = dice.randrange(len(plan["fields"]) - 1)
    plan["fields"][at]["bits"] += 1
    plan["fields"][at + 1]["bits"] -= 1


CHANGES: list[Callable[[dict[str, Any], Rows, random.Random], None]] = [_bit, _word, _same, _codes, _kept, _fields]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_every_change_of_meaning_is_found_and_no_other(change: Callable[..., None]) -> None:
    real = idle = 0
    for seed in range(60):
        dice = random.Random(seed)
        plan, rows = world(dice)
        assert failed(plan, rows) == wrong(plan, rows) == set()
        changed_plan, changed = copy.deepcopy(plan), copy.deepcopy(rows)
        change(changed_plan, changed, dice)
        expected = wrong(changed_plan, changed)
        assert failed(changed_plan, changed) == expected, f"seed {seed}"
        real, idle = real + bool(expected), idle + (not expected)
    assert real >= 20, f"{real} of {real + idle} changes meant anything: too few to say something"
