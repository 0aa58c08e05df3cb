"""The estate → a verdict. The one evaluator behind preview, apply, the stock CLI and the monitor.

In: an estate, planned or deployed, a profile, and the day for checks that ask for it. Out: a frozen `Verdict` that can be printed, compared and signed.
Pure: no clock, no network, no order but its own. A check that breaks answers `error` and blocks where it is
mandatory; the others still run. What is unknown in a plan is reported and judged again with the real value; what is
still unknown when it is applied blocks. A check that cites an edition which is not in force on the day answers `error`
beside what it found, and nothing of that edition is cited.
"""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from inventory.estate import Estate, Resource
from inventory.problems import Problem, placed
from policies.baseline import Baseline, covers
from policies.checks.shape import Answer, Check, Looked, Severity, unknown
from policies.citing import Citation, cite
from policies.deadline import within
from policies.grading import Graded, concern, graded
from policies.profiles import Entry, Profile
from policies.profiles import profile as profile_named
from policies.reach.proof import keep, recall
from policies.waivers import NONE, Stands, Waivers, standing


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer that somebody should read, with all that a reader needs."""

    check: str
    answer: Answer
    mandatory: bool
    severity: Severity
    """the check's own, raised by what the resource holds, serves and faces (`policies.grading`)"""
    urn: str
    kind: str
    name: str
    stack: str
    origin: str
    """`file:line` of the request, "" where the city itself caused it"""
    title_zh: str
    title_en: str
    zh: str
    en: str
    fix_zh: str
    fix_en: str
    clauses: tuple[str, ...]
    """those that may be cited on the day"""
    known: bool = False
    """a baseline in force covers it: it was there before, and is no worse"""
    base: Severity | None = None
    """the check's own severity, where it was raised"""
    raised_zh: str = ""
    """why it was"""
    raised_en: str = ""

    def problem(self) -> Problem:
        """The same as a sentence with a place."""
        return Problem(
            f"policy.{self.check}",
            f"{self.title_zh}:{self.zh};{self.fix_zh}",
            f"{self.title_en}: {self.en}; {self.fix_en}",
            f"{self.kind} {self.name}".strip(),
            *placed(self.origin),
        )


@dataclass(frozen=True)
class Verdict:
    """All that was said. Empty `blocking` means: go on."""

    profile: str
    planned: bool
    findings: tuple[Finding, ...]
    """fail, unknown, error, waived; by check, stack and name"""
    not_applicable: tuple[Finding, ...]
    """with the reason"""
    results: Mapping[str, Mapping[str, int]]
    """check → answer → count, every check of the profile and all six answers"""
    waivers: tuple[Stands, ...] = ()
    """how each waiver stands, in the order of the file"""
    on: date | None = None
    """the day that it was judged on"""
    cites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """check → the clauses that it may be reported against on that day"""

    @cached_property
    def blocking(self) -> tuple[Finding, ...]:
        """Findings that stop: mandatory and failed, broken, or (once applied) still unknown."""
        stops = {Answer.FAIL, Answer.ERROR} | (set() if self.planned else {Answer.UNKNOWN})
        return tuple(one for one in self.findings if one.mandatory and one.answer in stops and not one.known)

    def data(self) -> dict[str, Any]:
        """For JSON; equal verdicts give equal data."""
        return {
            "profile": self.profile,
            "planned": self.planned,
            "blocking": len(self.blocking),
            "results": {check: dict(counts) for check, counts in self.results.items()},
            "findings": [asdict(one) for one in self.findings],
            "not_applicable": [asdict(one) for one in self.not_applicable],
            "waivers": [
                {"standing": one.standing, "covered": list(one.covered), **one.waiver.signed()} for one in self.waivers
            ],
        }


Observe = Callable[[str, Mapping[str, int]], None]
"""called after each check with its id and its counts"""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: what is made of an estate is kept with it and holds none, so that each pass over all
    of it, an eighth of the time of a large one, would find nothing."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@_uncollected()
