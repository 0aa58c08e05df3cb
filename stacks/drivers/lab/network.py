"""Routers, lines, segments and the bastion's place, made to agree with the records. In: records. Out: the kernel.

`converge` is the only one that decides: it may be run at any time, by any worker process, and does nothing where
all is well. The caller holds the lock `topology`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from inventory.kinds.net import Link, Router, Subnet
from stacks.drivers.lab import names, registry, routes, shell
from stacks.drivers.lab.records import Records

PROTOCOL = 186
"""`proto` of the routes between routers, so that ours are told from the kernel's and the hosts'"""
GATEWAY = "fe80::1"
"""every port of a router has it: the gateway of every host"""
_ROUTING = {
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv6/conf/default/forwarding": 1,
    "net/ipv6/conf/default/accept_dad": 0,
    "net/ipv6/conf/default/accept_ra": 0,
    "net/ipv6/conf/default/keep_addr_on_down": 1,
    "net/ipv4/ip_forward": 1,
}
_HOSTING = {"net/ipv6/conf/default/accept_dad": 0, "net/ipv6/conf/default/accept_ra": 0}


def converge(lab: str, records: Records) -> None:
    """Make every router, line and route equal to the records. Idempotent; heals what a reboot took."""
    routers = {r.name: Router(**r.wanted) for r in records.of("net.router")}
    lines = [Link(**r.wanted) for r in records.of("net.link")]
    segments = [Subnet(**r.wanted) for r in records.of("net.subnet")]
    for name, router in routers.items():
        _router(lab, name, router)
    edges = [_star(lab, pair, routers[pair[0]].site or "") for pair in _stars(routers)]
    edges += [_line(lab, line) for line in lines if set(line.routers) <= set(routers)]
    carriers = {name: shell.links(names.netns(lab, "net.router", name)) for name in routers}
    _weed(lab, carriers, edges)
    up = [e for e in edges if all(carriers[end].get(device) for end, device in zip(e.ends, e.devices, strict=True))]
    prefixes = [
        routes.Prefix(text, segment.router)
        for segment in segments
        for text in (segment.cidr6, segment.cidr4)
        if text is not None
    ]
    prefixes += [routes.Prefix(router.loopback6, name, rest=False) for name, router in routers.items()]
    prefixes += [routes.Prefix(line.prefix6, line.routers[0], rest=False) for line in lines]
    for name, hops in routes.tables(routers, up, [_normal(p) for p in prefixes]).items():
        _table(names.netns(lab, "net.router", name), hops)


def has_segment(lab: str, router: str, cidr: str) -> bool:
    """Does the router answer for the prefix?"""
    space = names.netns(lab, "net.router", router)
    if not shell.alive(space):
        return False
    return routes.Hop(str(ipaddress.ip_network(cidr)), routes.UNREACHABLE) in _present(space)


def line_devices(lab: str, line: Link) -> tuple[str, str]:
    """Devices of a line, at its two routers."""
    return names.wire(lab, "line", line.name, "0"), names.wire(lab, "line", line.name, "1")


def has_line(lab: str, line: Link) -> bool:
    """Is the line there, at both ends? (It may be cut.)"""
    for router, device in zip(line.routers, line_devices(lab, line), strict=True):
        space = names.netns(lab, "net.router", router)
        if not shell.alive(space) or device not in shell.links(space):
            return False
    return True


def attach(lab: str, router: str, kind: str, name: str, address6: str, address4: str | None) -> str:
    """A network namespace with one address, on a port of its own at a router; returns the namespace's name."""
    space, home = names.netns(lab, kind, name), names.netns(lab, "net.router", router)
    port = names.port(lab, kind, name)
    _space(space, _HOSTING)
    if not (port in shell.links(home) and "eth0" in shell.links(space)):
        detach(lab, router, kind, name, keep=True)
        shell.run("ip", "link", "add", port, "netns", home, "type", "veth", "peer", "name", "eth0", "netns", space)
    reach = [f"route replace {address6}/128 dev {port}"]
    leave = [f"addr replace {address6}/128 dev eth0 nodad", f"route replace ::/0 via {GATEWAY} dev eth0"]
    if address4:
        # IPv4 rides on IPv6 next hops both ways: the router needs no IPv4 address and nobody asks by ARP
        reach.append(f"route replace {address4}/32 via inet6 {address6} dev {port} onlink")
        leave += [f"addr replace {address4}/32 dev eth0", f"route replace 0.0.0.0/0 via inet6 {GATEWAY} dev eth0"]
    shell.ip(home, f"link set {port} up", f"addr replace {GATEWAY}/64 dev {port} nodad")
    shell.ip(space, "link set lo up", "link set eth0 up", *leave)
    shell.ip(home, *reach)
    return space


def attached(lab: str, router: str, kind: str, name: str) -> bool:
    """Is its port at the router there, with a carrier?"""
    space, home = names.netns(lab, kind, name), names.netns(lab, "net.router", router)
    return shell.alive(space) and shell.alive(home) and shell.links(home).get(names.port(lab, kind, name), False)


def detach(lab: str, router: str, kind: str, name: str, *, keep: bool = False) -> None:
    """Take the port away, and the namespace unless `keep`. The port first: a deleted namespace lets go of it late."""
    space, home = names.netns(lab, kind, name), names.netns(lab, "net.router", router)
    port = names.port(lab, kind, name)
    if shell.alive(home) and port in shell.links(home):
        shell.ip(home, f"link del {port}")
    elif shell.alive(space) and "eth0" in shell.links(space):
        shell.ip(space, "link del eth0")
    if not keep:
        remove_space(space)


