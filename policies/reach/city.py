"""The estate → a network. In: an estate, planned or deployed. Out: its nodes with what is rendered for them.

Hosts have the very text that is installed on them, read back; routers the routes that follow from the lines; a load
balancer ends connections at its listeners and opens new ones to its members; the internet is one place, joined to the
routers of the segments that have a route to it, and knows the way to these segments and no others. The bastion is an
address without a filter. What cannot be read is told in `open`, and nothing is concluded of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from ipaddress import ip_address
from typing import Any, Final, Literal

from inventory.estate import Estate, Resource
from inventory.problems import Refused
from inventory.rendering.routes import cost
from policies.checks.shape import Words, settled, texts
from policies.reach import installed, routing
from policies.reach.fields import Field, addresses
from policies.reach.filters import Chain, Rule, Ruleset
from policies.reach.network import NO_RULES, Link, Network, Node, Route, Service

INTERNET: Final = "outside:internet"
PORT: Final = "eth0"
"""a host's interface"""
PORTS: Final = "port-"
"""how a router's interfaces towards hosts begin"""
_DEFAULTS: Final = (Route("::/0", PORT), Route("0.0.0.0/0", PORT))
_PROTOCOLS: Final = {"udp": 17}
"""of a listener; every other is TCP"""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that is gone, and that routing has noticed."""

    kind: Literal["link", "router", "site"]
    name: str
    resource: Resource

    @property
    def key(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, eq=False)
class City:
    """A network and where it comes from."""

    estate: Estate
    network: Network
    places: Mapping[str, Resource]
    """node → the host, bastion, balancer or router that it is"""
    attached: Mapping[str, str]
    """node → the router that it hangs on"""
    edges: tuple[routing.Edge, ...]
    held: tuple[routing.Held, ...]
    own: Mapping[str, tuple[Route, ...]]
    """router → its routes to what hangs on it"""
    open: tuple[tuple[Resource, Words], ...]
    """what could not be read, and why"""
    texts: Mapping[str, str] = field(default_factory=dict)
    """digest → the text of a filter"""

    def after(self, lost: Loss) -> Network:
        """The network without it, once every router has found its new ways."""
        if lost.kind == "link":
            return self._rebuilt((), [lost.name])
        if lost.kind == "router":
            return self._rebuilt([_router(lost.name)], ())
        there = {name for name, one in self.places.items() if one.get("site") == lost.name}
        return self._rebuilt({*there, *(end for end, router in self.attached.items() if router in there)}, ())

    def routed(self) -> Network:
        """The network with its routes worked out from the lines and prefixes."""
        return self._rebuilt((), ())

    def _rebuilt(self, nodes: Collection[str], links: Collection[str]) -> Network:
        left = self.network.without(nodes, links)
        edges = [edge for edge in self.edges if edge.name not in links]
        routers = [node.name for node in left.nodes if node.name in self.own]
        routes = routing.tables(routers, edges, [one for one in self.held if one.router not in nodes])
        return Network(
            tuple(
                replace(node, routes=(*routes[node.name], *self.own[node.name])) if node.name in self.own else node
                for node in left.nodes
            ),
            left.links,
        )


def city(estate: Estate, read_before: Mapping[str, str] | None = None) -> City:
    """The network of an estate. Nothing is refused: what cannot be read is in `open`. `read_before` are filters that
    were read and understood before, by digest: see `policies.reach.installed`."""
    return _Builder(estate, read_before or {}).built()


def losses(of: City) -> tuple[Loss, ...]:
    """Every line between sites (all of its lines together), every router that nothing stands in for, every site."""
    found: list[Loss] = []
    sites: dict[str, Resource] = {}
    known = {edge.name for edge in of.edges}
    for link in of.estate.kind("net.link"):
        if link.name in known:
            found.append(Loss("link", link.name, link))
    for router in sorted((of.places[name] for name in of.own), key=lambda r: (r.get("role") != "core", r.name)):
        if settled(router.get("count")) and _number(router.get("count"), 0) < 2:
            found.append(Loss("router", router.name, router))
        sites.setdefault(str(router.get("site")), router)
    return (*found, *(Loss("site", site, router) for site, router in sorted(sites.items(), key=lambda item: item[0])))


class _Builder:
    """As long as one city is built."""

    def __init__(self, estate: Estate, read_before: Mapping[str, str]) -> None:
        self.estate, self.read_before = estate, read_before
        self.nodes: list[Node] = []
        self.links: list[Link] = []
        self.places: dict[str, Resource] = {}
        self.attached: dict[str, str] = {}
        self.own: dict[str, list[Route]] = {}
        self.open: list[tuple[Resource, Words]] = []
        self.texts: dict[str, str] = {}
        self.held: list[routing.Held] = []
        self.segments: dict[str, tuple[Resource, list[str]]] = {}
        self.outside: list[Route] = []
        self.spans: list[tuple[int, int, Resource]] = []

    def built(self) -> City:
        routers = [one for one in self.estate.kind("net.router") if self._read(one, "site", "role", "loopback6")]
        self.own = {_router(one.name): [] for one in routers}
        edges = self._edges(routers)
        for segment in self.estate.kind("net.subnet"):
            self._segment(segment)
        for host in sorted(self.estate.kind("compute.host", "sec.bastion"), key=lambda r: (r.kind, r.name)):
            self._host(host)
        for balancer in self.estate.kind("net.lb"):
            self._balancer(balancer)
        if self.outside:
            self.nodes.append(Node(INTERNET, "outside", ("::/0", "0.0.0.0/0"), tuple(self.outside)))
        tables = routing.tables(self.own, edges, self.held)
        for one in routers:
            local = tuple(text for text in (_address(one.get("loopback6")),) if text)
            name = _router(one.name)
            routes = (*tables[name], *self.own[name])
            self._add(Node(name, "router", local, routes, NO_RULES, forwards=True), one)
        self.links += [Link(e.name, ((e.ends[0], e.name), (e.ends[1], e.name))) for e in edges]
        return City(
            self.estate, Network(tuple(self.nodes), tuple(self.links)), self.places, self.attached, edges,
            tuple(self.held), {name: tuple(routes) for name, routes in self.own.items()}, tuple(self.open),
            self.texts,
        )  # fmt: skip

    def _edges(self, routers: Iterable[Resource]) -> tuple[routing.Edge, ...]:
        for one in routers:
            if loopback := _address(one.get("loopback6")):
                self.held.append(routing.Held(loopback, _router(one.name), rest=False))
        stars = routing.star((_router(r.name), str(r["site"]), str(r["role"])) for r in routers)
        found = {edge.name: edge for edge in stars}
        for line in self.estate.kind("net.link"):
            if not self._read(line, "routers", "rtt_ms", "prefix6"):
                continue
            ends = tuple(map(_router, texts(line["routers"])))
            far = _number(line["rtt_ms"], -1)
            if len(set(ends)) == 2 and all(end in self.own for end in ends) and far >= 0:
                length = cost(far, line.get("backup") is True)
                there = _prefix(line["prefix6"])
                rank = addresses(line["prefix6"])[0] if there else 0
                found[line.name] = routing.Edge(line.name, (ends[0], ends[1]), length, rank)
                if there:
                    self.held.append(routing.Held(line["prefix6"], ends[0], rest=False))
            else:
                self._unread(line, "它的路由器不在被检查的范围内,或时延读不懂",
                             "its routers are not in what was judged, or its delay cannot be read")  # fmt: skip
        return tuple(found.values())

    def _segment(self, segment: Resource) -> None:
        if not self._read(segment, "cidr6", "router"):
            return
        router = _router(segment["router"])
        prefixes = [text for text in (segment.get("cidr6"), segment.get("cidr4")) if text and settled(text)]
        if router not in self.own or not all(map(_prefix, prefixes)):
            self._unread(segment, "它的路由器或前缀不能确定", "its router or prefix cannot be told")
            return
        self.segments[segment.name] = (segment, prefixes)
        self.held += [routing.Held(prefix, router) for prefix in prefixes]
        if segment.get("internet_route") is True:
            if not any(route.out == router for route in self.outside):
                self.links.append(Link(f"{INTERNET}-{router}", ((INTERNET, router), (router, INTERNET))))
                self.own[router] += [Route("::/0", INTERNET), Route("0.0.0.0/0", INTERNET)]
            self.outside += [Route(prefix, router) for prefix in prefixes]

    def _host(self, host: Resource) -> None:
        if not self._read(host, "subnet", "address6"):
            return
        local = self._local(host, "address6", "address4")
        segment = self.segments.get(str(host["subnet"]))
        if not local or segment is None:
            self._unread(host, "它的地址或网段不能确定", "its address or segment cannot be told")
            return
        rules = NO_RULES
        if host.kind == "compute.host":
            try:
                rules, text = installed.filter_of(self.estate, host, self.read_before)
                self.texts[rules.digest] = text
            except (Refused, ValueError, TypeError, KeyError, IndexError):
                self._unread(host, "它的访问规则还不能生成", "its packet filter cannot be made yet")
                return
        name = host.name if host.kind == "compute.host" else f"bastion:{host.name}"
        self._attach(Node(name, "host", local, _DEFAULTS, rules), host, _router(segment[0]["router"]))

    def _balancer(self, balancer: Resource) -> None:
        if not self._read(balancer, "vip6", "members"):
            return
        local = self._local(balancer, "vip6", "vip4")
        segment = self._around(local[0]) if local else None
        listeners = [one for one in self.estate.where("lb", balancer.name) if one.kind == "net.listener"]
        if not local or segment is None or not all(_number(one.get("port"), -1) >= 0 for one in listeners):
            self._unread(balancer, "它的地址或监听不能确定", "its address or listeners cannot be told")
            return
        members = [host for name in texts(balancer["members"]) if (host := self.estate.named("compute.host", name))]
        services = tuple(self._services(listeners, local, members))
        node = Node(
            f"lb:{balancer.name}", "balancer", local, _DEFAULTS, _listens(balancer.name, services), services=services
        )
        self._attach(node, balancer, _router(segment["router"]))

    def _around(self, address: str) -> Resource | None:
        """The segment that an address lies in. Segments do not overlap (NET-003)."""
        if not self.spans:
            found = ((*addresses(p), segment) for segment, prefixes in self.segments.values() for p in prefixes)
            self.spans = sorted(found, key=lambda span: span[:2])
        at = addresses(address)[0]
        index = bisect_right(self.spans, at, key=lambda span: span[0]) - 1
        return self.spans[index][2] if index >= 0 and self.spans[index][1] >= at else None

    def _services(
        self, listeners: Iterable[Resource], local: tuple[str, ...], members: Iterable[Resource]
    ) -> Iterable[Service]:
        hosts = list(members)
        for listener in listeners:
            protocol = _PROTOCOLS.get(str(listener.get("protocol")), 6)
            for address in local:
                key = "address4" if ip_address(address).version == 4 else "address6"
                there = tuple(text for host in hosts if (text := _address(host.get(key))))
                yield Service(listener.name, address, protocol, int(listener["port"]), there)

    def _attach(self, node: Node, resource: Resource, router: str) -> None:
        self._add(node, resource)
        self.attached[node.name] = router
        port = PORTS + node.name
        self.links.append(Link(port, ((node.name, PORT), (router, port))))
        self.own[router] += [Route(text, port) for text in node.local]

    def _add(self, node: Node, resource: Resource) -> None:
        self.nodes.append(node)
        self.places[node.name] = resource

    def _local(self, resource: Resource, *keys: str) -> tuple[str, ...]:
        return tuple(text for key in keys if (text := _address(resource.get(key))))

    def _read(self, resource: Resource, *keys: str) -> bool:
        hidden = [key for key in keys if resource.get(key) is None or not settled(resource.get(key))]
        if hidden:
            words = ", ".join(hidden)
            self._unread(resource, f"{words} 尚未确定", f"{words}: not known yet")
        return not hidden

    def _unread(self, resource: Resource, zh: str, en: str) -> None:
        what = f"{resource.kind} {resource.name}"
        self.open.append((resource, (f"{what}:{zh}", f"{what}: {en}")))


def _router(name: Any) -> str:
    """The node of a router: hosts and routers are named apart."""
    return f"router:{name}"


def _listens(name: str, services: Iterable[Service]) -> Ruleset:
    """A balancer takes what it listens for, answers to what it asked, and nothing else."""
    rules = [Rule(((Field.STATE, ((1, 2),)),), "accept", text="established")]
    for one in services:
        ranges = (
            (Field.TARGET, (addresses(one.address),)), (Field.PROTOCOL, ((one.protocol, one.protocol),)),
            (Field.PORT, ((one.port, one.port),)),
        )  # fmt: skip
        rules.append(Rule(ranges, "accept", text=one.name, name=one.name))
    chain = Chain("input", tuple(rules), hook="input", policy="drop")
    return Ruleset(name, (chain,), blake2b(repr(chain).encode(), digest_size=16).hexdigest())


def _address(text: Any) -> str | None:
    """Of an address or a /32 or /128, its text; None where it is neither."""
    if not isinstance(text, str):
        return None  # a number is an address to Python
    try:
        low, high = addresses(text)
    except ValueError:
        return None
    return str(text).partition("/")[0] if low == high else None


def _prefix(text: Any) -> bool:
    if not isinstance(text, str):
        return False
    try:
        addresses(text)
    except ValueError:
        return False
    return True


def _number(value: Any, otherwise: float) -> float:
    """A figure that can be counted with; not of what is none, nor infinity."""
    return float(value) if isinstance(value, int | float) and -(2**63) < value < 2**63 else otherwise