def judge(
    estate: Estate,
    profile: str | Profile = "level3",
    *,
    planned: bool,
    on: date | None = None,
    waivers: Waivers = NONE,
    baseline: Baseline | None = None,
    observe: Observe | None = None,
    proved: Path | None = None,
) -> Verdict:
    """Judge an estate by a profile (a name of profiles.yaml), on a day. Refused only where the profile is wrong.
    Without a day no waiver and no baseline holds: nobody can say that they still do. `proved`: where the last proof of
    reachability is kept, so that only what has changed since is proved again; the verdict is the same without."""
    if proved:
        recall(estate, proved)
    chosen = profile_named(profile) if isinstance(profile, str) else profile
    findings: list[Finding] = []
    spared: list[Finding] = []
    results: dict[str, dict[str, int]] = {}
    cites: dict[str, tuple[str, ...]] = {}
    grades = _Grades(estate)
    for entry in chosen.entries:
        check = entry.loaded.check
        cited = Citation(check.clauses) if on is None else cite(check.clauses, on)
        cites[check.id] = cited.clauses
        looked = look(estate, entry, on)
        looked += [
            Looked(Answer.ERROR, None, f"{one.where}: {one.zh}", f"{one.where}: {one.en}") for one in cited.problems
        ]
        counts = dict.fromkeys((answer.value for answer in Answer), 0)
        mine: list[Finding] = []
        ungraded = Graded(check.severity)
        for one in looked:
            counts[one.answer] += 1
            if one.answer is not Answer.PASS:
                idle = one.answer is Answer.NOT_APPLICABLE  # nothing is wrong with it: there is nothing to grade
                grade = ungraded if idle else grades.of(check.severity, one.resource)
                mine.append(_finding(grade, check, entry.mode == "mandatory", one, cited.clauses))
        mine.sort(key=lambda f: (f.stack, f.kind, f.name, f.urn, f.answer, f.en))
        for finding in mine:
            (spared if finding.answer is Answer.NOT_APPLICABLE else findings).append(finding)
        results[check.id] = counts
        if observe:
            observe(check.id, counts)
    keep(estate)
    stands: tuple[Stands, ...] = ()
    if on is not None:
        findings, stands = _let_through(estate, findings, results, waivers, baseline or {}, on)
    return Verdict(chosen.name, planned, tuple(findings), tuple(spared), results, stands, on, cites)


def _let_through(
    estate: Estate,
    findings: list[Finding],
    results: dict[str, dict[str, int]],
    waivers: Waivers,
    baseline: Baseline,
    on: date,
) -> tuple[list[Finding], tuple[Stands, ...]]:
    """What a waiver covers becomes `waived`, what a baseline knows is marked so; everything else stays."""
    failures = [one for one in findings if one.answer is Answer.FAIL]
    resources = {one.urn: resource for one in failures if (resource := estate.urn(one.urn))}
    stands = standing(waivers, failures, resources, ((one.check, one.urn) for one in findings), on)
    covered = {(one.waiver.check, urn) for one in stands for urn in one.covered}
    kept: list[Finding] = []
    for one in findings:
        if one.answer is not Answer.FAIL:
            kept.append(one)
        elif (one.check, one.urn) in covered:
            kept.append(replace(one, answer=Answer.WAIVED))
            results[one.check][Answer.FAIL.value] -= 1
            results[one.check][Answer.WAIVED.value] += 1
        else:
            kept.append(replace(one, known=covers(baseline, one, on)))
    return kept, stands


def look(estate: Estate, entry: Entry, on: date | None = None) -> list[Looked]:
    """What a check says; what it said before it broke counts too."""
    looked: list[Looked] = []
    if entry.loaded.check.dated and on is None:
        return [unknown(None, "没有给出日期,不能判断时效", "no day was given: nothing that ages can be judged")]
    params = {**entry.params, "today": on} if entry.loaded.check.dated else entry.params
    try:
        with within(entry.loaded.check.seconds):
            for one in entry.loaded.judge(estate, params):
                if not isinstance(one, Looked):
                    raise TypeError("no answer")
                looked.append(one)
    except TimeoutError:
        seconds = f"{entry.loaded.check.seconds:g}"
        looked.append(
            Looked(
                Answer.ERROR, None, f"检查项运行超过 {seconds} 秒,没有结论",
                f"the check ran for more than {seconds} s and concludes nothing",
            )
        )  # fmt: skip
    except Exception as error:
        # the error's own text is left out: it may hold a value that nobody here may see
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        what = type(error).__name__
        looked.append(
            Looked(
                Answer.ERROR,
                None,
                f"检查项自身出错({what},{place}),没有结论",
                f"the check itself broke ({what} at {place}) and concludes nothing",
            )
        )
    if not looked:
        kinds = ", ".join(entry.loaded.check.kinds)
        looked.append(Looked(Answer.NOT_APPLICABLE, None, f"没有可查的资源({kinds})", f"nothing to look at ({kinds})"))
    return looked


class _Grades:
    """Severities of one verdict: many checks say something of the same resource."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._known: dict[tuple[Severity, tuple[str, str, str]], Graded] = {}

    def of(self, base: Severity, one: Resource | None) -> Graded:
        key = base, (one.urn, one.kind, one.name) if one else ("", "", "")
        if key not in self._known:
            self._known[key] = graded(base, concern(self._estate, one))
        return self._known[key]


def _finding(grade: Graded, check: Check, mandatory: bool, looked: Looked, clauses: tuple[str, ...]) -> Finding:
    one = looked.resource
    return Finding(
        check.id, looked.answer, mandatory, grade.severity,
        one.urn if one else "", one.kind if one else "", one.name if one else "", one.stack if one else "",
        one.origin if one else "", check.title_zh, check.title_en, looked.zh, looked.en,
        check.fix_zh, check.fix_en, clauses, base=check.severity if grade.zh else None,
        raised_zh=grade.zh, raised_en=grade.en,
    )  # fmt: skip
