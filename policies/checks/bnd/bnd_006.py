"""BND-006: every allowed flow says from whom, to whom, by which protocol, on which ports."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.prefixes import rule
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, texts, unsure

CHECK = Check(
    id="BND-006",
    title_zh="访问规则写全要素",
    title_en="Rules state every element",
    clauses=("GB/T 22239-2019 8.1.3.2 c)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("net.sg_rule", "k8s.network_policy"),
    fix_zh="每条规则写明安全组、对端前缀、协议和端口;“任意”最多出现在一个要素中",
    fix_en="state the group, the peer's prefixes, the protocol and the ports; at most one of them may be 'any'",
    params={"ports": Param(1024, "端口多于此数算“任意”", "more ports than this are 'any'", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a rule and a network policy."""
    for resource in estate.kind("net.sg_rule"):
        read = rule(estate, resource)
        if isinstance(read, Looked):
            yield read
            continue
        wrong: list[Words] = []
        if not read.group:
            wrong.append(("没有写安全组", "names no group"))
        if not read.peers:
            wrong.append(("没有写对端前缀", "names no peer"))
        if not read.protocol:
            wrong.append(("没有写协议", "names no protocol"))
        if read.ports is None and read.protocol != "icmpv6":
            wrong.append(("没有写端口", "names no ports"))
        if read.everywhere and read.width > params["ports"]:
            wrong.append(
                (f"对端任意,端口又有 {read.width} 个", f"any peer and {read.width} ports: two elements are 'any'")
            )
        yield concluded(resource, wrong)
    for policy in estate.kind("k8s.network_policy"):
        if open_ := unsure(policy, "ports", "peers"):
            yield open_
            continue
        wrong = []
        if texts(policy.get("peers")) and not texts(policy.get("ports")):
            wrong.append(("允许了对端却没有写端口", "allows peers without naming ports"))
        if texts(policy.get("ports")) and not texts(policy.get("peers")):
            wrong.append(("写了端口却没有写对端前缀", "names ports without naming peers"))
        yield concluded(policy, wrong)
