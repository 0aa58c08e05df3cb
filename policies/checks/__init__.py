"""The checks: one a file, with its page beside it. `<area>/<id>.py` says what is judged, `<area>/<id>.md` why.

In: an estate and parameters. Out: answers (`policies.checks.shape`). A check is loaded when a profile names it. Beside
`judge` a module may have `remedy`, where one way to mend what fails is the obvious one (`policies.checks.mends`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from inventory.problems import nearest, refuse
from policies.checks.shape import Check, Judge, Remedy

CHECKS: dict[str, str] = {
    id_: f"policies.checks.{area}.{id_.lower().replace('-', '_')}:judge"
    for area, ids in {
        "net": ("NET-001", "NET-002", "NET-003", "NET-004", "NET-005", "NET-006", "NET-007", "NET-008", "NET-009",
                "IP6-001", "IP6-002", "IP6-003", "IP6-004", "TEN-002"),
        "bnd": ("BND-001", "BND-002", "BND-003", "BND-004", "BND-005", "BND-006", "BND-007", "BND-008", "BND-009",
                "BND-010", "BND-011", "BND-012", "BND-013", "BND-014", "BND-015", "BND-016", "BND-017"),
        "ten": ("TEN-003", "TEN-004", "TEN-005", "TEN-006", "TEN-008", "TEN-009", "TEN-010"),
        "iam": ("IAM-001", "IAM-002", "IAM-003", "IAM-004", "IAM-005", "IAM-006", "IAM-007", "IAM-008", "IAM-009", "IAM-010",
                "IAM-011", "IAM-012", "IAM-013", "IAM-014", "IAM-015", "IAM-016"),
        "dr": ("DR-001", "DR-002", "DR-003", "DR-004", "DR-005", "DR-006", "DR-007", "DR-008", "DR-009", "DR-010",
               "DR-011", "DR-012", "DR-013"),
        "cry": ("CRY-001", "CRY-002", "CRY-003", "CRY-004", "CRY-005", "CRY-006"),
        "dat": ("DAT-001", "DAT-002", "DAT-003", "DAT-004", "DAT-005", "DAT-006", "DAT-007", "DAT-008", "DAT-009", "DAT-010"),
        "res": ("RES-001", "RES-002", "RES-003", "RES-004"),
        "img": ("IMG-001", "IMG-002", "IMG-003"),
        "log": ("LOG-001", "LOG-002", "LOG-003", "LOG-004", "LOG-005", "LOG-006", "LOG-007", "LOG-008", "LOG-009", "LOG-010"),
        "mon": ("MON-001", "MON-002", "MON-003", "MON-004", "MON-005", "MON-006", "MON-007", "MON-008", "MON-009"),
        "gov": ("TEN-001", "TEN-007", "SLA-001", "CII-001"),
        "chg": ("CHG-001", "CHG-002", "CHG-003", "CHG-004", "CHG-005", "CHG-006"),
        "xc": ("XC-001", "XC-002", "XC-003"),
        "hst": ("HST-001", "HST-002", "HST-003", "HST-004"),
        "zt": ("ZT-001", "ZT-002", "ZT-003", "ZT-004", "ZT-005", "ZT-006", "ZT-007"),
        "iot": ("IOT-001", "IOT-002", "IOT-003", "IOT-004"),
    }.items()
    for id_ in ids
}  # fmt: skip
"""id → "module:function"; the module's `CHECK` describes it"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A check, ready to run."""

    check: Check
    judge: Judge
    page: Path
    """its Markdown page"""
    remedy: Remedy | None = None
    """how what fails is mended, where one way is the obvious one"""


@cache
def load(id_: str) -> Loaded:
    """A check by id. Refused with the nearest id."""
    if id_ not in CHECKS:
        near = nearest(id_, CHECKS)
        raise refuse(
            "policy.unknown-check",
            f"没有检查项“{id_}”" + (f":是不是 {near}?" if near else ":见 docs/policies.md 的清单"),
            f"there is no check '{id_}'" + (f": did you mean {near}?" if near else ": docs/policies.md lists them"),
        )
    path, _, name = CHECKS[id_].partition(":")
    module = import_module(path)
    page = Path(str(module.__file__)).with_suffix(".md")
    return Loaded(module.CHECK, getattr(module, name), page, getattr(module, "remedy", None))
