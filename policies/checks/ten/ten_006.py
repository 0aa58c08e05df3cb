"""TEN-006: tenants can set rules between machines: no group lets all its members do everything to one another, and
machines of different roles have groups of their own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.prefixes import Rule, Span, rule, span
from policies.checks.records import Findings, listing, reply, settled_by, silent, untold
from policies.checks.references import Pointers, pointing, word
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, listed, missing

CHECK = Check(
    id="TEN-006",
    title_zh="虚拟机之间分组控制",
    title_en="Machines are kept apart by groups of their own",
    clauses=("GB/T 22239-2019 8.2.4.2 b)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("net.sg", "compute.host"),
    fix_zh="每种角色的主机用自己的安全组,默认拒绝;组内互访也只放行需要的端口",
    fix_en="give hosts of each role a group of their own that denies by default; allow among its members only the ports that "
    "are needed",
    params={"ports": Param(65000, "算作“全部端口”的端口数", "as many ports count as all", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a group and a host."""
    rules, mute = pointing(estate, "sg", "net.sg_rule"), silent(estate, "sg", "net.sg_rule")
    bound = pointing(estate, "security_groups", "compute.host")
    for group in estate.kind("net.sg"):
        hosts, lost = _members(estate, group, bound)
        wrong, open_ = _roles(hosts)
        if lacking := untold(group, "default"):
            open_ += lacking
        elif group.get("default") != "deny":
            wrong.append(("组内默认放行", "what is not denied is allowed among its members"))
        bad, unread = _within(estate, group, hosts, rules.at(group.name), params["ports"])
        yield concluded(group, wrong + bad, open_ + lost + unread + mute)
    groups, silent_groups = pointing(estate, "hosts", "net.sg"), silent(estate, "hosts", "net.sg")
    for host in estate.kind("compute.host"):
        replies = [reply(host, "security_groups", bool), bool(groups.at(host.name)), *silent_groups]
        yield concluded(host, *settled_by(replies, ("不在任何安全组里", "is in no security group")))


def _members(estate: Estate, group: Resource, bound: Pointers) -> tuple[list[Resource], list[Words]]:
    """Hosts that the group names or that name the group, and those that are not here."""
    names = {*listing(group.get("hosts")), *(host.name for host in bound.at(group.name))}
    found = {name: estate.named("compute.host", name) for name in sorted(names)}
    lost = [missing(group, "compute.host", name) for name, host in found.items() if host is None]
    return [host for host in found.values() if host], untold(group, "hosts") or lost


def _roles(hosts: list[Resource]) -> Findings:
    """Do all of them have one role."""
    open_ = [words for host in hosts for words in untold(host, "role")]
    roles = {str(host.get("role")) for host in hosts if not untold(host, "role")}
    if len(roles) < 2:
        return [], open_
    names = listed(roles)
    return [(f"不同角色的主机({names})共用它", f"hosts of several roles ({names}) share it")], open_


def _within(estate: Estate, group: Resource, hosts: list[Resource], rules: list[Resource], most: int) -> Findings:
    """Do its rules come to all ports among its own members. Ports are summed, so that pieces are no way round."""
    homes = sorted(found for host in hosts for key in ("address6", "address4") if (found := span(host.get(key))))
    among: list[Rule] = []
    open_: list[Words] = []
    for one in sorted(rules, key=word):
        read = rule(estate, one)
        if isinstance(read, Looked):
            open_.append((f"规则 {one.name} 不能读", f"rule {one.name} cannot be read"))
            continue
        if read.ingress and (one.get("peer") == group.name or any(_holds(peer, homes) for peer in read.peers)):
            among.append(read)
    if sum(one.width for one in among) < most:
        return [], open_
    names = listed(one.resource.name for one in among)
    return [(f"规则 {names} 放行组内的全部端口", f"{names}: all ports among its own members")], open_


def _holds(peer: Span, homes: list[Span]) -> bool:
    """Is one of the addresses, which are sorted, in a prefix."""
    at = bisect_left(homes, (peer.version, peer.first))
    return at < len(homes) and homes[at].version == peer.version and homes[at].first <= peer.last
