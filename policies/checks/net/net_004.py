"""NET-004: data and management never stand at the edge: no route to the internet, and a denying router in front."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Param,
    Params,
    Words,
    concluded,
    missing,
    not_applicable,
    texts,
    unsure,
)
from policies.checks.told import given

CHECK = Check(
    id="NET-004",
    title_zh="数据与管理资源不在互联网边界",
    title_en="Data and management stand away from the internet's edge",
    clauses=("GB/T 22239-2019 8.1.2.1 d)",),
    severity="high",
    severity_basis="boundary-access",
    scope="stack",
    kinds=("net.subnet", "compute.host"),
    fix_zh="把数据库、日志、监控和管理资源放进数据或管理网段,该网段不设互联网路由,并由默认拒绝的路由器隔离",
    fix_en="put databases, logs, monitors and management into data or management segments without an internet route, "
    "behind a router that denies by default",
    params={
        "tiers": Param(("data", "management"), "重要网段", "segments that matter"),
        "roles": Param(("database", "arbiter", "log", "monitor", "bastion"), "重要主机", "hosts that matter"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a segment and a host. A host is judged by the segment that it stands in."""
    members = {name for db in estate.kind("db.instance") if given(db, "members") for name in texts(db["members"])}
    for one in estate.kind("net.subnet"):
        if open_ := unsure(one, "tier", "zone", "internet_route", "router"):
            yield open_
        elif one.get("tier") not in params["tiers"]:
            tier = one.get("tier")
            yield not_applicable(one, f"“{tier}”层网段允许靠近边界", f"a segment of tier '{tier}' may be near the edge")
        else:
            wrong, open_words = _edge(one)
            router = estate.named("net.router", one.get("router") or "")
            if router is None:
                open_words.append(missing(one, "net.router", one.get("router")))
            elif unsure(router, "stateful", "default_deny"):
                open_words.append((f"路由器 {router.name} 的策略尚未确定", f"router {router.name} is not known yet"))
            elif not (router.get("stateful") and router.get("default_deny")):
                wrong.append(
                    (
                        f"前面的路由器 {router.name} 没有按状态、默认拒绝地过滤",
                        f"its router {router.name} does not filter by state and deny by default",
                    )
                )
            yield concluded(one, wrong, open_words)
    for host in estate.kind("compute.host"):
        if open_ := unsure(host, "role", "subnet"):
            yield open_
        elif host.get("role") not in params["roles"] and host.name not in members:
            yield not_applicable(host, "不是数据或管理主机", "neither a data nor a management host")
        elif (subnet := estate.named("net.subnet", host.get("subnet") or "")) is None:
            yield concluded(host, (), [missing(host, "net.subnet", host.get("subnet"))])
        elif unsure(subnet, "zone", "internet_route"):
            yield concluded(host, (), [(f"网段 {subnet.name} 尚未确定", f"segment {subnet.name} is not known yet")])
        else:
            yield concluded(host, _edge(subnet)[0])


def _edge(subnet: Resource) -> tuple[list[Words], list[Words]]:
    wrong: list[Words] = []
    if subnet.get("internet_route"):
        wrong.append((f"网段 {subnet.name} 有互联网路由", f"segment {subnet.name} has a route to the internet"))
    if subnet.get("zone") == "internet":
        wrong.append((f"网段 {subnet.name} 在互联网接入区", f"segment {subnet.name} lies in the internet access zone"))
    return wrong, []


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The route to the internet of the segment goes; where it lies, and what its router does, is more than a switch."""
    del params
    segment = one if one.kind == "net.subnet" else estate.named("net.subnet", one.get("subnet") or "")
    if segment is None or segment.get("zone") == "internet":
        return None
    router = estate.named("net.router", segment.get("router") or "")
    if one is segment and (router is None or not (router.get("stateful") and router.get("default_deny"))):
        return None
    return switched(segment, "internet_route", on=False)
