"""The judge as an environment has it: its profile, the waivers and baseline in force, the records, and the day.

In: an environment and a moment. Out: `Around`, and verdicts given in it. Every surface judges through here (the door's
`up` and `stack`, the pack of the stock CLI, `./lz judge`, the monitor), so that all of them say the same at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path

from inventory import contents, recording
from inventory.estate import Estate, Resource, known, published
from inventory.model import Environment
from inventory.places import ROOT, places
from inventory.problems import Problem
from inventory.reading import city
from inventory.reading import environment as named
from policies import baseline, waivers
from policies.checks.shape import Answer
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


def supposed(given: Around) -> Around:
    """For what nobody plans yet: its proof is kept in a place of its own, so that the next plan finds that of the last."""
    return replace(given, proved=given.proved and given.proved.with_name(f"{given.proved.name}.supposed"))


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


Again = Callable[[str, Estate], tuple[Problem, ...]]
"""(URN, its stack as far as it is known by now) → what forbids to make it"""


@dataclass(frozen=True)
class Vouched:
    """What goes with a verdict to whoever carries out what was judged."""

    claims: Mapping[str, str]
    """for the attestation: digests of the verdict and of all that can decide it (checks, profiles, catalogue, waivers,
    baselines), the profile and the day"""
    again: Again | None
    """judges what could not be known; None where nothing that was unknown could stop anything"""


@dataclass(frozen=True)
class Judge:
    """The judge of an environment at a moment."""

    made: Callable[[], Around]

    @cached_property
    def around(self) -> Around:
        return self.made()

    def __call__(self, estate: Estate, *, planned: bool) -> Verdict:
        return judged(self.around, estate, planned=planned)

    def vouch(self, estate: Estate, verdict: Verdict) -> Vouched:
        """For what was planned, and the verdict on it."""
        return Vouched(claimed(verdict), again(self.around, estate, verdict))


def at(environment: Environment | str, when: datetime) -> Judge:
    """The judge of an environment at a moment. Refused as `around` is."""
    given = around(named(environment) if isinstance(environment, str) else environment, when)
    return Judge(lambda: given)


def later(environment: str, clock: Callable[[], datetime]) -> Judge:
    """As `at`, for those who may not judge at all: nothing is read before the first verdict."""
    return Judge(lambda: around(named(environment), clock()))


def claimed(verdict: Verdict) -> dict[str, str]:
    """What an attestation says of a verdict, whichever surface gave it."""
    return {
        "profile": verdict.profile, "on": str(verdict.on or ""), "pack": contents.digest(ROOT, ["policies"]),
        "verdict": contents.of_data(verdict.data()),
    }  # fmt: skip


def again(given: Around, planned: Estate, verdict: Verdict) -> Again | None:
    """Judges a resource of a plan once its values are known, by the mandatory checks that could not say. It forbids what
    fails then, and what such a check still cannot say of the resource itself, unless that waits for what only the
    resource's own creation tells: that is judged when all is made."""
    unsaid = {(one.check, one.urn) for one in verdict.findings if one.mandatory and one.answer is Answer.UNKNOWN}
    checks = {check for check, _ in unsaid}
    if not checks:
        return None
    chosen = tuple(entry for entry in given.profile.entries if entry.loaded.check.id in checks)
    facts = given.facts.only(lambda one: not _of_host(one))  # of what was there before
    some = replace(given, profile=replace(given.profile, entries=chosen), facts=facts, proved=None)

    def forbidding(urn: str, mine: Estate) -> tuple[Problem, ...]:
        stacks = set(mine.stacks)
        whole = Estate.union([planned.only(lambda one: one.stack not in stacks), mine])
        this = whole.urn(urn)
        waits = this is not None and not known(this.properties)
        found = [
            one for one in judged(some, whole, planned=False).blocking
            if (one.urn == urn and not (waits and one.answer is Answer.UNKNOWN))
            or (one.answer is Answer.FAIL and (one.check, one.urn) in unsaid)
        ]  # fmt: skip
        return tuple(one.problem() for one in found)

    return forbidding


def recorded() -> Estate:
    """Records of the city, and those that people wrote."""
    return recording.united([recording.of_city(city()), recording.declared()])


def _beside(given: Around, estate: Estate, planned: bool) -> Estate:
    """Records, and on what is deployed the facts of its hosts. A plan is judged without them: they tell what a host was
    before the update, and a fault that the update mends must not stop it. What people wrote of a host is complemented."""
    hosts = frozenset() if planned else {host.name for host in estate.kind("compute.host")}
    return recording.united(
        [given.records, given.facts.only(lambda one: not _of_host(one) or one.get("host") in hosts)]
    )


def _of_host(fact: Resource) -> bool:
    return fact.kind.startswith("host.")


def whole(given: Around, estate: Estate, *, planned: bool) -> Estate:
    """An estate with the records, and where it is deployed the facts. One that the estate has itself is not doubled."""
    beside = _beside(given, estate, planned)
    there = {(one.kind, one.name) for one in estate} if len(beside) else set()
    return Estate.union([estate, beside.only(lambda one: (one.kind, one.name) not in there)])


def judged(given: Around, estate: Estate, *, planned: bool, observe: Observe | None = None) -> Verdict:
    """The verdict on an estate, with the records."""
    return judge(
        whole(given, estate, planned=planned), given.profile, planned=planned, on=given.on, waivers=given.waivers,
        baseline=given.baseline, observe=observe, proved=given.proved,
    )  # fmt: skip
