"""Estates by chance, from a seed: any kinds, any fields, set or not, readable or not, of the right type or of none.

Kinds and types come from `inventory.kinds`, so that a new kind or field is in it at once. Values are drawn from few words,
numbers and prefixes on purpose: they meet one another, so that references lead somewhere and rules overlap.
"""

from __future__ import annotations

import random
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from inventory.kinds import kinds, token

NAMES = [f"n{i}" for i in range(6)]
STACKS = ["city-network", "x.one", "x.two"]
PREFIXES = [
    "3fff:0:1::/64", "3fff:0:1::/48", "3fff:0:2::/64", "::/0", "::/1", "8000::/1", "2000::/3", "198.18.0.0/24",
    "198.18.0.0/15", "0.0.0.0/0", "not a prefix", "", "::1", "fe80::/64", "3fff:0:1::5", "198.18.0.7", "1.2.3.4/33",
]  # fmt: skip
WORDS = [
    "", "a", "b", "d", "public", "management", "internet", "data", "web", "database", "admin", "deny", "allow", "ingress",
    "egress", "tcp", "udp", "icmpv6", "SM4", "SM2", "general", "important", "core", "db.instance/n1", "storage.bucket/n2",
    "net.lb/n1", "net.vpc/n2", "sec.firewall/n1", "sec.firewall/*", "compute.host/n0", "/", "zone/public", "block",
    "production", "ipv6", "x://u:p@h", "single", "synchronous", "continuous", "*", "2026-05-01", "2026-13-01", "一", "declared",
]  # fmt: skip
NUMBERS = [0, 1, 2, 3, 22, 443, 5432, 30, 90, 180, 365, 65535, 65536, -1, 3.0, 0.5]
WRONG: list[Any] = [
    None, True, False, 0, -7, 10**30, 2.5, float("inf"), float("nan"), "", "x", "\x00", "::/0", "2026-02-30", "\ud800", [], [None],
    [[]], [[1, 2], [3]], [0, "x"], ["a", ["b"]], {}, {"a": 1}, {"a": {"b": [1]}}, [{}], [{"a": []}], [UNKNOWN],
    {"a": SECRET}, ["3fff::/20", 7], [1, 2, 3], ["n1", None], {"n1": None}, (1, 2), ("n1",), [65536, -1],
]  # fmt: skip
"""what a schema would refuse: of adapters of what others wrote, and of states that somebody edited"""
_ADDRESSES = {"cidr", "cidr4", "cidr6", "address", "address4", "address6", "prefix", "prefix4", "prefix6", "ula", "nat64",
              "peers", "peers4", "peers6", "sources", "sources4", "sources6", "public4", "link6", "loopback6", "locators"}  # fmt: skip


def value(annotation: Any, field: str, dice: random.Random) -> Any:
    """Of the type of a field, as the wire has it: lists for tuples, plain mappings for models."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return value(dice.choice(args), field, dice)
    if annotation is type(None):
        return None
    if origin is Literal:
        return dice.choice(args)
    if origin is tuple and len(args) == 2 and args[1] is not Ellipsis:
        return [value(one, field, dice) for one in args]
    if origin in (tuple, list, frozenset, Sequence):
        return [value(args[0], field, dice) for _ in range(dice.randrange(4))]
    if origin in (dict, Mapping):
        return {dice.choice(NAMES): value(args[1], field, dice) for _ in range(dice.randrange(3))}
    if hasattr(annotation, "__metadata__"):
        return value(args[0], field, dice)
    if annotation is bool:
        return dice.random() < 0.5
    if annotation in (int, float):
        return dice.choice(NUMBERS)
    if hasattr(annotation, "model_fields"):
        return {key: value(one.annotation, key, dice) for key, one in annotation.model_fields.items()}
    if field in _ADDRESSES and dice.random() < 0.9:
        return dice.choice(PREFIXES)
    return dice.choice(NAMES) if dice.random() < 0.5 else dice.choice(WORDS)


def properties(kind: str, dice: random.Random, wrong: float = 0.0, hidden: float = 0.05) -> dict[str, Any]:
    """Fields of a kind; shares of them of a wrong type, and unknown or secret."""
    model = kinds()[kind]
    set_, made = dice.random(), {}
    fields = {**{key: one.annotation for key, one in model.model_fields.items()}, **model.outputs}
    for key, annotation in fields.items():
        if key in ("name", "origin") or dice.random() > set_:
            continue
        drawn = dice.random()
        if drawn < wrong:
            made[key] = dice.choice(WRONG)
        elif drawn < wrong + hidden:
            made[key] = dice.choice((UNKNOWN, SECRET))
        else:
            made[key] = value(annotation, key, dice)
    return made


def resource(kind: str, name: str, stack: str, fields: Mapping[str, Any]) -> Resource:
    """One of an estate."""
    urn = f"urn:pulumi:{stack}::liangzhu::{token(kind)}::{name}"
    return Resource(kind, name, stack, urn, {"name": name, **fields}, origin="f.yaml:1")


def estate(seed: int, size: int = 14, wrong: float = 0.0) -> Estate:
    """As many resources as that at most; names are unique within a kind, as the engine sees to."""
    dice = random.Random(seed)
    every = sorted(kinds())
    some = dice.sample(every, min(len(every), dice.randrange(1, 9)))  # few kinds, so that they meet
    made: dict[tuple[str, str], Resource] = {}
    for _ in range(dice.randrange(size + 1)):
        kind, name = dice.choice(some if dice.random() < 0.7 else every), dice.choice(NAMES)
        made[kind, name] = resource(kind, name, dice.choice(STACKS), properties(kind, dice, wrong))
    return Estate(tuple(made.values()))
