"""MON-008: what administers the cloud and what tenants do run apart: network cards, segments and rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.estate import Estate, Resource
from policies.checks.prefixes import Span, inside, merged, span
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    below,
    concluded,
    failed,
    not_applicable,
    passed,
    unknown,
)
from policies.checks.told import follow, given, unread

CHECK = Check(
    id="MON-008",
    title_zh="管理流量与业务流量分离",
    title_en="Management and business run apart",
    clauses=("GB/T 22239-2019 8.2.5.1 b)",),
    severity="medium",
    severity_basis="zones",
    scope="stack",
    kinds=("net.port", "net.subnet", "net.sg", "net.sg_rule", "compute.host"),
    fix_zh="管理网卡只接管理区网段,业务网卡不接;管理主机的安全组不放行来自业务网段的业务访问",
    fix_en="connect management cards, and no business cards, to segments of the management zone; let no rule of a "
    "management host's group allow business from business segments",
    params={
        "zones": Param(("management",), "管理区", "zones of administration"),
        "purposes": Param(
            ("management", "monitoring", "logging", "time", "names", "cluster", "remote-operations"),
            "本身就是管理流量的用途",
            "purposes that are management themselves",
        ),
    },
)
_PLANES = {"management": True, "business": False}


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a network card, and a rule into a management host."""
    for port in estate.kind("net.port"):
        yield below(port, 3) or unread(port, "plane") or _port(estate, port, params)
    groups = {group.name: _group(estate, group, params) for group in estate.kind("net.sg")}
    own, whole = _segments(estate, params)
    for rule in estate.kind("net.sg_rule"):
        if open_ := unread(rule, "sg", "direction", "purpose"):
            yield open_
        elif rule["direction"] != "egress" and groups.get(rule["sg"]) is not False:
            yield below(rule, 3) or _rule(rule, groups.get(rule["sg"]), own, whole, params)


def _port(estate: Estate, port: Resource, params: Params) -> Looked:
    if port["plane"] not in _PLANES:
        return not_applicable(port, "不是管理或业务网卡", "neither a management nor a business card")
    subnet, open_ = follow(estate, port, "subnet", "net.subnet")
    if subnet is None:
        return concluded(port, (), open_)
    if hidden := unread(subnet, "zone"):
        return unknown(port, hidden.zh, hidden.en)
    if _PLANES[port["plane"]] == (subnet["zone"] in params["zones"]):
        return passed(port)
    return failed(
        port, f"{port['plane']} 网卡接在“{subnet['zone']}”区", f"a {port['plane']} card in zone '{subnet['zone']}'"
    )


def _group(estate: Estate, group: Resource, params: Params) -> bool | None:
    """Is it bound to a management host; None where that cannot be told."""
    if unread(group, "hosts"):
        return None
    hosts = [estate.named("compute.host", name) for name in group["hosts"]]
    if any(host and host.get("zone") in params["zones"] for host in hosts):
        return True
    return False if all(host and given(host, "zone") for host in hosts) else None


def _segments(estate: Estate, params: Params) -> tuple[list[Span], bool]:
    """Addresses of the management zone, and whether all are known."""
    spans: list[Span] = []
    whole = True
    for subnet in estate.kind("net.subnet"):
        if unread(subnet, "zone", "cidr6"):
            whole = False
        elif subnet["zone"] in params["zones"]:
            found = [span(subnet["cidr6"]), span(subnet["cidr4"]) if given(subnet, "cidr4") else None]
            spans += [one for one in found if one]
    return merged(spans), whole


def _rule(rule: Resource, bound: bool | None, own: Sequence[Span], whole: bool, params: Params) -> Looked:
    if rule["purpose"] in params["purposes"]:
        return passed(rule)
    if open_ := unread(rule, "peers6", *(["peers4"] if rule.get("peers4") is not None else [])):
        return open_
    spans = [span(word) for word in (*rule["peers6"], *(rule.get("peers4") or ()))]
    if all(one and inside(one, own) for one in spans):
        return passed(rule)
    if bound and whole:
        return failed(rule, "放行业务网段到管理主机", "lets business into a management host")
    return unknown(rule, "它绑定的主机或管理区的网段没有写全", "its hosts or the management segments are not all told")
