"""DR-003: an important system runs twice: each workload at two sites, its database with a synchronous standby."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    Words,
    below,
    concluded,
    listed,
    missing,
    not_applicable,
    settled,
    texts,
    unsure,
)  # fmt: skip
from policies.checks.told import given

CHECK = Check(
    id="DR-003",
    title_zh="重要系统热冗余",
    title_en="Important systems run twice",
    clauses=("GB/T 22239-2019 8.1.4.9 c)",),
    severity="high",
    severity_basis="redundancy",
    scope="estate",
    kinds=("gov.system", "db.instance"),
    fix_zh="在申请中写 availability.mode: dual-active,每个工作负载至少两个副本",
    fix_en="write availability.mode: dual-active in the request, with two replicas or more of each workload",
    params={
        "roles": Param(("web", "app"), "须冗余的主机角色", "roles of hosts that must be redundant"),
        "instances": Param(2, "实例数下限", "fewest instances", least=1),
        "sites": Param(2, "站点数下限", "fewest sites", least=1),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a system and a database of level 3 or above."""
    groups: dict[str, dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
    lost: list[str] = []
    for host in estate.kind("compute.host"):
        if not settled(tuple(map(host.get, ("system", "role", "workload")))):
            lost.append(host.name)
        elif host.get("system") and host.get("role") in params["roles"]:
            groups[str(host["system"])][str(host.get("workload"))].append(host)
    for system in estate.kind("gov.system"):
        if answer := below(system, 3):
            yield answer
            continue
        workloads = groups.get(system.name) or groups.get(str(system.get("system"))) or {}
        if not workloads:
            yield not_applicable(system, "没有应用主机", "has no application hosts")
            continue
        wrong: list[Words] = []
        open_words: list[Words] = []
        if lost:
            open_words.append((f"主机 {listed(lost)} 的归属尚未确定", f"whose {listed(lost)} is is not known yet"))
        for name, hosts in sorted(workloads.items()):
            if not all(given(host, "site") for host in hosts):
                open_words.append(
                    (f"工作负载 {name} 的站点尚未确定", f"the sites of workload {name} are not known yet")
                )
                continue
            wrong += _few(
                f"工作负载 {name} ", f"workload {name}", len(hosts), {host.get("site") for host in hosts}, params
            )
        yield concluded(system, wrong, open_words)
    for db in estate.kind("db.instance"):
        if answer := below(db, 3) or unsure(db, "mode", "members"):
            yield answer
            continue
        wrong, open_words = [], []
        if (mode := db.get("mode")) != "synchronous":
            wrong.append((f"模式是 {mode},没有同步备机", f"its mode is {mode}: no synchronous standby"))
        members = texts(db.get("members"))
        hosts = [estate.named("compute.host", name) for name in members]
        for name, host in zip(members, hosts, strict=True):
            if host is None:
                open_words.append(missing(db, "compute.host", name))
            elif not given(host, "site"):
                open_words.append((f"成员 {name} 的站点尚未确定", f"the site of member {name} is not known yet"))
        sites = {host.get("site") for host in hosts if host is not None and given(host, "site")}
        if not open_words:
            wrong += _few("数据成员", "data", len(set(members)), sites, params)
        yield concluded(db, wrong, open_words)


def _few(zh: str, en: str, count: int, sites: set[object], params: Params) -> list[Words]:
    if count >= params["instances"] and len(sites) >= params["sites"]:
        return []
    where = listed(sites)
    return [(f"{zh}只有 {count} 个实例,位于站点 {where}", f"{en}: {count} instance(s) at {where}")]
