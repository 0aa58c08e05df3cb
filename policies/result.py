"""The one result behind every report: a verdict with the day, the estate's digest, what is known of its checks, and
every clause of the standards that they serve.

In: a verdict and the estate it was given on. Out: a frozen `Result`; every format (`policies.formats`) is a pure
function of it, so equal results give equal bytes. Estates that differ only in their order have equal results.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from inventory.estate import Estate, to_data
from inventory.rendering.digest import sm3
from policies.checks import CHECKS, load
from policies.checks.shape import Answer, Severity, Words
from policies.clauses import clauses, standards
from policies.explaining import page, severity_basis
from policies.gaps import Gap, cited_standards, cites, gaps, out_of_force
from policies.judge import Finding, Verdict

AREAS: Mapping[str, Words] = {
    "net": ("网络", "network"), "bnd": ("边界", "boundaries"), "iam": ("身份与权限", "identity"),
    "dr": ("备份与灾备", "recovery"), "cry": ("密码应用", "cryptography"), "dat": ("数据", "data"),
    "gov": ("管理", "governance"), "log": ("日志与审计", "logs"), "hst": ("主机", "hosts"), "img": ("镜像", "images"),
    "iot": ("物联网", "things"), "zt": ("零信任", "zero trust"), "res": ("数据驻留", "residence"),
    "ten": ("租户隔离", "tenants"), "mon": ("监测", "monitoring"), "chg": ("变更", "changes"),
    "xc": ("信创", "domestic products"),
}  # fmt: skip
"""the folders of policies/checks/"""
ANSWERS: Mapping[str, Words] = {
    "fail": ("不通过", "fail"), "error": ("检查出错", "check broke"), "unknown": ("未知", "unknown"),
    "waived": ("已豁免", "waived"), "not-applicable": ("不适用", "not applicable"), "pass": ("通过", "pass"),
}  # fmt: skip
SEVERITIES: Mapping[str, Words] = {"high": ("高", "high"), "medium": ("中", "medium"), "low": ("低", "low")}


@dataclass(frozen=True, slots=True)
class Judged:
    """A check of the profile, with what it said."""

    id: str
    title_zh: str
    title_en: str
    area: str
    severity: Severity
    basis_zh: str
    basis_en: str
    assurance: str
    clauses: tuple[str, ...]
    fix_zh: str
    fix_en: str
    help_zh: str
    """the check's page, in Markdown"""
    help_en: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Covered:
    """A standard, and how far the checks of the verdict reach."""

    id: str
    title_zh: str
    title_en: str
    edition: str
    out: Words | None
    """why nothing may be cited of it on the day of the result"""
    complete: bool
    """False: the catalogue has only what checks cite"""
    gaps: tuple[Gap, ...]

    @property
    def checked(self) -> int:
        """Clauses that a check of the verdict cites."""
        return sum(bool(one.checks) for one in self.gaps)


@dataclass(frozen=True)
class Result:
    """Everything that a report may say."""

    verdict: Verdict
    on: date
    estate: str
    """SM3 digest of the resources that were judged, without the city's records"""
    resources: int
    checks: tuple[Judged, ...]
    standards: tuple[Covered, ...]

    @property
    def rows(self) -> tuple[Finding, ...]:
        """All that was said beside `pass`: findings, then what does not apply."""
        return (*self.verdict.findings, *self.verdict.not_applicable)

    @cached_property
    def stops(self) -> frozenset[Finding]:
        """Findings that block."""
        return frozenset(self.verdict.blocking)

    @property
    def totals(self) -> dict[str, int]:
        """answer → count over all checks, all six."""
        counts = self.verdict.results.values()
        return {answer.value: sum(one[answer.value] for one in counts) for answer in Answer}

    def standard(self, id_: str) -> Covered | None:
        """A standard that was looked at."""
        return next((one for one in self.standards if one.id == id_), None)


def of(verdict: Verdict, estate: Estate, on: date) -> Result:
    """The result of a verdict on an estate, on a day."""
    return Result(verdict, on, digest(estate), len(estate), checks(verdict), covered(verdict, on))


def digest(estate: Estate) -> str:
    """`sm3:…` over the resources in an order of their own; secrets are not in it, only that they are set."""
    rows = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in to_data(estate))
    return sm3("\n".join(rows).encode("utf-8", "surrogatepass"))


def leading(findings: Sequence[Finding], most: int) -> Sequence[Finding]:
    """At most so many findings; where some are left out, what broke comes first and is not among them."""
    if len(findings) <= most:
        return findings
    return sorted(findings, key=lambda one: one.answer is not Answer.ERROR)[:most]


def checks(verdict: Verdict) -> tuple[Judged, ...]:
    """The checks of a verdict, in the profile's order."""
    return tuple(_judged(verdict, id_) for id_ in verdict.results)


def covered(verdict: Verdict, on: date) -> tuple[Covered, ...]:
    """The standards that the checks serve, each with all the clauses of its catalogue."""
    return tuple(
        Covered(name, s.title, s.en, s.edition, out_of_force(name, on), s.complete, gaps(verdict, name))
        for name in cited_standards(verdict)
        if (s := standards()[name])
    )


def _judged(verdict: Verdict, id_: str) -> Judged:
    counts = dict(verdict.results[id_])
    if id_ not in CHECKS:  # of a pack that is not this one: what its findings say of it
        rows = (*verdict.findings, *verdict.not_applicable)
        one = next((row for row in rows if row.check == id_), None)
        if one is None:
            return Judged(id_, id_, id_, "", "low", "", "", "", (), "", "", "", "", counts)
        return Judged(id_, one.title_zh, one.title_en, "", one.severity, "", "", "", one.clauses, one.fix_zh, one.fix_en,
                      "", "", counts)  # fmt: skip
    it = load(id_).check
    return Judged(
        id_, it.title_zh, it.title_en, area(id_), it.severity, severity_basis(it, "zh"), severity_basis(it, "en"),
        it.assurance, tuple(one for one in cites(verdict, id_) if one in clauses()), it.fix_zh, it.fix_en,
        page(id_, "zh"), page(id_, "en"), counts,
    )  # fmt: skip


def area(id_: str) -> str:
    """Key of the area that a check belongs to: its folder."""
    return CHECKS[id_].split(".")[2] if id_ in CHECKS else ""


def area_words(key: str) -> Words:
    """Its name in Chinese and English."""
    return AREAS.get(key, (key, key))
