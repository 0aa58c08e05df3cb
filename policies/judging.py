"""The judge as an environment has it: its profile, the waivers and baseline in force, the records, and the day.

In: an environment and a moment. Out: `Around`, and verdicts given in it. Every surface judges through here (the door's
`up` and `stack`, the pack of the stock CLI, `./lz judge`, the monitor), so that all of them say the same at any moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cache, partial
from pathlib import Path

from inventory import recording
from inventory.estate import Estate, published
from inventory.model import Environment
from inventory.places import places
from inventory.reading import city
from inventory.reading import environment as named
from policies import baseline, waivers
from policies.judge import Observe, Verdict, judge
from policies.profiles import Profile, profile

BASELINES = Path(__file__).parent / "baselines"
CHINA = timezone(timedelta(hours=8))
"""dates of waivers, certificates and evidence are days of the city"""


@dataclass(frozen=True)
class Around:
    """Everything beside the estate that a verdict rests on."""

    profile: Profile
    on: date
    waivers: waivers.Waivers = waivers.NONE
    baseline: baseline.Baseline | None = None
    records: Estate = field(default_factory=Estate)
    facts: Estate = field(default_factory=Estate)
    """what was gathered of hosts as they are"""
    proved: Path | None = None
    """where the last proof of reachability is kept"""


def around(environment: Environment, when: datetime) -> Around:
    """Of an environment at a moment. Refused with what is wrong in profiles, waivers, baseline or records."""
    file, where = BASELINES / f"{environment.name}.json", places(environment.state)
    return Around(
        profile(environment.profile),
        when.astimezone(CHINA).date(),
        waivers.read(),
        baseline.read(file) if file.exists() else None,
        recorded(),
        published(where.facts),
        where.proof,
    )


def at(environment: Environment | str, when: datetime) -> Callable[..., Verdict]:
    """The judge of an environment at a moment, as a function of an estate."""
    return partial(judged, around(named(environment) if isinstance(environment, str) else environment, when))


def later(environment: str, clock: Callable[[], datetime]) -> Callable[..., Verdict]:
    """As `at`, for those who may not judge at all: nothing is read before the first verdict."""

    @cache
    def made() -> Callable[..., Verdict]:
        return at(environment, clock())

    def verdict(estate: Estate, *, planned: bool) -> Verdict:
        return made()(estate, planned=planned)

    return verdict


def recorded() -> Estate:
    """Records of the city, and those that people wrote."""
    return recording.united([recording.of_city(city()), recording.declared()])


def _beside(given: Around, estate: Estate, planned: bool) -> Estate:
    """Records, and on what is deployed the facts of its hosts. A plan is judged without them: they tell what a host was
    before the update, and a fault that the update mends must not stop it. What people wrote of a host is complemented."""
    if planned or not len(given.facts):
        return given.records
    hosts = {host.name for host in estate.kind("compute.host")}
    return recording.united([given.records, given.facts.only(lambda fact: fact.get("host") in hosts)])


def judged(given: Around, estate: Estate, *, planned: bool, observe: Observe | None = None) -> Verdict:
    """The verdict on an estate. A record that the estate has itself is not doubled."""
    beside = _beside(given, estate, planned)
    there = {(one.kind, one.name) for one in estate} if len(beside) else set()
    whole = Estate.union([estate, beside.only(lambda one: (one.kind, one.name) not in there)])
    return judge(
        whole, given.profile, planned=planned, on=given.on, waivers=given.waivers, baseline=given.baseline,
        observe=observe, proved=given.proved,
    )  # fmt: skip