def remove_space(space: str) -> None:
    """Gone afterwards; already gone is no error."""
    with registry.locked():
        if space in shell.namespaces():
            shell.run("ip", "netns", "del", space)


def _space(space: str, settings: dict[str, int]) -> None:
    if shell.alive(space):
        return
    with registry.locked():  # two first `ip netns add` at once trip over the shared mount
        if space in shell.namespaces():
            shell.forget([names.NETNS / space])  # a name that a reboot left without its namespace
        shell.run("ip", "netns", "add", space)
    shell.settings(space, settings)
    shell.ip(space, "link set lo up")


def _router(lab: str, name: str, router: Router) -> None:
    space = names.netns(lab, "net.router", name)
    _space(space, _ROUTING)
    shell.ip(space, f"addr replace {router.loopback6} dev lo")


def _stars(routers: dict[str, Router]) -> tuple[tuple[str, str], ...]:
    return routes.star(routes.Router(name, r.site or "", r.role) for name, r in routers.items())


def _star(lab: str, pair: tuple[str, str], site: str) -> routes.Edge:
    devices = names.wire(lab, "star", *pair, "0"), names.wire(lab, "star", *pair, "1")
    addresses = (GATEWAY, "fe80::2")
    _wire(lab, pair, devices, tuple(f"{address}/64" for address in addresses))
    return routes.Edge(f"{site}:{pair[1]}", pair, addresses, devices)


def _line(lab: str, line: Link) -> routes.Edge:
    network = ipaddress.ip_network(line.prefix6, strict=False)
    addresses = str(network[0]), str(network[1])
    devices = line_devices(lab, line)
    _wire(lab, line.routers, devices, tuple(f"{address}/{network.prefixlen}" for address in addresses))
    return routes.Edge(line.name, line.routers, addresses, devices, line.rtt_ms)


def _wire(lab: str, ends: tuple[str, str], devices: tuple[str, str], addresses: tuple[str, ...]) -> None:
    spaces = [names.netns(lab, "net.router", end) for end in ends]
    there = [device in shell.links(space) for space, device in zip(spaces, devices, strict=True)]
    if not all(there):
        for space, device, present in zip(spaces, devices, there, strict=True):
            if present:  # half of an older pair
                shell.ip(space, f"link del {device}")
        shell.run(
            "ip", "link", "add", devices[0], "netns", spaces[0], "type", "veth",
            "peer", "name", devices[1], "netns", spaces[1],
        )  # fmt: skip
        for space, device in zip(spaces, devices, strict=True):
            shell.ip(space, f"link set {device} up")
    for space, device, address in zip(spaces, devices, addresses, strict=True):
        shell.ip(space, f"addr replace {address} dev {device} nodad")


def _weed(lab: str, carriers: dict[str, dict[str, bool]], edges: Iterable[routes.Edge]) -> None:
    """Take away devices between routers that no record wants any more."""
    wanted = {device for edge in edges for device in edge.devices}
    for router, devices in carriers.items():
        for device in [d for d in devices if d.startswith(f"lz{lab}w") and d not in wanted]:
            space = names.netns(lab, "net.router", router)
            if device in shell.links(space):  # its other end may have been the first
                shell.ip(space, f"link del {device}")


def _normal(prefix: routes.Prefix) -> routes.Prefix:
    return routes.Prefix(str(ipaddress.ip_network(prefix.text, strict=False)), prefix.router, prefix.rest)


def _present(space: str) -> frozenset[routes.Hop]:
    found: set[routes.Hop] = set()
    for family, all_ in (("-6", "::/0"), ("-4", "0.0.0.0/0")):
        for row in shell.ip_json(space, family, "route", "show", "proto", str(PROTOCOL)):
            found.add(_hop(row, all_))
    return frozenset(found)


def _hop(row: dict[str, Any], all_: str) -> routes.Hop:
    prefix = str(ipaddress.ip_network(all_ if row["dst"] == "default" else row["dst"]))
    if row.get("type") == routes.UNREACHABLE:
        return routes.Hop(prefix, routes.UNREACHABLE)
    via = row.get("gateway") or row.get("via", {}).get("host", "")
    return routes.Hop(prefix, via, row.get("dev", ""))


def _table(space: str, wanted: frozenset[routes.Hop]) -> None:
    present = _present(space)
    gone = {hop.prefix for hop in present} - {hop.prefix for hop in wanted}
    lines = [f"route del {prefix} proto {PROTOCOL}" for prefix in sorted(gone)]
    for hop in sorted(wanted - present, key=lambda h: (h.prefix, h.via)):
        if any(old.prefix == hop.prefix for old in present):  # from a way to a refusal, or back: not one replace
            lines.append(f"route del {hop.prefix} proto {PROTOCOL}")
        if hop.via == routes.UNREACHABLE:
            lines.append(f"route replace unreachable {hop.prefix} metric 65000 proto {PROTOCOL}")
        else:
            lines.append(f"route replace {hop.prefix} via inet6 {hop.via} dev {hop.device} proto {PROTOCOL}")
    shell.ip(space, *lines)
