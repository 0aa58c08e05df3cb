"""How grave a finding is: the check's own severity, raised by what the finding is about. Pure, and all of it tables.

In: the severity that the check has for everything, and what the resource holds, serves and faces. Out: the severity of
the finding, and why it was raised. Why so: harm grows with what is lost, and with how many can reach it. What is lost
goes by the class of the data (GB/T 43697-2024: general, important, core) and the 等保 level of the system, whichever is
the higher (就高从严); how many can reach it, by whether the internet, the other bureaus or nobody outside calls it. A
resource that faces nobody itself stands behind what its system shows: one step less. What is not stated raises nothing,
what is stated and cannot be read counts as the highest: nobody can say that it is lower. Nothing is ever lowered, so a
check's severity is a floor that the published high-risk list can stand on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from inventory.estate import Estate, Resource
from policies.checks.references import level_of
from policies.checks.shape import ORDER, Severity

ORDERED: Final[tuple[Severity, ...]] = ("low", "medium", "high")
IMPACT_OF_DATA: Final = ORDER
IMPACT_OF_LEVEL: Final = {1: 0, 2: 0, 3: 1, 4: 2, 5: 2}
REACH: Final = {"private": 0, "extranet": 1, "internet": 2}
HIGHEST: Final = 2
STEPS: Final = (
    (0, 0, 1),
    (0, 1, 1),
    (1, 1, 2),
)
"""[impact][reach] → by how many grades the severity is raised"""
_DATA = {"important": ("重要数据", "important data"), "core": ("核心数据", "core data")}
_REACH = {"extranet": ("面向其他单位", "other bureaus reach it"), "internet": ("面向互联网", "the internet reaches it")}


@dataclass(frozen=True, slots=True)
class Concern:
    """What a finding is about. None: not stated."""

    data: Any = None
    level: Any = None
    exposure: Any = None
    behind: bool = False
    """it is not the resource that faces them, but its system"""


@dataclass(frozen=True, slots=True)
class Graded:
    """The severity of a finding, and why it is above the check's own ("" where it is not)."""

    severity: Severity
    zh: str = ""
    en: str = ""


def concern(estate: Estate, resource: Resource | None) -> Concern:
    """Of a resource, with what its system says where it says nothing itself."""
    if resource is None:
        return Concern()
    name = resource.get("system")
    system = estate.named("gov.system", name) if isinstance(name, str) else None
    data, exposure = resource.get("data_class"), resource.get("exposure")
    if system is None:
        return Concern(data, level_of(estate, resource), exposure)
    return Concern(
        system.get("data_class") if data is None else data,
        level_of(estate, resource),
        system.get("exposure") if exposure is None else exposure,
        exposure is None and system is not resource,
    )


def graded(base: Severity, about: Concern) -> Graded:
    """The severity of a finding of a check with this severity about this. Never below the base."""
    impact = max(_at(IMPACT_OF_DATA, about.data), _at(IMPACT_OF_LEVEL, about.level))
    reach = max(0, _at(REACH, about.exposure) - (1 if about.behind else 0))
    place = ORDERED.index(base)
    severity = ORDERED[min(place + STEPS[impact][reach], len(ORDERED) - 1)]
    if severity == base:
        return Graded(base)
    why = list(_because(about, impact, reach))
    return Graded(severity, "、".join(zh for zh, _ in why), ", ".join(en for _, en in why))


def _because(about: Concern, impact: int, reach: int) -> Iterator[tuple[str, str]]:
    """What weighed, in words."""
    if impact and _at(IMPACT_OF_DATA, about.data) == impact:
        yield _named(_DATA, about.data, ("数据级别不能确定,按最高算", "its class of data cannot be read: the highest"))
    if impact and _at(IMPACT_OF_LEVEL, about.level) == impact:
        known = {key: (f"第 {key} 级系统", f"a system of level {key}") for key in IMPACT_OF_LEVEL}
        yield _named(known, about.level, ("等级不能确定,按最高算", "its level cannot be read: the highest"))
    if reach:
        zh, en = _named(
            _REACH, about.exposure, ("开放范围不能确定,按最高算", "who reaches it cannot be read: the widest")
        )
        yield (f"所在系统{zh}", f"through its system, {en}") if about.behind else (zh, en)


def _at(table: dict[Any, int], value: Any) -> int:
    if value is None:
        return 0
    return table.get(value, HIGHEST) if isinstance(value, str | int | float) else HIGHEST


def _named(words: dict[Any, tuple[str, str]], value: Any, otherwise: tuple[str, str]) -> tuple[str, str]:
    return words.get(value, otherwise) if isinstance(value, str | int | float) else otherwise
