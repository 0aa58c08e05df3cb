"""What is proved of a city, worked out once for all checks. In: a `City`. Out: who reaches whom, with what, and witnesses.

Sources are hosts (from their own addresses), the bastion, load balancers (the connections that they open) and the
internet (from any address at all, also a stolen one). `arrivals` is what really arrives, by the rendered filters and the
routes; `declared` what people meant it to be (`policies.reach.meaning`). `changes` says what a loss takes away or opens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from inventory.estate import Estate
from policies.reach.city import PORTS, City, Loss, city
from policies.reach.connections import opening
from policies.reach.fields import Field, addresses
from policies.reach.filters import passed
from policies.reach.headers import Headers, Space
from policies.reach.meaning import Meant
from policies.reach.network import Link, Network, Node, Route
from policies.reach.spreading import End, Reached, reach, sent, served
from policies.reach.walking import Trace, walk

_PROBE: Final = "probe:"


@dataclass(frozen=True, slots=True)
class Difference:
    """Of what one node sends to another: a set that should not be, or is missing, with one packet of it and its hops."""

    source: str
    target: str
    headers: Headers
    trace: Trace


class Proof:
    """As long as one estate is judged: the sets, and what was asked already."""

    def __init__(self, of: City) -> None:
        self.city, self.space = of, Space()
        self.network = of.network
        self._reached: dict[str, Reached] = {}
        self._declared: dict[str, Mapping[str, Headers]] = {}
        self._before: dict[str, Mapping[str, Headers]] = {}
        self._meant = Meant(of)

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """Nodes that send and receive: everything but routers, by name."""
        return tuple(sorted(node.name for node in self.network.nodes if node.kind != "router"))

    @cached_property
    def beginning(self) -> Headers:
        """Every packet that may begin a connection. Discovery of neighbours is no connection and is not handed on."""
        return opening(self.space) & self.space.box({Field.STATE: [(0, 0)]})

    def reached(self, source: str) -> Reached:
        """Everything that arrives of what a node may send."""
        if source not in self._reached:
            self._reached[source] = reach(self.space, self.network, source, self._sends(source), losses=False)
        return self._reached[source]

    @cached_property
    def arrivals(self) -> Mapping[str, Mapping[str, Headers]]:
        """target → source → what arrives directly; what a load balancer passes on is the balancer's own."""
        found: dict[str, dict[str, list[Headers]]] = defaultdict(lambda: defaultdict(list))
        for source in self.ends:
            for way in self.reached(source).ended(End.ARRIVED):
                if way.start == 0 and way.at != source:
                    found[way.at][source].append(way.headers)
        return {at: {name: self.space.union(s) for name, s in by.items()} for at, by in found.items()}

    def declared(self, target: str) -> Mapping[str, Headers]:
        """source → what the rules of both ends declare"""
        if target not in self._declared:
            self._declared[target] = self._meant.declared(self.space, target)
        return self._declared[target]

    def beyond(self, target: str) -> Iterator[Difference]:
        """What arrives at a host that no rule declares."""
        for source, headers in sorted(self.arrivals.get(target, {}).items()):
            declared = self.declared(target).get(source)
            extra = headers if declared is None else headers - declared
            if extra:
                yield self.difference(source, target, extra)

    def missing(self, target: str) -> Iterator[Difference]:
        """What the rules of both ends declare and does not arrive at a host."""
        for source, headers in sorted(self.declared(target).items()):
            arrives = self.arrivals.get(target, {}).get(source, self.space.nothing)
            # how many routers stand between says nothing about what was declared
            absent = headers.assigned(Field.NEAR, [(0, 0)]) - arrives.assigned(Field.NEAR, [(0, 0)])
            if absent:
                yield self.difference(source, target, absent)

    def difference(self, source: str, target: str, headers: Headers, network: Network | None = None) -> Difference:
        """A set with its witness, walked through the network as it is (or as it would be)."""
        sample = headers.sample()
        assert sample is not None
        return Difference(source, target, headers, walk(network or self.network, source, sample))

    def changes(self, lost: Loss) -> Iterator[tuple[bool, Difference]]:
        """After a loss, between ends that are still there: True and what arrives that did not before, False and what
        arrived before and does not any more."""
        after = self.city.after(lost)
        joined = self._joined(after)
        for router in sorted(set(self.city.attached.values())):
            if router not in after.named:
                continue
            if router not in self._before:
                self._before[router] = self._probed(router, self._whole)
            before, now = self._before[router], self._probed(router, joined)
            for place in sorted({*before, *now}):
                old, new = (each.get(place, self.space.nothing) for each in (before, now))
                if old != new:
                    yield from self._changed(router, place, old - new, new - old, after)

    def _changed(
        self, router: str, place: str, gone: Headers, more: Headers, after: Network
    ) -> Iterator[tuple[bool, Difference]]:
        ends = [name for name in self.ends if name in after.named]
        targets = [name for name in ends if self._place(name) == place]
        for source in (name for name in ends if targets and self.city.attached.get(name) == router):
            for target in targets:
                if source == target:
                    continue
                arrived = self.arrivals.get(target, {}).get(source)
                if arrived is not None and (less := arrived & gone):
                    yield False, self.difference(source, target, less, after)
                if more:
                    own = {Field.TARGET: [addresses(text) for text in self.network.named[target].local]}
                    may = self._sends(source) & more & self.space.box(own)
                    may = may & passed(self.space, self.network.named[source].rules, "output")
                    if may := may & passed(self.space, self.network.named[target].rules, "input"):
                        yield True, self.difference(source, target, may, after)

    def _place(self, end: str) -> str:
        """Where an end is compared after a loss: with everything that hangs on its router, or by itself where routers
        filter and ports are not alike."""
        return end if self._filtering else f"behind {self.city.attached.get(end)}"

    @cached_property
    def _filtering(self) -> bool:
        return any(node.rules.chains or node.rewrites for node in self.network.nodes if node.kind == "router")

    @cached_property
    def _whole(self) -> Network:
        return self._joined(self.network)

    def _joined(self, network: Network) -> Network:
        """The network with all that hangs on one router as one node without a filter, where routers do not filter."""
        if self._filtering:
            return network
        held: dict[str, list[str]] = defaultdict(list)
        for end, at in self.city.attached.items():
            if end in network.named:
                held[at] += network.named[end].local
        nodes: list[Node] = []
        links = list(network.links)
        for node in network.nodes:
            if node.kind == "router":
                own = tuple(Route(text, "behind") for text in held[node.name])
                through = tuple(route for route in node.routes if not (route.out or "").startswith(PORTS))
                nodes.append(replace(node, routes=(*through, *own)))
                nodes.append(Node(f"behind {node.name}", "host", tuple(held[node.name])))
                links.append(Link("", ((node.name, "behind"), (f"behind {node.name}", "eth0"))))
        return Network(tuple(nodes), tuple(links))

    def _probed(self, router: str, network: Network) -> Mapping[str, Headers]:
        """What comes to each place of everything that anything could send at a router."""
        probe = Node(_PROBE, "host", (), (Route("::/0", "x"), Route("0.0.0.0/0", "x")))
        link = Link(_PROBE, ((_PROBE, "x"), (router, _PROBE)))
        probed = Network((*network.nodes, probe), (*network.links, link))
        return reach(self.space, probed, _PROBE, self.beginning, losses=False, opens=False).arrived

    def _sends(self, source: str) -> Headers:
        node = self.network.named[source]
        if node.kind == "outside":
            return self.beginning
        if node.kind == "balancer":
            return self.space.union(served(self.space, node, self.space.everything))
        own = self.space.box({Field.TARGET: [addresses(text) for text in node.local]})
        return sent(self.space, node) & self.beginning - own


def proof(estate: Estate) -> Proof:
    """The proof of an estate: made once, and kept with it as its indexes are."""
    kept = vars(estate)
    if "reachability" not in kept:
        kept["reachability"] = Proof(city(estate))
    return kept["reachability"]


def worked_out(estate: Estate) -> Proof | None:
    """The proof of an estate where a check has asked already what arrives; None where it would have to begin now."""
    done: Proof | None = vars(estate).get("reachability")
    return done if done is not None and "arrivals" in vars(done) else None
