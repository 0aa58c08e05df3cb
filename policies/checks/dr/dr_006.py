"""DR-006: a system can be taken elsewhere: somebody tried its export, and nothing in it is of a make that none else reads."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.evidence import shown
from policies.checks.shape import Check, Looked, Param, Params, below, failed, listed, settled, unknown

CHECK = Check(
    id="DR-006",
    title_zh="系统可以迁出",
    title_en="A system can be moved elsewhere",
    clauses=("GB/T 22239-2019 8.2.4.6 d)",),
    severity="low",
    severity_basis="project",
    scope="estate",
    kinds=("gov.system", "db.instance", "gov.evidence"),
    fix_zh="试做一次导出(镜像和数据库),把记录登记为 gov.evidence(subject 为 export-path);数据库换成有公开导出格式的",
    fix_en="try the export (images, databases) and record it as gov.evidence (subject export-path); use databases with an open dump",
    assurance="evidence",
    dated=True,
    params={
        "days": Param(730, "导出记录的有效天数", "days that a record of an export counts", least=1),
        "engines": Param(("postgresql",), "有公开导出格式的数据库", "databases with an open dump"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a system of level 3 or above."""
    parts = dr.parts(estate.kind("db.instance"))
    for system in estate.kind("gov.system"):
        yield below(system, 3) or _movable(estate, system, parts, params)


def _movable(estate: Estate, system: Resource, parts: dr.Parts, params: Params) -> Looked:
    closed = [one for one in parts.of.get(system.name, ()) if one.get("engine") not in params["engines"]]
    if bad := [f"{one.name} ({one.get('engine')})" for one in closed if one.get("engine") and settled(one["engine"])]:
        return failed(system, f"数据库 {listed(bad)} 没有公开的导出格式", f"no open dump of {listed(bad)}")
    if closed:
        names = listed(one.name for one in closed)
        return unknown(system, f"数据库 {names} 的类型不明", f"the make of {names} is not told")
    if parts.lost:
        return unknown(system, *parts.lost[0])
    return shown(estate, system, "export-path", params["today"], params["days"])
