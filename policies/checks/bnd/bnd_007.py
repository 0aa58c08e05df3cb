"""BND-007: where a segment meets others something remembers connections; a list without memory never stands alone."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.boundaries import Boundaries
from policies.checks.records import Findings, Reply, Said, jointly, listing, reply, settled_by, untold
from policies.checks.shape import Check, Looked, Params, Words, concluded, missing, not_applicable, passed

CHECK = Check(
    id="BND-007",
    title_zh="边界按会话状态过滤",
    title_en="Boundaries filter by the state of connections",
    clauses=("GB/T 22239-2019 8.1.3.2 d)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.subnet", "net.acl"),
    fix_zh="在区域边界启用有状态的路由器过滤或防火墙;无状态的 ACL 之外,再给主机配安全组",
    fix_en="let the router filter by state or put a stateful firewall at the boundary; beside a stateless list give the hosts "
    "security groups",
)
_NO_MEMORY = ("边界上没有按会话状态过滤的设备", "nothing at its boundary filters by state")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a segment and a list."""
    del params
    edges = Boundaries(estate, _remembers)
    for segment in estate.kind("net.subnet"):
        yield concluded(segment, *settled_by(_guards(edges, segment), _NO_MEMORY))
    hosts = Said(estate, "subnet", "compute.host", says=_grouped, fold=jointly)
    for acl in estate.kind("net.acl"):
        if lacking := untold(acl, "stateful"):
            yield concluded(acl, (), lacking)
        elif acl.get("stateful"):
            yield passed(acl)
        elif lacking := untold(acl, "subnets"):
            yield concluded(acl, (), lacking)
        elif not (names := listing(acl.get("subnets"))):
            yield not_applicable(acl, "没有用在任何网段上", "is used on no segment")
        else:
            wrong: list[Words] = []
            open_: list[Words] = []
            for name in sorted(names):
                bad, unread = _alone(estate, edges, hosts, acl, name)
                wrong += bad
                open_ += unread
            yield concluded(acl, wrong, open_)


def _remembers(device: Resource) -> Reply:
    """Does a device at the boundary know connections; a gap ends every one."""
    return device.kind == "sec.gap" or reply(device, "stateful")


def _grouped(host: Resource) -> Reply:
    return reply(host, "security_groups", bool)


def _guards(edges: Boundaries, segment: Resource) -> list[Reply]:
    return [edges.router(segment, "stateful"), *edges.devices(segment)]


def _alone(estate: Estate, edges: Boundaries, hosts: Said, acl: Resource, name: str) -> Findings:
    """Is nothing beside the list on a segment: no device, and a host without a group (or no host at all)."""
    segment = estate.named("net.subnet", name)
    if segment is None:
        return [], [missing(acl, "net.subnet", name)]
    wrong = (f"网段 {name} 只有这个无状态的 ACL", f"segment {name} has this stateless list only")
    return settled_by([*_guards(edges, segment), hosts.of(name)], wrong)
