"""Results for tests: all six answers, a waiver, a baseline, and names that would do harm where a format let them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from inventory.estate import UNKNOWN, Estate, Resource
from policies import baseline
from policies.checks import Loaded
from policies.checks.shape import Answer, Looked
from policies.judge import judge
from policies.profiles import Entry, Profile, profile
from policies.result import Result, of
from tests.policies.waiving import entry, roster
from tests.report.fixture import estate

ON = date(2026, 6, 1)
HOSTILE = (
    "=HYPERLINK(\"x\")|<script>alert('x')</script>]]>&amp;\x00\x1b**b** {0} ![i](http://x.invalid) \ud7ff😀ไทย\n@x"
)
NAMED = ("db.instance", "net.sg_rule", "storage.volume")


@cache
def whole(hostile: str = "", seed: int = 0, planned: bool = False) -> Result:
    """Of the demo's estate, some of its resources renamed, in an order of their own."""
    graph = _estate(hostile)
    resources = list(graph)
    if seed:
        random.Random(seed).shuffle(resources)
    shuffled = Estate(tuple(resources))
    base = _profile()
    first = judge(graph, base, planned=False, on=ON)
    failing = [one for one in first.findings if one.answer is Answer.FAIL and one.urn and one.mandatory]
    waived = graph.urn(failing[0].urn)
    assert waived is not None
    bad = {(one.check, one.urn) for one in first.findings}
    passing = next(id_ for id_ in first.results if not bad & {(id_, waived.urn), (id_, "")})
    waiver = entry(failing[0].check, waived, reason=hostile or "迁移期间", compensating=passing)
    verdict = judge(
        shuffled, base, planned=planned, on=ON, waivers=roster(waiver),
        baseline=baseline.made([failing[1]], ON, 30),
    )  # fmt: skip
    answers = {one.answer for one in (*verdict.findings, *verdict.not_applicable)}
    assert answers == set(Answer) - {Answer.PASS}, "a result for tests has every answer"
    return of(verdict, shuffled, ON)


def _estate(hostile: str) -> Estate:
    return Estate(tuple(_named(one, hostile) for one in estate()))


def _named(one: Resource, hostile: str) -> Resource:
    properties = dict(one.properties)
    if one.kind == "storage.volume" and one.name == min(r.name for r in estate().kind("storage.volume")):
        properties["encryption_key"] = UNKNOWN
    if not hostile or one.kind not in NAMED:
        return replace(one, properties=properties)
    return replace(
        one, properties=properties, name=f"{hostile}{one.name}", urn=f"{one.urn}{hostile}", origin=f"{hostile}:7"
    )


def _profile() -> Profile:
    """Level 3, with one check that breaks."""
    real = profile("level3")

    def breaks(estate: Estate, params: Any) -> Iterator[Looked]:
        raise ValueError("hunter2")
        yield

    entries = [
        Entry(Loaded(one.loaded.check, breaks, one.loaded.page), one.mode, one.params)
        if one.loaded.check.id == "CRY-005"
        else one
        for one in real.entries
    ]
    return replace(real, entries=tuple(entries))
