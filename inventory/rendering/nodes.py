"""Addresses and routes of every node: in, the estate, or the same facts from elsewhere; out, one table a node, as data
and as text for `ip -batch`. The lab's driver builds what these tables say, reachability proves over them.

A routed /128 (and /32) for each host on a port of its own: there is no bridge, so every packet crosses the router.
Prefixes of IPv4 ride on IPv6 next hops: no router has an IPv4 address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_interface, ip_network
from typing import Any

from inventory.estate import Estate, Resource, known
from inventory.problems import Problem, Refused
from inventory.rendering import routes
from inventory.rendering.routes import Edge, Hop

GATEWAY = "fe80::1"
"""every port of a router has it: the gateway of every host"""
_NEIGHBOUR = "fe80::2"
"""the other end of a line inside a site"""
HOST_DEVICE = "eth0"

Namer = Callable[..., str]
"""(what, names …) → a device's name of at most 15 characters; what is one of `_HEADS`"""
_HEADS = {"line": "l", "star": "i", "port": "p", "segment": "s"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line between two sites' routers; `prefix6` is its /127."""

    name: str
    routers: tuple[str, str]
    prefix6: str
    rtt_ms: float
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment behind its router."""

    name: str
    router: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """A host or a bastion on a port of its router. `kind` and `name` are those of its resource."""

    kind: str
    name: str
    router: str
    address6: str
    address4: str | None = None


@dataclass(frozen=True)
class Net:
    """What routing depends on, and nothing else."""

    routers: tuple[routes.Router, ...]
    loopbacks: Mapping[str, str]
    """router → /128"""
    lines: tuple[Line, ...] = ()
    segments: tuple[Segment, ...] = ()
    ports: tuple[Port, ...] = ()
    translated: tuple[routes.Prefix, ...] = ()
    """prefixes of translators, at their routers"""


@dataclass(frozen=True)
class Table:
    """Of one node. A router's loopback is on `lo`."""

    addresses: tuple[tuple[str, str], ...]
    """(device, address/length)"""
    hops: frozenset[Hop]

    def batch(self) -> str:
        """For `ip -batch`: addresses first, since routes go over them. Twice gives the same."""
        lines = [f"addr replace {address} dev {device}{_quiet(address)}" for device, address in self.addresses]
        lines += [hop.text() for hop in sorted(self.hops, key=_order)]
        return "".join(f"{line}\n" for line in lines)


def device(what: str, *names: str) -> str:
    """A name of at most 15 characters, as the kernel wants, that says what it is for where there is room."""
    plain = f"{_HEADS[what]}-{'-'.join(names)}"
    return plain if len(plain) <= 15 else f"{_HEADS[what]}-{sha256('|'.join((what, *names)).encode()).hexdigest()[:13]}"


def net(estate: Estate) -> Net:
    """The facts of routing in an estate. Refused where an address is not known yet."""
    kinds = ("net.router", "net.link", "net.subnet", "compute.host", "sec.bastion")
    wanted = (
        "router",
        "routers",
        "loopback6",
        "prefix6",
        "nat64",
        "pool4",
        "cidr6",
        "cidr4",
        "subnet",
        "address6",
        "address4",
    )
    unknown = [r for r in estate.kind(*kinds) if not all(known(r.get(key)) for key in wanted)]
    if unknown:
        raise Refused(_not_known(resource) for resource in unknown)
    behind = {s.name: s["router"] for s in estate.kind("net.subnet")}
    ends = [r for r in estate.kind("compute.host", "sec.bastion") if r.get("address6") and r["subnet"] in behind]
    routers = estate.kind("net.router")
    return Net(
        tuple(routes.Router(r.name, r.get("site") or "", r["role"]) for r in routers),
        {r.name: r["loopback6"] for r in routers},
        tuple(
            Line(
                line.name,
                (line["routers"][0], line["routers"][1]),
                line["prefix6"],
                float(line["rtt_ms"]),
                bool(line.get("backup")),
            )
            for line in estate.kind("net.link")
        ),
        tuple(Segment(s.name, s["router"], prefixes(s["cidr6"], s.get("cidr4"))) for s in estate.kind("net.subnet")),
        tuple(Port(e.kind, e.name, behind[e["subnet"]], e["address6"], e.get("address4")) for e in ends),
        translations((router.name, router.get("nat64"), router.get("pool4")) for router in routers),
    )


def translations(routers: Iterable[tuple[str, str | None, str | None]]) -> tuple[routes.Prefix, ...]:
    """What translators have, at their routers. In: name, NAT64 prefix, IPv4 pool."""
    return tuple(
        routes.Prefix(normal(text), name, rest=False)
        for name, nat64, pool4 in routers
        for text in (nat64, pool4)
        if text and nat64 and pool4
    )


def tables(of: Net, name: Namer = device, down: Iterable[str] = ()) -> dict[str, Table]:
    """Every node's table, by the node's name: routers, hosts, bastions. `down`: lines that are cut, by name."""
    cut = set(down)
    between = edges(of, name)
    found = routes.tables(
        [router.name for router in of.routers],
        [edge for edge in between if edge.name not in cut],
        spread(of),
        numbers(of),
    )
    addresses: dict[str, list[tuple[str, str]]] = {
        r: [("lo", str(ip_interface(text)))] for r, text in of.loopbacks.items()
    }
    for edge in between:
        for end, device_, address in zip(edge.ends, edge.devices, edge.addresses, strict=True):
            addresses.setdefault(end, []).append((device_, address))
    hops = {router: set(table) for router, table in found.items()}
    made: dict[str, Table] = {}
    for port in of.ports:
        here, there = at_router(port, name("port", port.kind, port.name)), at_host(port)
        addresses.setdefault(port.router, []).extend(here.addresses)
        hops.setdefault(port.router, set()).update(here.hops)
        made[port.name] = there
    both = {router: Table(tuple(sorted(addresses.get(router, ()))), frozenset(table)) for router, table in hops.items()}
    return {**dict(sorted(both.items())), **dict(sorted(made.items()))}


def edges(of: Net, name: Namer = device) -> tuple[Edge, ...]:
    """What joins routers: lines between sites, and inside a site each router to the first core router."""
    there = {router.name for router in of.routers}
    found = []
    for pair in routes.star(of.routers):
        devices = name("star", *pair, "0"), name("star", *pair, "1")
        found.append(Edge("star", pair, (f"{GATEWAY}/64", f"{_NEIGHBOUR}/64"), devices))
    for line in of.lines:
        if set(line.routers) <= there:
            net_ = ip_network(line.prefix6, strict=False)
            addresses = f"{net_[0]}/{net_.prefixlen}", f"{net_[1]}/{net_.prefixlen}"
            devices = name("line", line.name, "0"), name("line", line.name, "1")
            cost = routes.cost(line.rtt_ms, line.backup)
            found.append(Edge(line.name, line.routers, addresses, devices, cost, int(net_.network_address)))
    return tuple(found)


def numbers(of: Net) -> dict[str, int]:
    """Of every router that has a loopback: the last 32 bits of it, which no two share. Its router id in protocols, and
    what decides between ways that are equal otherwise."""
    return {name: number(text) for name, text in of.loopbacks.items()}


def number(loopback: str) -> int:
    """Of the router that has it."""
    return int(ip_interface(loopback).ip) & 0xFFFFFFFF or 1 << 31


def spread(of: Net) -> tuple[routes.Prefix, ...]:
    """Every prefix, at the router that it lies at."""
    found = [routes.Prefix(text, segment.router) for segment in of.segments for text in segment.prefixes]
    found += [routes.Prefix(normal(text), name, rest=False) for name, text in of.loopbacks.items()]
    found += [routes.Prefix(normal(line.prefix6), line.routers[0], rest=False) for line in of.lines]
    return (*found, *of.translated)


def at_router(port: Port, device_: str) -> Table:
    """What a host's port adds to its router."""
    hops = {Hop(f"{port.address6}/128", "", device_)}
    if port.address4:
        # IPv4 rides on IPv6 next hops both ways: the router needs no IPv4 address and nobody asks by ARP
        hops.add(Hop(f"{port.address4}/32", port.address6, device_, onlink=True))
    return Table(((device_, f"{GATEWAY}/64"),), frozenset(hops))


def at_host(port: Port) -> Table:
    """The whole table of a host."""
    addresses, hops = [(HOST_DEVICE, f"{port.address6}/128")], {Hop("::/0", GATEWAY, HOST_DEVICE)}
    if port.address4:
        addresses.append((HOST_DEVICE, f"{port.address4}/32"))
        hops.add(Hop("0.0.0.0/0", GATEWAY, HOST_DEVICE))
    return Table(tuple(addresses), frozenset(hops))


def prefixes(cidr6: str, cidr4: str | None) -> tuple[str, ...]:
    """Of a segment, in normal form."""
    return tuple(normal(text) for text in (cidr6, cidr4) if text)


@lru_cache(maxsize=65536)
def normal(prefix: str) -> str:
    """RFC 5952, no bits below the length."""
    return str(ip_network(prefix, strict=False))


def _quiet(address: str) -> str:
    # nobody else can have it: waiting for duplicates would only delay the first packet
    return " nodad" if ":" in address else ""


def _order(hop: Hop) -> tuple[Any, ...]:
    # a next hop must be reachable when its route is made: what is on the link comes first, IPv6 before IPv4 over it
    net_ = ip_network(hop.prefix)
    return bool(hop.via), -net_.version, -net_.prefixlen, int(net_.network_address), hop.via


def _not_known(resource: Resource) -> Problem:
    return Problem(
        "rendering.unknown", "地址尚未知,不能生成路由:先运行 ./lz plan",
        "has addresses that are not known yet, so there are no routes: run ./lz plan first",
        f"{resource.kind}/{resource.name}",
    )  # fmt: skip
