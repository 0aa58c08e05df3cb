"""BND-008: what is asked of a web application from the internet passes a filter that blocks."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.records import Reply, Said, means, reply, settled_by, untold
from policies.checks.shape import Check, Looked, Mends, Param, Params, below, concluded, missing, not_applicable

CHECK = Check(
    id="BND-008",
    title_zh="互联网网页服务前有应用防火墙",
    title_en="Web services on the internet stand behind a filter",
    clauses=("GB/T 22239-2019 8.1.3.2 e)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.listener",),
    fix_zh="启用负载均衡自带的应用防火墙,或在前面部署拦截模式的 WAF",
    fix_en="switch on the balancer's own filter, or put a web application firewall that blocks before it",
    params={"protocols": Param(("https", "http"), "网页协议", "protocols of the web")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a listener: one filter that blocks is enough."""
    filters = Said(estate, "protects", "sec.waf", says=_blocks)
    for one in estate.kind("net.listener"):
        if answer := below(one, 3):
            yield answer
        elif lacking := untold(one, "exposure", "protocol"):
            yield concluded(one, (), lacking)
        elif one.get("exposure") != "internet":
            yield not_applicable(one, "不对互联网提供", "not offered to the internet")
        elif one.get("protocol") not in params["protocols"]:
            yield not_applicable(one, "不是网页服务", "no web service")
        else:
            name = one.get("lb")
            balancer = estate.named("net.lb", str(name))
            own = reply(balancer, "waf") if balancer else missing(one, "net.lb", name)
            before = filters.replies(means(one) + means(balancer))
            wrong = ("前面没有拦截模式的应用防火墙", "no filter that blocks stands before it")
            yield concluded(one, *settled_by([own, *before], wrong))


def _blocks(device: Resource) -> Reply:
    return reply(device, "mode", lambda mode: mode == "block")


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The balancer's own filter."""
    del params
    balancer = estate.named("net.lb", one.get("lb"))
    return switched(balancer, "waf") if balancer and balancer.get("waf") is False else None
