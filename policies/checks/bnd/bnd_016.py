"""BND-016: ports that attackers look for are never open to the internet, on a host or on a balancer."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.prefixes import rule
from policies.checks.shape import Check, Looked, Param, Params, failed, listed, not_applicable, passed, unsure

CHECK = Check(
    id="BND-016",
    title_zh="高危端口不对互联网开放",
    title_en="No high-risk port is open to the internet",
    clauses=("GB/T 22239-2019 8.1.4.4 b)",),
    severity="high",
    severity_basis="risky-ports",
    scope="stack",
    kinds=("net.sg_rule", "net.listener"),
    fix_zh="删除该规则或把对端收窄到需要的前缀;数据库和管理端口只在内部开放",
    fix_en="delete the rule or narrow its peers; databases and management stay inside",
    params={
        "ports": Param(
            (21, 22, 23, 135, 136, 137, 138, 139, 445, 1433, 1521, 2375, 2379, 3306, 3389, 5432, 5900, 6379, 6443, 9200,
             10250, 11211, 27017),
            "高危端口", "high-risk ports",
        )
    },
)  # fmt: skip

_NEEDED = ("direction", "protocol", "ports", "peers6", "peers4")
"""whichever group a rule belongs to, it opens what it opens"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an ingress rule and a listener."""
    risky = params["ports"]
    for resource in estate.kind("net.sg_rule"):
        read = rule(estate, resource, _NEEDED)
        if isinstance(read, Looked):
            yield read
        elif not read.ingress:
            yield not_applicable(resource, "出方向规则", "a rule for egress")
        elif read.everywhere and (hit := read.touches(risky)):
            yield failed(
                resource,
                f"对任意地址开放高危端口 {listed(hit)}",
                f"opens high-risk ports {listed(hit)} to everywhere",
            )
        else:
            yield passed(resource)
    for listener in estate.kind("net.listener"):
        if open_ := unsure(listener, "exposure", "port"):
            yield open_
        elif listener.get("exposure") != "internet":
            yield not_applicable(listener, "不对互联网提供", "not offered to the internet")
        elif (port := listener.get("port")) in risky:
            yield failed(
                listener, f"在互联网上监听高危端口 {port:g}", f"listens on high-risk port {port:g} on the internet"
            )
        else:
            yield passed(listener)
