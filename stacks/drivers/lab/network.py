"""Routers, lines and segments, made to agree with the records. In: records. Out: namespaces, veth pairs, routes.

`converge` is the only one that decides: it may be run at any time, by any worker process, and does nothing where
all is well. The caller holds the lock `topology`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import partial
from typing import Any

from inventory.kinds.net import Link, Router, Subnet
from inventory.rendering import nodes, routes
from inventory.rendering.nodes import Net
from stacks.drivers.base import DriverError
from stacks.drivers.lab import names, shell
from stacks.drivers.lab.ports import make_space
from stacks.drivers.lab.records import Records
from stacks.drivers.lab.shell import Device

PROTOCOL = 186
"""`proto` of the routes between routers, so that ours are told from the kernel's and the hosts'"""
_ROUTING = {
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv6/conf/default/forwarding": 1,
    "net/ipv6/conf/default/accept_dad": 0,
    "net/ipv6/conf/default/accept_ra": 0,
    "net/ipv6/conf/default/keep_addr_on_down": 1,
    "net/ipv4/ip_forward": 1,
}


def converge(lab: str, records: Records) -> None:
    """Make every router, line and route equal to the records. Idempotent; heals what a reboot took."""
    routers = {r.name: Router(**r.wanted) for r in records.of("net.router")}
    lines = [Link(**r.wanted) for r in records.of("net.link")]
    segments = [Subnet(**r.wanted) for r in records.of("net.subnet")]
    seen: dict[str, dict[str, Device]] = {}
    for name, router in routers.items():
        space = names.netns(lab, "net.router", name)
        make_space(space, _ROUTING)
        seen[name] = shell.devices(space)
        loopback = str(ipaddress.ip_interface(router.loopback6))
        if loopback not in seen[name]["lo"].addresses:
            shell.ip(space, f"addr replace {loopback} dev lo")
    net = _net(routers, lines, segments)
    edges = nodes.edges(net, partial(names.wire, lab))
    for edge in edges:
        _wire(lab, edge, seen)
    _weed(lab, seen, edges)
    up = [e for e in edges if all(seen[end][device].up for end, device in zip(e.ends, e.devices, strict=True))]
    for name, hops in routes.tables(routers, up, nodes.spread(net)).items():
        _table(names.netns(lab, "net.router", name), hops)


def has_segment(lab: str, router: str, cidr: str) -> bool:
    """Does the router answer for the prefix?"""
    space = names.netns(lab, "net.router", router)
    return shell.alive(space) and routes.Hop(nodes.normal(cidr), routes.UNREACHABLE) in _present(space)


def has_line(lab: str, line: Link) -> bool:
    """Is the line there, at both ends? (It may be cut.)"""
    for router, device in zip(line.routers, _devices(lab, line), strict=True):
        space = names.netns(lab, "net.router", router)
        if not shell.alive(space) or device not in shell.devices(space):
            return False
    return True


def switch(lab: str, records: Records, line: Link, *, up: bool) -> None:
    """Cut a line, or mend it; routes go another way where there is one."""
    for router, device in zip(line.routers, _devices(lab, line), strict=True):
        shell.ip(names.netns(lab, "net.router", router), f"link set {device} {'up' if up else 'down'}")
    converge(lab, records)


def _net(routers: dict[str, Router], lines: Iterable[Link], segments: Iterable[Subnet]) -> Net:
    """The records as the facts that routing is made of."""
    return Net(
        tuple(routes.Router(name, router.site or "", router.role) for name, router in routers.items()),
        {name: router.loopback6 for name, router in routers.items()},
        tuple(nodes.Line(line.name, line.routers, line.prefix6, line.rtt_ms) for line in lines),
        tuple(nodes.Segment(s.name, s.router, nodes.prefixes(s.cidr6, s.cidr4)) for s in segments),
    )


def _devices(lab: str, line: Link) -> tuple[str, str]:
    return names.wire(lab, "line", line.name, "0"), names.wire(lab, "line", line.name, "1")


def _wire(lab: str, edge: routes.Edge, seen: dict[str, dict[str, Device]]) -> None:
    """A veth pair between two routers, with its addresses; what is well is left alone, also a cut line."""
    ends = [
        (end, names.netns(lab, "net.router", end), device) for end, device in zip(edge.ends, edge.devices, strict=True)
    ]
    if not all(device in seen[end] for end, _, device in ends):
        for end, space, device in ends:
            if device in seen[end]:  # half of an older pair
                shell.ip(space, f"link del {device}")
        (_, here, mine), (_, there, theirs) = ends
        shell.run("ip", "link", "add", mine, "netns", here, "type", "veth", "peer", "name", theirs, "netns", there)
        for _, space, device in ends:
            shell.ip(space, f"link set {device} up")
        for end, space, _ in ends:
            seen[end] = shell.devices(space)
    for (end, space, device), address in zip(ends, edge.addresses, strict=True):
        if address not in seen[end][device].addresses:
            shell.ip(space, f"addr replace {address} dev {device} nodad")


def _weed(lab: str, seen: dict[str, dict[str, Device]], edges: Iterable[routes.Edge]) -> None:
    """Take away devices between routers that no record wants any more."""
    wanted = {device for edge in edges for device in edge.devices}
    for router, devices in seen.items():
        space = names.netns(lab, "net.router", router)
        for device in [d for d in devices if d.startswith(names.wires(lab)) and d not in wanted]:
            try:
                shell.ip(space, f"link del {device}")
            except DriverError:
                if device in shell.devices(
                    space
                ):  # else it went with its other end, which the kernel takes its time for
                    raise


def _present(space: str) -> frozenset[routes.Hop]:
    """Our routes of a router, of both families."""
    shown = shell.ip_json(space, "route", "show", "table", "all", "proto", str(PROTOCOL))
    return frozenset(_hop(row) for row in shown)


def _hop(row: dict[str, Any]) -> routes.Hop:
    prefix = nodes.normal(row["dst"])
    if row.get("type") == routes.UNREACHABLE:
        return routes.Hop(prefix, routes.UNREACHABLE)
    via = row.get("gateway") or row.get("via", {}).get("host", "")
    return routes.Hop(prefix, via, row.get("dev", ""))


def _table(space: str, wanted: frozenset[routes.Hop]) -> None:
    present = _present(space)
    stale = {hop.prefix for hop in present - wanted}
    lines = [f"route del {prefix} proto {PROTOCOL}" for prefix in sorted(stale)]
    lines += [hop.text("add", PROTOCOL) for hop in sorted(wanted - present, key=lambda hop: (hop.prefix, hop.via))]
    shell.ip(space, *lines)
