"""LOG-004: logs are kept for at least six months, the bastion's recordings too."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, failed, missing, passed, unknown, unsure

CHECK = Check(
    id="LOG-004",
    title_zh="日志留存不少于六个月",
    title_en="Logs are kept for six months or more",
    clauses=("网络安全法 第二十三条(三)", "GB/T 22239-2019 8.1.5.4 d)"),
    severity="high",
    severity_basis="audit-missing",
    scope="estate",
    kinds=("log.sink", "sec.bastion"),
    fix_zh="把日志库的 retention_days 设为 184 天或更长,堡垒机录像指向它",
    fix_en="set retention_days of the sink to 184 or more and let the bastion record into it",
    params={"days": Param(180, "留存天数下限", "fewest days kept", least=180)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a sink and a bastion; without a sink, where there are systems, nothing can be concluded."""
    sinks = estate.kind("log.sink")
    if not sinks and estate.kind("gov.system"):
        yield unknown(None, "被检查的范围内没有日志库", "there is no log sink in what was judged")
    for sink in sinks:
        yield _kept(sink, sink, params)
    for bastion in estate.kind("sec.bastion"):
        if open_ := unsure(bastion, "recording"):
            yield open_
        elif not (name := bastion.get("recording")):
            yield failed(bastion, "操作录像没有去处", "its sessions are recorded nowhere")
        elif (sink := estate.named("log.sink", name)) is None:
            yield unknown(bastion, *missing(bastion, "log.sink", name))
        else:
            yield _kept(bastion, sink, params)


def _kept(one: Resource, sink: Resource, params: Params) -> Looked:
    if open_ := unsure(sink, "retention_days"):
        return unknown(one, open_.zh, open_.en)
    days = sink.get("retention_days") or 0
    if days < params["days"]:
        return failed(
            one,
            f"{sink.name} 只留存 {days:g} 天,下限 {params['days']}",
            f"{sink.name} keeps {days:g} d < {params['days']}",
        )
    return passed(one)
