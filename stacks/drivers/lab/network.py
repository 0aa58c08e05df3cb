"""Routers, lines and segments, made to agree with the records. In: records. Out: namespaces, devices, routes, faults,
and what the routers' daemons are told (`routing`), where there are any.

`converge` is the only one that decides: it may be run at any time, by any worker process, and does nothing where
all is well. The caller holds the lock `topology`.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from inventory.estate import Estate, Resource
from inventory.kinds.net import Link, Router, Subnet
from inventory.rendering import nodes, routes
from inventory.rendering.frr import frr
from inventory.rendering.nodes import Net
from stacks.drivers.base import DriverError
from stacks.drivers.lab import faults, lines, loss, names, routing, shell
from stacks.drivers.lab.faults import Harm
from stacks.drivers.lab.ports import make_space
from stacks.drivers.lab.records import Record, Records
from stacks.drivers.lab.shell import Device

PROTOCOL = 120
"""`proto` of computed routes, so that ours are told from the kernel's, the hosts' and a routing protocol's (FRR sweeps
away what has the number of one of its own, 186 for example)"""
FLOOR = 120
"""table of the routes between routers, asked where the main one knows nothing: there a routing protocol has its own"""
_AFTER_MAIN = 33000
"""priority of the rule; the main table's is 32766"""
_ROUTING = {
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv6/conf/default/forwarding": 1,
    "net/ipv6/conf/default/accept_dad": 0,
    "net/ipv6/conf/default/accept_ra": 0,
    "net/ipv6/conf/default/keep_addr_on_down": 1,
    "net/ipv4/ip_forward": 1,
}


Seen = dict[str, dict[str, Device]]
"""router → its devices"""


def converge(lab: str, records: Records) -> None:
    """Make every router, line, route and fault equal to the records. Idempotent; heals what a reboot took."""
    routers = {r.name: Router(**r.wanted) for r in records.of("net.router")}
    links = [Link(**r.wanted) for r in records.of("net.link")]
    segments = [Subnet(**r.wanted) for r in records.of("net.subnet")]
    harm = faults.harm(faults.of(records), links)
    for name in routers:
        if not shell.alive(names.netns(lab, "net.router", name)):
            routing.end(lab, name)  # in a namespace that nobody reaches any more
        make_space(names.netns(lab, "net.router", name), _ROUTING)
    lines.weed(lab, links)
    for link in links:
        lines.lay(lab, link)
    seen: Seen = {name: shell.devices(names.netns(lab, "net.router", name)) for name in routers}
    net = _net(routers, links, segments)
    edges = nodes.edges(net, partial(names.wire, lab))
    _star(lab, edges, seen)
    _weed(lab, seen, edges)
    _switch(lab, edges, harm, seen)
    for name, router in routers.items():
        loopback = str(ipaddress.ip_interface(router.loopback6))
        if loopback not in seen[name]["lo"].addresses:
            shell.ip(names.netns(lab, "net.router", name), f"addr replace {loopback} dev lo")
    _address(lab, edges, seen)
    _ports(lab, records, {s.name: s.router for s in segments}, seen)
    up = [
        edge for edge in edges
        if edge.name not in harm.avoided and all(seen[end][it].up for end, it in _ends(edge))
    ]  # fmt: skip
    for name, hops in routes.tables(routers, up, nodes.spread(net), nodes.numbers(net)).items():
        _table(names.netns(lab, "net.router", name), hops)
    files = _files(lab, records.of("net.router", "net.link"))
    routing.converge(lab, files if files and routing.way() == "frr" else {})


def has_segment(lab: str, router: str, cidr: str) -> bool:
    """Does the router answer for the prefix?"""
    space = names.netns(lab, "net.router", router)
    return shell.alive(space) and routes.Hop(nodes.normal(cidr), routes.UNREACHABLE) in _present(space)


def _files(lab: str, records: Iterable[Record]) -> dict[str, str]:
    """Router → what FRR is told there, for each that has somebody to speak to. Segments are not in it: their router
    takes them from its kernel, so nothing is told anew when one comes or goes."""
    estate = Estate(tuple(Resource(record.kind, record.name, "", "", record.wanted) for record in records))
    files = {it.name: frr(estate, it.name, partial(names.wire, lab), each=True) for it in estate.kind("net.router")}
    return {router: text for router, text in files.items() if "router bgp" in text}


def _net(routers: dict[str, Router], links: Iterable[Link], segments: Iterable[Subnet]) -> Net:
    """The records as the facts that routing is made of."""
    return Net(
        tuple(routes.Router(name, router.site or "", router.role) for name, router in routers.items()),
        {name: router.loopback6 for name, router in routers.items()},
        tuple(nodes.Line(line.name, line.routers, line.prefix6, line.rtt_ms, line.backup) for line in links),
        tuple(nodes.Segment(s.name, s.router, nodes.prefixes(s.cidr6, s.cidr4)) for s in segments),
        translated=nodes.translations((name, router.nat64, router.pool4) for name, router in routers.items()),
    )


def _star(lab: str, edges: Iterable[routes.Edge], seen: Seen) -> None:
    """Veth pairs inside sites; what is there is left alone."""
    for edge in edges:
        if all(device in seen[end] for end, device in _ends(edge)):
            continue
        ends = [(end, names.netns(lab, "net.router", end), device) for end, device in _ends(edge)]
        for end, space, device in ends:
            if device in seen[end]:  # half of an older pair
                shell.ip(space, f"link del {device}")
        lines.pair(*[(space, device) for _, space, device in ends])
        for end, space, device in ends:
            # the one link-local address that it is given is what a protocol then calls the next hop
            shell.ip(space, f"link set {device} addrgenmode none", f"link set {device} up")
            seen[end] = shell.devices(space)


