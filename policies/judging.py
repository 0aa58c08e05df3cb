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
from inventory.places import Places, places
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
        recorded(where),
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


def recorded(where: Places) -> Estate:
    """Records of the city, those that people wrote, and the facts that were gathered."""
    return recording.united([recording.of_city(city()), recording.declared(), published(where.facts)])


def whole(given: Around, estate: Estate) -> Estate:
    """An estate with the records. One that the estate has itself is not doubled."""
    there = {(one.kind, one.name) for one in estate} if len(given.records) else set()
    return Estate.union([estate, given.records.only(lambda one: (one.kind, one.name) not in there)])


def judged(given: Around, estate: Estate, *, planned: bool, observe: Observe | None = None) -> Verdict:
    """The verdict on an estate, with the records."""
    return judge(
        whole(given, estate), given.profile, planned=planned, on=given.on, waivers=given.waivers, baseline=given.baseline,
        observe=observe, proved=given.proved,
    )  # fmt: skip
