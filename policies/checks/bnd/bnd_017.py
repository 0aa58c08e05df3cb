"""BND-017: hosts are administered from the bastion or the management zone, from nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.prefixes import Span, inside, merged, rule, span
from policies.checks.shape import Check, Looked, Param, Params, failed, listed, not_applicable, passed, settled, unknown

CHECK = Check(
    id="BND-017",
    title_zh="管理端口只对管理入口开放",
    title_en="Administration only from the bastion or the management zone",
    clauses=("GB/T 22239-2019 8.1.4.4 c)",),
    severity="high",
    severity_basis="management-terminals",
    scope="estate",
    kinds=("net.sg_rule",),
    fix_zh="把规则的对端改为堡垒机地址或管理区前缀",
    fix_en="let the rule's peers be the bastion's address or prefixes of the management zone",
    params={
        "ports": Param((22, 3389, 5985, 5986, 6443), "管理端口", "ports of administration"),
        "zone": Param("management", "管理区", "the management zone"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an ingress rule."""
    ways, complete = _ways(estate, params["zone"])
    for resource in estate.kind("net.sg_rule"):
        read = rule(estate, resource)
        if isinstance(read, Looked):
            yield read
            continue
        hit = read.touches(params["ports"]) if read.ingress else []
        if not hit:
            yield not_applicable(resource, "不涉及管理端口的入方向", "no ingress to a port of administration")
        elif not read.peers or all(inside(peer, ways) for peer in read.peers):
            yield passed(resource)
        elif read.everywhere or (ways and complete):
            yield failed(
                resource,
                f"管理端口 {listed(hit)} 对管理区以外开放",
                f"ports {listed(hit)} are open to more than the management zone",
            )
        else:
            yield unknown(
                resource,
                "管理区的网段不全在被检查的范围内,不能判断对端是否属于管理区",
                "not all management segments are in what was judged: its peers cannot be told apart",
            )


def _ways(estate: Estate, zone: str) -> tuple[list[Span], bool]:
    """From where one may administer, and whether all of it is known."""
    words = [
        resource.get(key)
        for resource in estate.where("zone", zone)
        if resource.kind == "net.subnet"
        for key in ("cidr6", "cidr4")
    ]
    words += [bastion.get("address6") for bastion in estate.kind("sec.bastion")]
    complete = all(map(settled, words))
    return merged(s for word in words if word and settled(word) and (s := span(word))), complete