def _ends(edge: routes.Edge) -> Iterable[tuple[str, str]]:
    """(router, device) of both ends."""
    return zip(edge.ends, edge.devices, strict=True)


def _switch(lab: str, edges: Iterable[routes.Edge], harm: Harm, seen: Seen) -> None:
    """Devices up and down, and deaf, as the faults have it."""
    down = {device for edge in edges if edge.name in harm.cut or harm.dead & {*edge.ends} for device in edge.devices}
    deaf = {device for edge in edges if edge.name in harm.lost for device in edge.devices}
    opened: dict[str, set[str]] = {}
    for router, devices in seen.items():
        space = names.netns(lab, "net.router", router)
        wanted = {
            device: not (device in down or router in harm.dead)
            for device in devices if device.startswith((names.wires(lab), names.ports(lab)))
        }  # fmt: skip
        turned = [f"link set {it} {'up' if up else 'down'}" for it, up in wanted.items() if devices[it].enabled != up]
        _at_once(space, turned, wanted)
        if turned:
            opened[router] = {it for it, up in wanted.items() if up and not devices[it].enabled}
        was = loss.silent(space)
        if was != deaf & devices.keys():
            loss.silence(space, deaf & devices.keys())
            _ask_again(space, (was - deaf) & devices.keys())
    if opened:  # both ends of each first, then a look at what came of it
        _settle(lab, opened, seen)


def _ask_again(space: str, devices: Iterable[str]) -> None:
    """Forget neighbours that did not answer while a device was down or deaf: else the first packets after a repair wait
    up to 3 s for the end of a question that was lost, and are lost too."""
    _at_once(space, [f"neigh flush dev {device}" for device in devices], devices)


def _settle(lab: str, opened: Mapping[str, set[str]], seen: Seen, seconds: float = 3) -> None:
    """Until the devices that were set up let packets through, those that have no carrier apart."""
    until = time.monotonic() + seconds
    while True:
        for router in seen:
            seen[router] = shell.devices(names.netns(lab, "net.router", router))
        late = [it for router, them in opened.items() for name, it in seen[router].items() if name in them and it.up]
        if all(it.ready for it in late) or time.monotonic() > until:
            break
        time.sleep(0.05)
    for router, them in opened.items():
        _ask_again(names.netns(lab, "net.router", router), them & seen[router].keys())


def _address(lab: str, edges: Iterable[routes.Edge], seen: Seen) -> None:
    """Addresses of the devices between routers, also those that a device lost while it was down."""
    for edge in edges:
        for (router, device), address in zip(_ends(edge), edge.addresses, strict=True):
            if seen[router][device].enabled and address not in seen[router][device].addresses:
                space = names.netns(lab, "net.router", router)
                shell.ip(space, f"addr replace {address} dev {device} nodad")


def _ports(lab: str, records: Records, behind: Mapping[str, str], seen: Seen) -> None:
    """Gateways and host routes of ports that were down: the kernel drops both with the device."""
    for record in records.of("compute.host", "sec.bastion"):
        router, port = behind.get(record.wanted["subnet"], ""), names.port(lab, record.kind, record.name)
        device = seen.get(router, {}).get(port)
        if record.whole and device and device.enabled and f"{nodes.GATEWAY}/64" not in device.addresses:
            end = nodes.Port(record.kind, record.name, router, record.wanted["address6"], record.wanted.get("address4"))
            _at_once(names.netns(lab, "net.router", router), nodes.at_router(end, port).batch().splitlines(), [port])
            space = names.netns(lab, record.kind, record.name)
            if shell.alive(space):
                _ask_again(space, [nodes.HOST_DEVICE])


def _at_once(space: str, commands: Iterable[str], devices: Iterable[str]) -> None:
    """Told to `ip`; a host's port may be taken away meanwhile, since hosts come and go without the lock."""
    try:
        shell.ip(space, *commands)
    except DriverError:
        if {*devices} <= shell.devices(space).keys():
            raise


def _weed(lab: str, seen: Seen, edges: Iterable[routes.Edge]) -> None:
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
    if not present:  # new, or cut short when it was
        _under_main(space)
    stale, missing = present - wanted, wanted - present
    lines = [f"route del {hop.prefix} proto {PROTOCOL}{_in(hop)}" for hop in sorted(stale, key=_order)]
    lines += [hop.text("add", PROTOCOL, _home(hop)) for hop in sorted(missing, key=_order)]
    shell.ip(space, *lines)


def _under_main(space: str) -> None:
    """The rules by which the floor is asked, once."""
    for family in ("-4", "-6"):
        if not any(rule.get("priority") == _AFTER_MAIN for rule in shell.ip_json(space, family, "rule", "show")):
            shell.run("ip", "-n", space, family, "rule", "add", "priority", str(_AFTER_MAIN), "lookup", str(FLOOR))


def _home(hop: routes.Hop) -> int | None:
    """What a router itself refuses is no way to anywhere: it stays in the main table, where protocols see it."""
    return None if hop.via == routes.UNREACHABLE else FLOOR


def _in(hop: routes.Hop) -> str:
    return f" table {home}" if (home := _home(hop)) else ""


def _order(hop: routes.Hop) -> tuple[str, str]:
    return hop.prefix, hop.via
