"""BND-010: attacks between machines inside are seen: by something that watches the network, or on every machine."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.records import (
    Reply,
    Said,
    jointly,
    listing,
    means,
    one_of,
    reply,
    settled_by,
    untold,
)
from policies.checks.references import Pointers, pointing
from policies.checks.shape import Check, Looked, Param, Params, below, concluded, not_applicable
from policies.checks.told import expected

CHECK = Check(
    id="BND-010",
    title_zh="发现内部发起的攻击",
    title_en="Attacks from inside are seen",
    clauses=("GB/T 22239-2019 8.1.3.3 b)",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("net.vpc",),
    fix_zh="给生产虚拟网络接上看东西向流量的入侵检测,或在其中每台主机装代理",
    fix_en="let intrusion detection watch the traffic between machines of the network, or put an agent on every host in it",
    params={
        "environment": Param("production", "生产环境的写法", "how the production environment is called"),
        "directions": Param(("east-west", "both"), "看内部流量的方向", "directions that see inside"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a virtual network."""
    found = estate.kind("net.vpc")
    yield from expected(estate, found, "没有记录任何虚拟网络", "no virtual network was recorded")
    seeing = params["directions"]
    watchers = Said(estate, "protects", "sec.ids", says=lambda one: reply(one, "direction", lambda way: way in seeing))
    agents = Said(estate, "protects", "sec.hids")
    hosts = pointing(estate, "subnet", "compute.host")
    for one in found:
        if answer := below(one, 3):
            yield answer
        elif lacking := untold(one, "environment"):
            yield concluded(one, (), lacking)
        elif one.get("environment") != params["environment"]:
            yield not_applicable(one, "不是生产环境", "not in production")
        else:
            wrong = ("没有人看内部的流量", "nothing watches the traffic inside it")
            yield concluded(one, *settled_by([*watchers.replies(means(one)), _agents(one, hosts, agents)], wrong))


def _agents(one: Resource, hosts: Pointers, agents: Said) -> Reply:
    """Does every host of the network carry an agent."""
    if lacking := untold(one, "segments"):
        return lacking[0]
    named = listing(one.get("segments"))
    return jointly(one_of(agents.replies(means(host))) for host in hosts.at(*named))
