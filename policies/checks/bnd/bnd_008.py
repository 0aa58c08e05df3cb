"""BND-008: what is asked of a web application from the internet passes a filter that blocks."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.records import Cover, Reply, means, reply, settled_by, untold
from policies.checks.shape import Check, Looked, Param, Params, below, concluded, missing, not_applicable

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
    filters = Cover(estate, "sec.waf")
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
            found: list[Reply] = [reply(balancer, "waf") if balancer else missing(one, "net.lb", name)]
            for device in filters.of(means(one) + means(balancer)):
                found.append(reply(device, "mode", lambda mode: mode == "block"))
            wrong = ("前面没有拦截模式的应用防火墙", "no filter that blocks stands before it")
            yield concluded(one, *settled_by(found + filters.silent, wrong))
