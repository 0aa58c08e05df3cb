"""A baseline: what already failed when the checks were adopted. It does not block; what is new or has got worse does.

In: the failures of an estate and a file that was made of them (`<environment>.json`: check, URN, the reasons told, until
when). Out: which failures the baseline still covers. Entries expire, so that adoption comes to an end. Worse means a
reason that was not there: another sentence, also one with another number, counts as new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

from inventory.problems import refuse
from policies import waivers
from policies.waivers import day

FORMAT = 1
LONGEST = timedelta(days=365)


class Failure(waivers.Failure, Protocol):
    """What this module wants to know of a finding."""

    @property
    def en(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Known:
    """A failure that was there before."""

    reasons: frozenset[str]
    expires: str


Baseline = Mapping[tuple[str, str], Known]
"""(check, URN) → what was known; "" as URN is the estate as a whole"""


def reasons(finding: Failure) -> frozenset[str]:
    """What is said against a resource, one by one."""
    return frozenset(finding.en.split("; "))


def covers(baseline: Baseline, finding: Failure, on: date) -> bool:
    """Was this known, is it no worse, and has its time not run out? A date that cannot be read has."""
    known = baseline.get((finding.check, finding.urn))
    if known is None:
        return False
    until = day(known.expires)
    return until is not None and on < until and reasons(finding) <= known.reasons


def gone(baseline: Baseline, findings: Iterable[Failure]) -> list[tuple[str, str]]:
    """Entries that nothing fails any more: they can go."""
    there = {(one.check, one.urn) for one in findings}
    return sorted(key for key in baseline if key not in there)


def made(findings: Iterable[Failure], on: date, days: int) -> Baseline:
    """A baseline of these failures, for so many days (365 at most)."""
    expires = (on + min(timedelta(days=days), LONGEST)).isoformat()
    return {(one.check, one.urn): Known(reasons(one), expires) for one in findings}


def text(baseline: Baseline) -> str:
    """The file's text; equal baselines give equal bytes."""
    rows = [
        {"check": check, "urn": urn, "reasons": sorted(known.reasons), "expires": known.expires}
        for (check, urn), known in sorted(baseline.items())
    ]
    return json.dumps({"format": FORMAT, "entries": rows}, ensure_ascii=False, indent=1) + "\n"


def read(file: Path) -> Baseline:
    """A baseline's file. Refused where it is none; there is no partly read baseline."""
    try:
        data: Any = json.loads(file.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(data["format"])
        return {
            (row["check"], row["urn"]): Known(frozenset(map(str, row["reasons"])), str(row["expires"]))
            for row in data["entries"]
        }
    except FileNotFoundError:
        raise refuse(
            "policy.baseline-missing", "没有这个基线文件:用 ./lz judge --baseline 新建",
            "there is no such baseline: ./lz judge --baseline makes one", file=str(file),
        ) from None  # fmt: skip
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise refuse(
            "policy.baseline", "不是可读的基线文件:从备份恢复,或重新建立",
            "this is no baseline that can be read: restore it, or make it anew", file=str(file),
        ) from None  # fmt: skip
