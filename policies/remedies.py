"""A verdict → what would mend it: the properties to be changed, what may not be, and what people have to do. Pure.

In: an estate, the profile, the findings that fail. Out: `Remedied`. Each failing finding is shown to its check's `remedy`
(`policies.checks.mends`); what the remedies of several checks want of one property is made one value, the stricter; what
is not known to close (`policies.opening`) is refused; and the estate so changed is judged again: a change after which
anything else is worse is taken back, and said. Where a property is written, and how, is `policies.mending`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inventory.estate import Estate
from policies.checks.shape import Answer, Mends
from policies.judge import Finding, Verdict
from policies.opening import opening, stricter
from policies.profiles import Entry

Key = tuple[str, str]
"""urn and field"""
Again = Callable[[Estate], Verdict]
"""how an estate is judged, with all that the first verdict rested on"""
_RANK = {Answer.FAIL: 2, Answer.ERROR: 2, Answer.UNKNOWN: 1}


@dataclass(frozen=True, slots=True)
class Change:
    """One property of one resource, and the checks that ask for it."""

    urn: str
    field: str
    before: Any
    after: Any
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Remedied:
    """What would be changed, and what the estate and the verdict would be then."""

    changes: tuple[Change, ...]
    estate: Estate
    verdict: Verdict
    refused: tuple[Change, ...] = ()
    """asked for, and not known to close: never made"""
    worse: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    """taken back: the checks that would then say worse of something"""
    left: tuple[Finding, ...] = ()
    """failing findings for which nobody can say here what is right"""


def remedied(estate: Estate, verdict: Verdict, entries: Iterable[Entry], on: Any, again: Again) -> Remedied:
    """What mends the failing findings of a verdict on this very estate. What is waived is as somebody decided. A remedy that
    wanted another one first has its turn in a later round, so that there is nothing left to do a second time."""
    by_id = {entry.loaded.check.id: entry for entry in entries}
    made: dict[Key, Change] = {}
    so_far = Remedied((), estate, verdict)
    while True:
        wanted, refused, left = _wanted(so_far, by_id, on)
        so_far = replace(
            so_far, refused=tuple({(one.urn, one.field): one for one in (*so_far.refused, *refused)}.values())
        )
        if not wanted:
            return replace(so_far, changes=tuple(made.values()), left=left)
        so_far = _held(so_far, wanted, again)
        for change in so_far.changes:
            key = (change.urn, change.field)
            made[key] = (
                replace(made[key], after=change.after, checks=_all(made[key], change)) if key in made else change
            )


def _wanted(
    so_far: Remedied, by_id: Mapping[str, Entry], on: Any
) -> tuple[dict[Key, Change], list[Change], tuple[Finding, ...]]:
    """One round: what is asked for, what of it may not be, and the findings that nothing is done about."""
    wanted: dict[Key, Change] = {}
    refused: list[Change] = []
    left: list[Finding] = []
    for one in so_far.verdict.findings:
        if one.answer is not Answer.FAIL:
            continue
        mends = remedy_of(so_far.estate, one, by_id.get(one.check), on)
        asked = [
            Change(mend.resource.urn, key, mend.resource.get(key), value, (one.check,))
            for mend in mends or () for key, value in mend.changes.items()
        ]  # fmt: skip
        opens = set(opening((change.field, change.before, change.after) for change in asked))
        barred = any((change.urn, change.field) in so_far.worse for change in asked)
        if not asked or opens or barred:  # half a remedy mends nothing
            refused += [change for change in asked if change.field in opens]
            left.append(one)
            continue
        for change in asked:
            key = (change.urn, change.field)
            wanted[key] = _both(wanted[key], change) if key in wanted else change
    return wanted, refused, tuple(left)


def remedy_of(estate: Estate, finding: Finding, entry: Entry | None, on: Any = None) -> Mends | None:
    """What the finding's check says of it; None where it has no remedy, or none for this."""
    resource = estate.urn(finding.urn)
    if entry is None or entry.loaded.remedy is None or resource is None:
        return None
    params = {**entry.params, "today": on} if entry.loaded.check.dated else entry.params
    return entry.loaded.remedy(estate, resource, params)


def changed(estate: Estate, changes: Iterable[Change]) -> Estate:
    """The estate with these changes and no other."""
    by_urn: dict[str, dict[str, Any]] = {}
    for one in changes:
        by_urn.setdefault(one.urn, {})[one.field] = one.after
    return Estate(
        tuple(
            replace(one, properties={**one.properties, **by_urn[one.urn]}) if one.urn in by_urn else one
            for one in estate
        )
    )


def _both(one: Change, two: Change) -> Change:
    return replace(one, after=stricter(one.field, one.after, two.after), checks=_all(one, two))


def _all(one: Change, two: Change) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one.checks, *two.checks)))


def _held(so_far: Remedied, wanted: dict[Key, Change], again: Again) -> Remedied:
    """Judge what would be, and take back what makes anything worse, until nothing is."""
    worse = dict(so_far.worse)
    before = _answers(so_far.verdict)
    while wanted:
        made = changed(so_far.estate, wanted.values())
        after = again(made)
        bad = {key for key, rank in _answers(after).items() if rank > before.get(key, 0)}
        if not bad:
            return replace(so_far, changes=tuple(wanted.values()), estate=made, verdict=after, worse=worse)
        urns = {urn for _, urn in bad}
        # a change of the resource itself is suspected first, then every change
        back = [key for key in wanted if key[0] in urns] or list(wanted)
        worse |= dict.fromkeys(back, tuple(sorted({check for check, _ in bad})))
        wanted = {key: change for key, change in wanted.items() if key not in worse}
    return replace(so_far, changes=(), worse=worse)


def _answers(verdict: Verdict) -> dict[tuple[str, str], int]:
    """(check, urn) → how bad the answer is; what passed or does not apply is 0."""
    found: dict[tuple[str, str], int] = {}
    for one in verdict.findings:
        key = (one.check, one.urn)
        found[key] = max(found.get(key, 0), _RANK.get(one.answer, 0))
    return found
