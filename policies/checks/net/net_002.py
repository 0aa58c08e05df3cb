"""NET-002: routers can do more than what passes them at the peak."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.demand import demand
from policies.checks.records import number
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, listed, unsure

CHECK = Check(
    id="NET-002",
    title_zh="网络设备能力满足业务高峰",
    title_en="Network devices carry the peak",
    clauses=("GB/T 22239-2019 8.1.2.1 a)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.router", "gov.system"),
    fix_zh="换用能力更大的路由器,或减少该站点承载的系统",
    fix_en="use a router that can do more, or let fewer systems stand at its site",
    assurance="partial",
    params={"percent": Param(130, "峰值的百分之多少", "percent of the peak", least=100)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a router: a core router carries all systems of its site, an access router what the internet calls."""
    found, percent = demand(estate), int(params["percent"])
    for one in estate.kind("net.router"):
        if open_ := unsure(one, "capacity_mbps", "role", "site"):
            yield open_
            continue
        behind = found.served if one.get("role") == "access" else found.there
        systems = behind.get(str(one.get("site")), frozenset())
        peak, unread = found.total(systems)
        has, needs = number(one.get("capacity_mbps")), peak * percent / 100
        wrong: list[Words] = []
        if has < needs:
            wrong.append(
                (
                    f"能力 {has:g} Mbps,低于站点高峰 {peak:g} Mbps 的 {percent}%({listed(systems)})",
                    f"{has:g} Mbps, less than {percent} % of the {peak:g} Mbps at the peak ({listed(systems)})",
                )
            )
        yield concluded(one, wrong, unread)
