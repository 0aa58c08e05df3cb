"""BND-003: nothing inside may call everything outside: no egress to everywhere on (nearly) all ports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.prefixes import Rule, rule
from policies.checks.records import untold
from policies.checks.shape import Check, Looked, Param, Params, concluded, failed, missing, not_applicable, passed

CHECK = Check(
    id="BND-003",
    title_zh="内部不得任意外联",
    title_en="Nothing inside calls everything outside",
    clauses=("GB/T 22239-2019 8.1.3.1 c)",),
    severity="high",
    severity_basis="boundary-access",
    scope="stack",
    kinds=("net.sg_rule", "net.nat"),
    fix_zh="出方向只写清楚要访问的对端和端口,去掉指向整个互联网的规则;地址转换只放在互联网接入区",
    fix_en="write who is called on which port; drop the rules that lead to the whole internet; translate addresses in the "
    "internet access zone only",
    params={
        "ports": Param(
            100, "一个安全组向任意地址开放的出端口数上限", "most ports a group may open to everywhere", least=1
        ),
        "zone": Param("internet", "互联网接入区", "the internet access zone"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a rule and a translator; ports are summed over a group, so that a wide range in many pieces is still wide."""
    open_rules: dict[str, list[Rule]] = defaultdict(list)
    for resource in estate.kind("net.sg_rule"):
        read = rule(estate, resource)
        if isinstance(read, Looked):
            yield read
        elif read.ingress:
            yield not_applicable(resource, "入方向规则", "a rule for ingress")
        elif not read.everywhere:
            yield passed(resource)
        else:
            open_rules[read.group].append(read)
    for group, rules in open_rules.items():
        count = sum(one.width for one in rules)
        for one in rules:
            if count > params["ports"]:
                yield failed(
                    one.resource,
                    f"安全组 {group} 可以从 {count} 个端口访问任意地址",
                    f"group {group} may call any address on {count} ports",
                )
            else:
                yield passed(one.resource)
    for one in estate.kind("net.nat"):
        yield _translator(estate, one, params["zone"])


def _translator(estate: Estate, one: Resource, zone: str) -> Looked:
    """Does it stand in the zone from which the outside may be called."""
    if lacking := untold(one, "subnet"):
        return concluded(one, (), lacking)
    segment = estate.named("net.subnet", str(one.get("subnet")))
    if segment is None:
        return concluded(one, (), [missing(one, "net.subnet", one.get("subnet"))])
    if lacking := untold(segment, "zone"):
        return concluded(one, (), lacking)
    if segment.get("zone") != zone:
        return failed(one, "地址转换不在互联网接入区", "it translates outside the internet access zone")
    return passed(one)
