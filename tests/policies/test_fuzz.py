"""Graphs by chance, of fields of the right type and of none: no check breaks, none says nothing, and none is made to pass by
what nobody can read. A few always, 10,000 with `--long`; each is found again by its seed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from inventory.estate import SECRET, UNKNOWN, Estate
from policies.checks import CHECKS, load
from policies.judge import look
from policies.profiles import Entry
from tests.policies import fuzzing

TODAY = date(2026, 6, 1)
FEW = range(100)
MANY = range(1_000, 11_000)


def _entries() -> list[Entry]:
    loaded = [load(id_) for id_ in CHECKS]
    return [Entry(one, "mandatory", {key: param.default for key, param in one.check.params.items()}) for one in loaded]


def _answered(seed: int, wrong: float, entries: list[Entry]) -> None:
    """Every check answers, of every graph, and none with an error."""
    estate = fuzzing.estate(seed, wrong=wrong)
    for entry in entries:
        looked = look(estate, entry, TODAY)
        assert looked, f"{entry.loaded.check.id} says nothing of graph {seed}"
        broken = [one.en for one in looked if one.answer == "error"]
        assert not broken, f"{entry.loaded.check.id}, graph {seed}: {broken}"
        assert all(one.answer == "pass" or (one.zh and one.en) for one in looked), "an answer without a reason"


def _hidden(seed: int, entries: list[Entry]) -> None:
    """One field of a resource that a check does not let pass becomes unreadable: the check still does not."""
    estate, dice = fuzzing.estate(seed), random.Random(-seed)
    some = [one for one in estate if len(one.properties) > 1]
    if not some:
        return
    victim = dice.choice(some)
    field = dice.choice([key for key in victim.properties if key != "name"])
    veil = dice.choice((UNKNOWN, SECRET))
    veiled = replace(victim, properties={**victim.properties, field: veil})
    after = Estate(tuple(veiled if one is victim else one for one in estate))
    for entry in entries:
        if entry.loaded.check.id == "IAM-013" and veil is SECRET:
            continue  # that it is a secret is what this check asks for
        before = {one.answer for one in look(estate, entry, TODAY) if one.resource is victim}
        now = {one.answer for one in look(after, entry, TODAY) if one.resource is veiled}
        if "fail" in before or "unknown" in before:
            assert now != {"pass"}, f"{entry.loaded.check.id}, graph {seed}: {victim.kind} passes with {field} hidden"


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [0.0, 0.3])
def test_no_check_breaks_or_is_silent(wrong: float) -> None:
    entries = _entries()
    for seed in FEW:
        _answered(seed, wrong, entries)


@pytest.mark.long
@pytest.mark.parametrize("wrong", [0.0, 0.3])
def test_no_check_breaks_or_is_silent_of_ten_thousand_graphs(wrong: float) -> None:
    entries = _entries()
    for seed in MANY[::2] if wrong else MANY[1::2]:
        _answered(seed, wrong, entries)


@pytest.mark.slow
def test_hiding_a_field_makes_nothing_pass() -> None:
    entries = _entries()
    for seed in FEW:
        _hidden(seed, entries)


@pytest.mark.long
def test_hiding_a_field_makes_nothing_pass_in_thousands_of_graphs() -> None:
    entries = _entries()
    for seed in MANY[::3]:
        _hidden(seed, entries)
