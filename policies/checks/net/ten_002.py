"""TEN-002: the private networks of two bureaus meet only in flows that both have declared, or only at the exchange."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventory.estate import Estate, Resource
from policies.checks.networks import joints, told_of
from policies.checks.proved import judged, shown, standing
from policies.checks.records import listing, untold
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    Words,
    concluded,
    listed,
    missing,
    not_applicable,
)
from policies.checks.told import garbled
from policies.reach.proof import Difference, Proof

CHECK = Check(
    id="TEN-002",
    title_zh="单位专网之间隔离",
    title_en="Private networks of bureaus are apart",
    clauses=("GB/T 22239-2019 8.2.2.1 b)",),
    severity="high",
    severity_basis="zones",
    scope="estate",
    kinds=("compute.host", "net.sg", "net.peering", "net.route"),
    fix_zh="删去两个单位专网之间没有声明的规则;需要互通的,双方声明,或经数据交换平台",
    fix_en="delete the rules between two bureaus' private networks that nobody declared; let both declare what is needed, or "
    "go through the exchange",
    params={
        "zone": Param("dedicated", "专用网络区", "the zone of private networks"),
        "exchange": Param(("data-resources",), "交换节点所属单位", "bureaus whose systems are the exchange"),
        "direct": Param(
            1, "1:双方声明即可直接互通;0:只经交换节点", "1: what both declare may go directly; 0: only by the exchange",
            least=0, most=1,
        ),
    },
)  # fmt: skip


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host, a group, and what joins virtual networks on record."""
    for host, name, proof, open_ in judged(estate, "compute.host"):
        if open_ := open_ or garbled(host, "zone", "bureau"):
            yield open_
        elif host.get("zone") != params["zone"] or not host.get("bureau"):
            yield not_applicable(host, "不在单位专网内", "not in a bureau's private network")
        else:
            wrong = shown(
                _strangers(proof, name, host, params),
                "{} 属于另一单位的专网,却能到达它",
                "{} of another bureau's network reaches it",
            )
            yield concluded(host, wrong, standing(proof))

    for group in estate.kind("net.sg"):
        if lacking := untold(group, "hosts"):
            yield concluded(group, (), lacking)
        elif not (names := listing(group.get("hosts"))):
            yield not_applicable(group, "没有绑定任何主机", "is bound to no host")
        else:
            hosts = [
                estate.named("compute.host", name) or missing(group, "compute.host", name) for name in sorted(names)
            ]
            yield _one_bureau(group, hosts, params)
    for one, networks, nowhere in joints(estate):
        yield nowhere or _one_bureau(one, networks, params)


def _one_bureau(one: Resource, members: Iterable[Resource | Words], params: Params) -> Looked:
    """Does it serve one bureau, or others and the exchange."""
    bureaus, open_ = told_of(members, "bureau")
    strangers = bureaus - set(params["exchange"])
    words = (f"单位 {listed(bureaus)} 共用它", f"bureaus share it: {listed(bureaus)}")
    return concluded(one, [words] if len(strangers) > 1 else [], open_)


def _strangers(proof: Proof, target: str, host: Resource, params: Params) -> Iterator[Difference]:
    question = f"{CHECK.id} {params['zone']} {params['exchange']} {params['direct']}"
    sources = proof.asked(question, target, proof.arriving.sources(target))
    strangers = [name for name in sources if _stranger(proof.city.places.get(name), host, params["zone"])]
    declared = proof.declared(target, {*strangers}) if strangers else {}
    found = []
    for source in strangers:
        extra = proof.arriving.headers(source, target)
        exchange = {host.get("bureau"), str(proof.city.places[source].get("bureau"))} & set(params["exchange"])
        if source in declared and (params["direct"] or exchange):
            extra = extra - declared[source]
        found.append((source, extra))
    return proof.told(question, target, found)


def _stranger(other: Resource | None, host: Resource, zone: str) -> bool:
    return other is not None and other.get("zone") == zone and other.get("bureau") not in (None, host.get("bureau"))
