"""IP6-001: every segment has IPv6, and none is IPv4 only."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.prefixes import inside, merged, span
from policies.checks.shape import Check, Looked, Param, Params, failed, passed, unsure

CHECK = Check(
    id="IP6-001",
    title_zh="网段启用 IPv6",
    title_en="Segments have IPv6",
    clauses=("中网办发〔2021〕15号 新建网络",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("net.subnet",),
    fix_zh="从地址规划给网段分配 IPv6 前缀(不长于 /64)",
    fix_en="assign the segment an IPv6 prefix (no longer than /64) from the address plan",
    params={
        "longest": Param(64, "最长的网段前缀", "longest prefix of a segment", least=1, most=128),
        "pools": Param((), "前缀须属于其中之一,空为不限", "the prefix must lie in one of these; none: any"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a segment."""
    pools = merged(s for text in params["pools"] if (s := span(text)))
    for one in estate.kind("net.subnet"):
        if open_ := unsure(one, "cidr6"):
            yield open_
            continue
        text = one.get("cidr6")
        found = span(text) if text else None
        if found is None or found.version != 6:
            yield failed(one, "没有 IPv6 前缀", "has no IPv6 prefix")
            continue
        network = ipaddress.IPv6Network(text, strict=False)
        if network.prefixlen > params["longest"]:
            yield failed(
                one,
                f"前缀 /{network.prefixlen} 长于 /{params['longest']},主机无法自动配置地址",
                f"/{network.prefixlen} is longer than /{params['longest']}: hosts cannot configure themselves",
            )
        elif network.is_link_local or network.is_multicast or network.is_loopback or network.is_unspecified:
            yield failed(one, f"“{text}”不能作为网段", f"'{text}' cannot be a segment")
        elif pools and not inside(found, pools):
            yield failed(one, f"“{text}”不在已分配的地址池内", f"'{text}' is in none of the assigned pools")
        else:
            yield passed(one)
