"""DR-002: important data flows all the time to a place that does not fail together with its own."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    below,
    concluded,
    failed,
    not_applicable,
    unknown,
    unsure,
)  # fmt: skip
from policies.checks.told import garbled

CHECK = Check(
    id="DR-002",
    title_zh="重要数据异地实时备份",
    title_en="Important data is copied elsewhere in real time",
    clauses=("GB/T 22239-2019 8.1.4.9 b)",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("db.instance", "storage.bucket"),
    fix_zh="在申请中打开 availability.remote,或给数据加一条到异地站点的复制或连续备份",
    fix_en="set availability.remote in the request, or add a replication or continuous backup to a remote site",
    params={
        "city": Param(("a", "b", "c"), "同城站点,不算异地", "sites of the same city: none of them is elsewhere"),
        "rpo": Param(900, "复制的 RPO 上限(秒)", "most seconds of RPO", least=0),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a database and a bucket of level 3 or above."""
    flows, hidden_flow = dr.by_subject(estate, "dr.replication")
    plans, hidden_plan = dr.by_subject(estate, "dr.backup_plan")
    copies = dr.holding(estate)
    for one in estate.kind(*dr.DATA):
        if answer := below(one, 3):
            yield answer
            continue
        if one.kind == "storage.bucket" and one.name in copies:
            yield not_applicable(one, "只存放备份或日志", "holds backups or logs only")
            continue
        mine = flows.get(dr.reference(one), [])
        streams = [plan for plan in plans.get(dr.reference(one), []) if plan.get("method") == "continuous"]
        answers = [_flow(one, flow, params) for flow in mine] + [_stream(one, plan, params) for plan in streams]
        if any(answer.answer == "pass" for answer in answers):
            yield concluded(one, ())
        elif hidden_flow or hidden_plan or any(answer.answer == "unknown" for answer in answers):
            yield unknown(one, "有复制或备份尚未确定", "a replication or backup of it is not known yet")
        elif answers:
            worst = min(answers, key=lambda answer: answer.en)
            yield failed(one, worst.zh, worst.en)
        else:
            yield failed(
                one, "没有到异地的实时复制或连续备份", "neither replicated nor continuously backed up elsewhere"
            )


def _flow(one: Resource, flow: Resource, params: Params) -> Looked:
    if open_ := garbled(flow, "target_site", "rpo_s") or _nowhere(one):
        return open_
    target, rpo = str(flow.get("target_site") or ""), flow.get("rpo_s")
    if not _elsewhere(one, target, params):
        return failed(
            one, f"复制 {flow.name} 的目的站点 {target} 仍在同城", f"{flow.name} goes to {target}, in the same city"
        )
    if rpo is None or rpo > params["rpo"]:
        return failed(
            one,
            f"复制 {flow.name} 的 RPO 为 {rpo} 秒,上限 {params['rpo']}",
            f"{flow.name} has an RPO of {rpo} s, at most {params['rpo']}",
        )
    return concluded(one, ())


def _stream(one: Resource, plan: Resource, params: Params) -> Looked:
    if open_ := garbled(plan, "target_site") or _nowhere(one):
        return open_
    target = str(plan.get("target_site") or "")
    if _elsewhere(one, target, params):
        return concluded(one, ())
    return failed(
        one, f"连续备份 {plan.name} 的目的站点 {target} 仍在同城", f"{plan.name} goes to {target}, in the same city"
    )


def _nowhere(one: Resource) -> Looked | None:
    """Nothing is elsewhere of what stands nobody knows where."""
    if open_ := unsure(one, "site", "sites"):
        return open_
    return None if dr.sites_of(one) else unknown(one, "没有记录所在站点", "it is not recorded where it is")


def _elsewhere(one: Resource, target: str, params: Params) -> bool:
    return bool(target) and target not in params["city"] and target not in dr.sites_of(one)
