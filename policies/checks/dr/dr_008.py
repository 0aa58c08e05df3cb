"""DR-008: a recovery plan of the fifth level: data flows in real time, all stands ready, the network switches over."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.references import pointing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, not_applicable, settled, texts
from policies.checks.wants import Want, among, between, true, weighed

CHECK = Check(
    id="DR-008",
    title_zh="第5级:实时复制、设备就绪、网络可切换",
    title_en="Level 5: real-time copies, standby ready, network switches",
    clauses=("GB/T 20988-2025 能力等级 5",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("dr.plan", "gov.system", "dr.replication", "dns.gslb", "net.lb"),
    fix_zh="给数据加到备用站点的实时复制,备用设备就绪,用 GSLB 或两个站点的负载均衡切换",
    fix_en="replicate the data to the standby site in real time, keep its equipment ready, switch by GSLB or balancers at two sites",
    params={
        "rpo": Param(900, "实时复制的 RPO 上限(秒)", "most seconds of RPO that are real time", least=0),
        "level": Param(5, "自该等级起要求", "from this level on", least=5, most=6),
    },
)
_PLAN = (
    Want("standby", among("ready", "running"), "备用设备是 {},没有就绪", "its standby equipment is {}, not ready"),
    Want("switch", among("central", "automatic"), "网络切换是 {}", "its network switches by {}"),
)
_PROBED = (
    Want("health_check", true, "不查健康", "does not look at health"),
    Want("sites", lambda sites: len(set(map(str, texts(sites)))) > 1, "只有一个站点", "has one site"),
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a recovery plan."""
    flows, hidden = dr.by_subject(estate, "dr.replication")
    real = Want("rpo_s", between(0, params["rpo"]), "RPO {} 秒", "has an RPO of {} s")
    held = estate.derived(dr.stores)
    for plan in estate.kind("dr.plan"):
        if answer := dr.claim(estate, plan):
            yield answer
            continue
        if plan["capability"] < params["level"]:
            words = plan["capability"], params["level"]
            yield not_applicable(
                plan, "所报第 {} 级,低于第 {} 级".format(*words), "claims level {}, below {}".format(*words)
            )
            continue
        wrong, open_ = weighed(plan, _PLAN)
        open_ += held.lost
        for store in held.of.get(plan["of"], ()):
            rows = ((flow, (real, *dr.apart(flow))) for flow in flows.get(dr.reference(store), []))
            none = (f"{store.name} 没有到别的站点的实时复制", f"{store.name} is not replicated elsewhere in real time")
            bad, unclear = dr.some(rows, hidden, none)
            wrong, open_ = wrong + bad, open_ + unclear
        bad, unclear = _switched(estate, plan["of"])
        yield concluded(plan, wrong + bad, open_ + unclear)


def _switched(estate: Estate, system: str) -> tuple[list[Words], list[Words]]:
    """Something leads users to whichever site serves: names, or balancers at two sites."""
    balancers = [one.get("site") for one in estate.derived(dr.balancers).of.get(system, ())]
    if len({site for site in balancers if site and settled(site)}) > 1:
        return [], []
    names = pointing(estate, "of", "dns.gslb")
    hidden = bool(names.unsure or estate.derived(dr.balancers).lost) or not settled(balancers)
    rows: list[tuple[Resource, tuple[Want, ...]]] = [(one, _PROBED) for one in names.at(system)]
    return dr.some(rows, hidden, ("没有能切换到另一站点的入口", "has no entrance that switches to another site"))
