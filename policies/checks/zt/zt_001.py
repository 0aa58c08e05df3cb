"""ZT-001: the decision point stands twice, at two sites, in the management zone, and not on the internet."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded
from policies.checks.told import absent, follow, given, unread

CHECK = Check(
    id="ZT-001",
    title_zh="策略判决组件冗余并置于管理区",
    title_en="The decision point stands twice, in the management zone",
    clauses=("GB/T 43696-2024 6.1",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("zt.pdp", "net.subnet"),
    fix_zh="判决组件至少两个实例、分在两个站点,网段放在管理区,不设公网地址",
    fix_en="at least two instances at two sites, on a segment of the management zone, without a public address",
    params={
        "instances": Param(2, "实例个数下限", "fewest instances", least=1),
        "sites": Param(2, "站点个数下限", "fewest sites", least=1),
        "zones": Param(("management",), "认可的分区", "accepted zones"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a decision point."""
    found = estate.kind("zt.pdp")
    yield from absent(estate, found, "策略判决组件", "policy decision point")
    for one in found:
        yield unread(one, "count", "sites", "public") or _placed(estate, one, params)


def _placed(estate: Estate, one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    sites = len(set(one["sites"]))
    if one["count"] < params["instances"]:
        wrong.append((f"只有 {one['count']:g} 个实例", f"{one['count']:g} instances < {params['instances']}"))
    if sites < params["sites"]:
        wrong.append((f"只在 {sites} 个站点", f"at {sites} sites < {params['sites']}"))
    if one["public"]:
        wrong.append(("有公网地址", "has a public address"))
    segment, open_words = follow(estate, one, "subnet", "net.subnet")
    if segment and not given(segment, "zone"):
        open_words.append((f"网段 {segment.name} 的分区没有记录", f"the zone of {segment.name} was not recorded"))
    elif segment and segment["zone"] not in params["zones"]:
        wrong.append((f"放在分区 {segment['zone']}", f"stands in the zone {segment['zone']}"))
    return concluded(one, wrong, open_words)
