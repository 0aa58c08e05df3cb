"""DR-001: all data is backed up often, kept long enough, and restores are tried."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.mends import mend, nearest
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Param,
    Params,
    Words,
    concluded,
    failed,
    not_applicable,
    unknown,
)  # fmt: skip
from policies.checks.told import garbled, given

CHECK = Check(
    id="DR-001",
    title_zh="数据有备份计划并演练恢复",
    title_en="Data is backed up and restores are tried",
    clauses=("GB/T 22239-2019 8.1.4.9 a)", "GB/T 22239-2019 8.1.10.11 b)"),
    severity="high",
    severity_basis="project",
    scope="stack",
    kinds=("db.instance", "storage.bucket"),
    fix_zh="给数据资源配备份计划:间隔、保存期、介质和恢复演练周期都要满足参数",
    fix_en="give it a backup plan whose interval, retention, media and restore test meet the parameters",
    params={
        "hours": Param(24, "备份间隔上限(小时)", "most hours between backups", least=1),
        "retention": Param(30, "保存天数下限", "fewest days kept", least=1),
        "restore": Param(180, "恢复演练间隔上限(天)", "most days between restore tests", least=1),
    },
)
_FIELDS = ("interval_hours", "retention_days", "restore_test_days", "media", "method")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a database and a bucket: good, if one of its plans is good in everything."""
    plans, hidden = dr.by_subject(estate, "dr.backup_plan")
    copies = dr.holding(estate)
    for one in estate.kind(*dr.DATA):
        if one.kind == "storage.bucket" and one.name in copies:
            yield not_applicable(one, "只存放备份或日志", "holds backups or logs only")
            continue
        found = plans.get(dr.reference(one), [])
        answers = [_plan(one, plan, params) for plan in found]
        if not answers:
            if hidden:
                yield unknown(one, "有备份计划尚未写明对象", "a backup plan does not say yet what it is of")
            else:
                yield failed(one, "没有备份计划", "has no backup plan")
        else:
            order = ("pass", "unknown", "fail")
            yield min(answers, key=lambda answer: (order.index(answer.answer), answer.en))


def _plan(one: Resource, plan: Resource, params: Params) -> Looked:
    if open_ := garbled(plan, *_FIELDS):
        return unknown(one, f"备份计划 {plan.name}:{open_.zh}", f"backup plan {plan.name}: {open_.en}")
    hours, kept, tried = (plan.get(key) or 0 for key in ("interval_hours", "retention_days", "restore_test_days"))
    wrong: list[Words] = []
    if plan.get("method") != "continuous" and not 0 < hours <= params["hours"]:
        wrong.append((f"间隔 {hours:g} 小时,上限 {params['hours']}", f"every {hours:g} h, at most {params['hours']}"))
    if kept < params["retention"]:
        wrong.append(
            (f"保存 {kept:g} 天,下限 {params['retention']}", f"kept {kept:g} d, at least {params['retention']}")
        )
    if not 0 < tried <= params["restore"]:
        wrong.append(
            (
                f"恢复演练间隔 {tried:g} 天,应在 1 到 {params['restore']} 天",
                f"tried every {tried:g} d, wanted 1..{params['restore']}",
            )
        )
    if not plan.get("media"):
        wrong.append(("没有写介质", "names no media"))
    return concluded(one, [(f"备份计划 {plan.name}:{zh}", f"backup plan {plan.name}: {en}") for zh, en in wrong])


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The one plan that there is, at the parameters; which of several should do, or where a first one should write, is
    for people to say."""
    plans = dr.by_subject(estate, "dr.backup_plan")[0].get(dr.reference(one), [])
    if len(plans) != 1 or not plans[0].get("media") or not all(given(plans[0], field) for field in _FIELDS[:3]):
        return None
    plan = plans[0]
    hours = (
        plan["interval_hours"]
        if plan.get("method") == "continuous"
        else nearest(plan["interval_hours"], 1, params["hours"])
    )
    return mend(
        plan, interval_hours=hours, retention_days=max(plan["retention_days"], params["retention"]),
        restore_test_days=nearest(plan["restore_test_days"], 1, params["restore"]),
    )  # fmt: skip
