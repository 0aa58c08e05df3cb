"""BND-015: sessions of those who come from afar are recorded, and apart from everything else."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.records import listing, untold
from policies.checks.shape import Check, Looked, Param, Params, below, concluded, missing, not_applicable
from policies.checks.wants import Want, weighed

CHECK = Check(
    id="BND-015",
    title_zh="远程访问单独审计",
    title_en="Remote access is audited apart",
    clauses=("GB/T 22239-2019 8.1.3.5 d)",),
    severity="high",
    severity_basis="audit-missing",
    scope="estate",
    kinds=("net.vpn", "sec.bastion"),
    fix_zh="让 VPN 和堡垒机把会话录像送到只收远程访问记录的日志库",
    fix_en="let gateways and bastions record sessions into a sink that takes nothing but remote access",
    params={
        "remote": Param(("remote-access", "remote-operations"), "远程访问的用途", "purposes that are remote access")
    },
)
_RECORDED = Want("recording", bool, "会话没有录像", "its sessions are recorded nowhere")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a gateway and a bastion."""
    entrances = estate.kind(*CHECK.kinds)
    names = {one.name for one in entrances}
    for one in entrances:
        if answer := below(one, 3):
            yield answer
        elif one.kind == "net.vpn" and (lacking := untold(one, "purpose")):
            yield concluded(one, (), lacking)
        elif one.kind == "net.vpn" and one.get("purpose") not in params["remote"]:
            yield not_applicable(one, "不是远程访问", "no remote access")
        else:
            yield _recorded(estate, one, names)


def _recorded(estate: Estate, one: Resource, names: set[str]) -> Looked:
    wrong, open_ = weighed(one, [_RECORDED])
    if wrong or open_:
        return concluded(one, wrong, open_)
    sink = estate.named("log.sink", str(one.get("recording")))
    if sink is None:
        return concluded(one, (), [missing(one, "log.sink", one.get("recording"))])
    if lacking := untold(sink, "sources"):
        return concluded(one, (), lacking)
    others = [source for source in listing(sink.get("sources")) if not _remote(source, names)]
    if others:
        wrong.append((f"日志库 {sink.name} 还收别的日志", f"the sink {sink.name} takes other logs too"))
    return concluded(one, wrong)


def _remote(source: str, names: set[str]) -> bool:
    """Is a source of a sink an entrance for those who come from afar."""
    return source in names or source.partition("/")[0] in CHECK.kinds
