"""TEN-004: where networks of different levels meet, something decides what may pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from inventory.estate import Estate, Resource
from policies.checks.boundaries import DEVICES, Boundaries
from policies.checks.records import Findings, Reply, Said, absent, comparable, listing, one_of, settled_by, untold
from policies.checks.references import level_of, thing
from policies.checks.shape import Check, Looked, Params, Words, concluded, missing, not_applicable, settled, unknown

CHECK = Check(
    id="TEN-004",
    title_zh="不同等级区域之间有访问控制",
    title_en="Networks of different levels meet at a control",
    clauses=("GB/T 22239-2019 8.2.3.1 b)",),
    severity="high",
    severity_basis="boundary-access",
    scope="estate",
    kinds=("net.subnet", "net.peering"),
    fix_zh="让网段的路由器按状态、默认拒绝地过滤,或在边界放一台有策略的防火墙;不同等级的虚拟网络不直接对接",
    fix_en="let the segment's router filter by state and deny by default, or put a firewall with a policy at the edge; join "
    "networks of different levels through it only",
)
Ruled = Callable[[Resource], Reply]
_NO_CONTROL = ("与别的等级相接处没有访问控制", "nothing controls what passes where it meets other levels")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a segment and a peering. The network routes all segments to one another, so each level meets all."""
    del params
    policies = Said(estate, "firewall", "sec.fw_policy")
    ruled = partial(_ruled, policies)
    edges = Boundaries(estate, ruled)
    segments = estate.kind("net.subnet")
    # what is not known yet may be another level
    several = len({comparable(level_of(estate, one)) for one in segments}) > 1
    for one in segments:
        if not settled(level_of(estate, one)):
            yield unknown(one, "等级现在不能确定", "its level cannot be told now")
        elif not several:
            yield not_applicable(one, "没有别的等级的网段", "no segment of another level")
        else:
            yield concluded(one, *settled_by(_controls(edges, one), _NO_CONTROL))
    for one in estate.kind("net.peering"):
        if lacking := untold(one, "ends"):
            yield concluded(one, (), lacking)
        else:
            yield _joined(estate, ruled, one)


def _ruled(policies: Said, device: Resource) -> Reply:
    """Does it decide anything: a gap hands over only what it was told to, a firewall needs a policy."""
    return device.kind == "sec.gap" or one_of(policies.replies([device.name]))


def _controls(edges: Boundaries, segment: Resource) -> list[Reply]:
    return [edges.router(segment, "stateful", "default_deny"), *edges.devices(segment)]


def _joined(estate: Estate, ruled: Ruled, one: Resource) -> Looked:
    open_: list[Words] = []
    levels: set[object] = set()
    for name in sorted(listing(one.get("ends"))):
        network = estate.named("net.vpc", name)
        open_ += untold(network, "level") if network else [missing(one, "net.vpc", name)]
        levels.add(comparable(network.get("level") if network else None))
    if open_:
        return concluded(one, (), open_)
    if len(levels) < 2:
        return not_applicable(one, "两端等级相同", "both ends have one level")
    return concluded(one, *_between(estate, ruled, one))


def _between(estate: Estate, ruled: Ruled, one: Resource) -> Findings:
    """Is there a device between the ends of a peering, and does it decide anything."""
    via = one.get("via")
    if via is None:
        return [_NO_CONTROL], []
    if lacking := untold(one, "via"):
        return [], lacking
    device = thing(estate, via)
    if device is None:
        return [], [absent(one, via)]
    return settled_by([device.kind in DEVICES and ruled(device)], _NO_CONTROL)
