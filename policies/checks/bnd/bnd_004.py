"""BND-004: what is not allowed is denied: groups and routers deny by default and no rule allows everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from inventory.estate import Estate, Resource
from policies.checks.mends import mend, switched
from policies.checks.prefixes import Rule, rule
from policies.checks.shape import (
    Answer,
    Check,
    Looked,
    Mends,
    Param,
    Params,
    Words,
    concluded,
    failed,
    listed,
    passed,
    unsure,
)
from policies.checks.wants import Want, among, weighed

CHECK = Check(
    id="BND-004",
    title_zh="默认拒绝",
    title_en="Denied by default",
    clauses=("GB/T 22239-2019 8.1.3.2 a)", "GB/T 22239-2019 8.2.3.1 a)"),
    severity="high",
    severity_basis="boundary-access",
    scope="stack",
    kinds=("net.sg", "net.router", "net.acl", "sec.fw_policy", "sec.firewall"),
    fix_zh="安全组、路由器、ACL 和防火墙的默认动作设为拒绝,删除放行一切的规则,只按申请的访问放行",
    fix_en="let groups, routers, lists and firewalls deny by default, delete the rules that allow everything, allow only what is declared",
    params={"ports": Param(65000, "算作“全部端口”的端口数", "as many ports count as all", least=1)},
)
_DENIES = Want("default", among("deny"), "没有默认拒绝", "it does not deny by default")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a group and a router, and a list, policy and firewall on record."""
    wide: dict[str, list[Rule]] = defaultdict(list)
    unread: set[str] = set()
    for resource in estate.kind("net.sg_rule"):
        read = rule(estate, resource)
        if isinstance(read, Rule):
            if read.everywhere:
                wide[read.group].append(read)
        else:
            unread.add(str(resource.get("sg")))
    for group in estate.kind("net.sg"):
        if open_ := unsure(group, "default"):
            yield open_
            continue
        wrong: list[Words] = []
        if (default := group.get("default", "deny")) != "deny":
            wrong.append((f"默认动作是 {default}", f"its default is {default}"))
        for ingress in (True, False):
            rules = [one for one in wide[group.name] if one.ingress is ingress]
            if sum(one.width for one in rules) >= params["ports"]:
                names = listed(one.resource.name for one in rules)
                zh = "来自" if ingress else "去往"
                en = "from" if ingress else "to"
                wrong.append((f"规则 {names} 放行{zh}任意地址的全部端口", f"{names}: all ports {en} everywhere"))
        open_words = [("有规则尚不能读", "some of its rules cannot be read yet")] if group.name in unread else []
        yield concluded(group, wrong, open_words)
    for router in estate.kind("net.router"):
        if open_ := unsure(router, "default_deny"):
            yield open_
        elif router.get("default_deny"):
            yield passed(router)
        else:
            yield failed(router, "没有默认拒绝", "does not deny by default")
    for one in estate.kind("net.acl", "sec.fw_policy", "sec.firewall"):
        yield concluded(one, *weighed(one, [_DENIES]))


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The default; a rule that allows everything is somebody's, and what it was for has to be asked."""
    if one.kind == "net.router":
        return switched(one, "default_deny")
    if one.kind != "net.sg":
        return mend(one, default="deny")
    closed = replace(one, properties={**one.properties, "default": "deny"})
    alone = Estate((closed, *(rule for rule in estate.kind("net.sg_rule") if rule.get("sg") == one.name)))
    return mend(one, default="deny") if all(said.answer is Answer.PASS for said in judge(alone, params)) else None
