"""LOG-004: logs are kept for at least six months, wherever they go."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import (
    Check,
    Looked,
    Mend,
    Mends,
    Param,
    Params,
    Words,
    concluded,
    failed,
    missing,
    unknown,
)
from policies.checks.told import absent, given, naming, unread, why
from policies.checks.trails import LOGS

CHECK = Check(
    id="LOG-004",
    title_zh="日志留存不少于六个月",
    title_en="Logs are kept for six months or more",
    clauses=("网络安全法 第二十三条(三)", "GB/T 22239-2019 8.1.5.4 d)"),
    severity="high",
    severity_basis="audit-missing",
    scope="estate",
    kinds=("log.sink", "storage.lifecycle", *LOGS),
    fix_zh="把日志库的 retention_days 设为 184 天或更长,生命周期规则不早于此删除,各来源(堡垒机、审计、流日志、安全设备)指向它",
    fix_en="set retention_days of the sink to 184 or more, let no lifecycle rule delete earlier, and let every source "
    "(bastion, trail, flow log, security device) write to it",
    params={"days": Param(180, "留存天数下限", "fewest days kept", least=180)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a sink and a source; without a sink, where there are systems, nothing can be concluded."""
    sinks = estate.kind("log.sink")
    yield from absent(estate, sinks, "日志库", "log sink")
    for sink in sinks:
        yield _kept(estate, sink, sink, params)
    for one in estate.kind(*LOGS):
        field = LOGS[one.kind]
        if one.kind == "net.flowlog" and given(one, "retention_days"):
            yield concluded(one, _short(one, params))
        elif open_ := unread(one, field):
            yield open_
        elif not (name := one[field]):
            yield failed(one, "记录没有去处", "its records go nowhere")
        elif (sink := estate.named("log.sink", name)) is None:
            yield unknown(one, *missing(one, "log.sink", name))
        else:
            yield _kept(estate, one, sink, params)


def _kept(estate: Estate, one: Resource, sink: Resource, params: Params) -> Looked:
    if open_ := unread(sink, "retention_days"):
        return unknown(one, open_.zh, open_.en)
    wrong = _short(sink, params)
    rules, open_words = naming(estate, sink, "bucket", "storage.lifecycle", also=[str(sink.get("bucket"))])
    for rule in rules:
        days = rule.get("expire_days")
        if days is None:  # never
            continue
        if hidden := unread(rule, "expire_days"):
            open_words = [*open_words, why(rule, hidden)]
        elif days < params["days"]:
            wrong.append((f"{rule.name} 在 {days:g} 天后删除", f"{rule.name} deletes after {days:g} d"))
    return concluded(one, wrong, open_words)


def _short(one: Resource, params: Params) -> list[Words]:
    days = one["retention_days"]
    if days >= params["days"]:
        return []
    return [(f"{one.name} 只留存 {days:g} 天,下限 {params['days']}", f"{one.name} keeps {days:g} d < {params['days']}")]


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The sink, and the rules that delete what it wrote, at the parameter; a source without a sink is for people."""
    days = params["days"]
    if one.kind == "net.flowlog" and given(one, "retention_days"):
        return mend(one, retention_days=days)
    sink = one if one.kind == "log.sink" else estate.named("log.sink", one.get(LOGS[one.kind]))
    if sink is None:
        return None
    rules, _ = naming(estate, sink, "bucket", "storage.lifecycle", also=[str(sink.get("bucket"))])
    short = [rule for rule in rules if given(rule, "expire_days") and rule["expire_days"] < days]
    kept = mend(sink, retention_days=days) if sink["retention_days"] < days else None
    return (*(kept or ()), *(Mend(rule, {"expire_days": days}) for rule in short)) or None
