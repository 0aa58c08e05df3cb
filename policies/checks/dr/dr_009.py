"""DR-009: a recovery plan of the sixth level: nothing is lost, both sites serve, no person is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.references import pointing
from policies.checks.shape import Check, Looked, Params, concluded, not_applicable, texts
from policies.checks.told import given
from policies.checks.wants import Want, among, true, weighed

CHECK = Check(
    id="DR-009",
    title_zh="第6级:零丢失、两处同时服务、自动切换",
    title_en="Level 6: no loss, both sites serve, automatic switch",
    clauses=("GB/T 20988-2025 能力等级 6",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("dr.plan", "gov.system", "dr.replication", "dns.gslb"),
    fix_zh="数据改为同步复制(rpo_s 为 0)且自动切换,GSLB 的 sites 含两个站点并自动切换",
    fix_en="replicate synchronously (rpo_s 0) with automatic failover; GSLB with both sites and automatic too",
)
_SIXTH = 6
_FLOW = (
    Want("mode", among("synchronous"), "是 {} 复制", "is {}"),
    Want("rpo_s", among(0), "RPO {} 秒", "has an RPO of {} s"),
    Want("automatic", true, "不自动切换", "does not fail over by itself"),
)
_AUTOMATIC = Want("automatic", true, "不自动切换", "does not switch by itself")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a recovery plan."""
    del params
    flows, hidden = dr.by_subject(estate, "dr.replication")
    held = estate.derived(dr.stores)
    names = pointing(estate, "of", "dns.gslb")
    for plan in estate.kind("dr.plan"):
        if answer := dr.claim(estate, plan):
            yield answer
            continue
        if plan["capability"] < _SIXTH:
            yield not_applicable(plan, f"所报第 {plan['capability']} 级", f"claims level {plan['capability']}")
            continue
        sites: set[str] = set()
        wrong, open_ = [], list(held.lost)
        for store in held.of.get(plan["of"], ()):
            mine = flows.get(dr.reference(store), [])
            none = (f"{store.name} 没有零丢失的自动复制", f"{store.name} has no automatic replication without loss")
            bad, unclear = dr.some(((flow, (*_FLOW, *dr.apart(flow))) for flow in mine), hidden, none)
            wrong, open_ = wrong + bad, open_ + unclear
            sites |= _ends(mine)
        pool = Want(
            "sites", lambda found, all_=sites: len(_each(found)) > 1 and all_ <= _each(found), "只有 {}", "has only {}"
        )
        none = ("没有自动切换、含两个站点的入口", "has no entrance that holds both sites and switches by itself")
        bad, unclear = dr.some(((one, (_AUTOMATIC, pool)) for one in names.at(plan["of"])), bool(names.unsure), none)
        yield concluded(plan, wrong + bad, open_ + unclear)


def _each(sites: Any) -> set[str]:
    return set(map(str, texts(sites)))


def _ends(flows: list[Resource]) -> set[str]:
    """Sites that replicate without loss: all of them are to serve."""
    good = [flow for flow in flows if given(flow, "source_site", "target_site") and not any(weighed(flow, _FLOW))]
    return {str(flow[key]) for flow in good for key in ("source_site", "target_site")}
