"""NET-001: balancers, lines between sites and ways to the internet carry what the systems behind them move at their peak."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.demand import Demand, demand
from policies.checks.records import absent, number, untold
from policies.checks.references import thing
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    Words,
    concluded,
    listed,
    not_applicable,
    passed,
    texts,
    unknown,
    unsure,
)

CHECK = Check(
    id="NET-001",
    title_zh="带宽满足业务高峰",
    title_en="Bandwidth carries the peak",
    clauses=("GB/T 22239-2019 8.1.2.1 b)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.lb", "net.link", "net.router", "net.eip", "net.nat", "gov.system"),
    fix_zh="加大负载均衡、站点间线路(links.yaml)或互联网出口(sites.yaml 的 egress_mbps)的带宽,或减少经过它的系统",
    fix_en="widen the balancer, the line (links.yaml) or the way to the internet (egress_mbps in sites.yaml), or let fewer "
    "systems pass it",
    assurance="partial",
    params={
        "percent": Param(100, "峰值的百分之多少", "percent of the peak", least=100),
        "floor": Param(10, "带宽下限(Mbps)", "least bandwidth in Mbps", least=1),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a balancer, a line, a router with a way to the internet, a public address and a translator."""
    found, percent, floor = demand(estate), int(params["percent"]), int(params["floor"])
    for one in estate.kind("net.lb"):
        if open_ := unsure(one, "bandwidth_mbps", "system"):
            yield open_
        else:
            yield _held(one, found, frozenset({str(one.get("system"))}), one.get("bandwidth_mbps"), percent, floor)
    for one in estate.kind("net.link"):
        if open_ := unsure(one, "bandwidth_mbps", "lines", "ends", "backup"):
            yield open_
            continue
        has = number(one.get("bandwidth_mbps")) * number(one.get("lines"))
        if one.get("backup") is True:
            yield _left(one, found, has, percent)
        else:
            yield _held(one, found, found.between(map(str, texts(one.get("ends")))), has, percent, floor)
    for one in estate.kind("net.router"):
        if open_ := unsure(one, "egress_mbps", "role", "site"):
            yield open_
        elif one.get("role") != "access":
            yield not_applicable(one, "不是互联网出口", "no way to the internet")
        else:
            yield _held(
                one, found, found.served.get(str(one.get("site")), frozenset()), one.get("egress_mbps"), percent, 0
            )
    for one in estate.kind("net.eip", "net.nat"):
        yield _outlet(estate, one, found, percent, floor)


def _left(one: Resource, found: Demand, has: float, percent: int) -> Looked:
    """A line that stands by is not for the peak: less than everything is as meant, and it is said what does not fit when
    it alone is left to one of its ends."""
    said: list[Words] = []
    for end in map(str, texts(one.get("ends"))):
        systems = found.out_of(end)
        peak, open_ = found.total(systems)
        if open_:
            return unknown(one, *open_[0])
        if has < (needs := peak * percent / 100):
            names = listed(systems)
            said.append((f"通往站点 {end} 只剩它时,{names} 共要 {needs:g} Mbps,放不下 {needs - has:g} Mbps",
                         f"when it alone is left to site {end}, {names} want {needs:g} Mbps and {needs - has:g} Mbps do "
                         "not fit"))  # fmt: skip
    if not said:
        return passed(one)
    zh, en = ";".join(zh for zh, _ in said), "; ".join(en for _, en in said)
    return not_applicable(one, f"备用线路 {has:g} Mbps,不按平时的峰值要求:{zh}",
                          f"stands by with {has:g} Mbps and is not held to the peak: {en}")  # fmt: skip


def _outlet(estate: Estate, one: Resource, found: Demand, percent: int, floor: int) -> Looked:
    """An address or translator carries the system of what is behind it; what belongs to no system has no peak."""
    key = "of" if one.kind == "net.eip" else "subnet"
    if lacking := untold(one, "bandwidth_mbps", key):
        return concluded(one, (), lacking)
    reference = one.get(key) if key == "of" else f"net.subnet/{one.get(key)}"
    behind = thing(estate, reference)
    if behind is None:
        return concluded(one, (), [absent(one, reference)])
    system = behind.get("system")
    systems = frozenset({str(system)}) if system else frozenset()
    return _held(one, found, systems, one.get("bandwidth_mbps"), percent, floor)


def _held(one: Resource, found: Demand, systems: frozenset[str], has: object, percent: int, floor: int) -> Looked:
    peak, open_ = found.total(systems)
    needs, there = peak * percent / 100, number(has)
    wrong: list[Words] = []
    if there < floor:
        wrong.append((f"带宽 {there:g} Mbps,下限 {floor}", f"{there:g} Mbps, at least {floor} wanted"))
    if there < needs:
        names = listed(systems)
        wrong.append(
            (
                f"带宽 {there:g} Mbps,低于所承载系统的峰值 {needs:g} Mbps({names})",
                f"{there:g} Mbps, less than the {needs:g} Mbps that pass it at the peak ({names})",
            )
        )
    return concluded(one, wrong, open_)
