"""A network as data: nodes with routes, filters and translations, and the links between them. Frozen; nothing is run.

In: what was rendered for each node, by whoever builds a network (`policies.reach.city`, or a test). Out: the nouns that
`policies.reach.spreading` and `policies.reach.walking` work on, and a node's table of routes (longest prefix first).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from inventory.problems import Problem, Refused
from policies.reach.fields import TOP, Field, Range, addresses
from policies.reach.filters import Ruleset

LOOPBACK: Final = "lo"
NO_RULES: Final = Ruleset("")
Kind = Literal["host", "router", "balancer", "outside"]
Fate = Literal["local", "refused", "nowhere"] | tuple[str, ...]
"""of a destination at a node: ends here, is refused here, has no route, or leaves through one of these interfaces"""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a prefix leads. Of several of the same length the least metric holds; equal ones share the traffic."""

    prefix: str
    out: str | None
    """interface; None: what lies in the prefix is refused here (`unreachable`)"""
    metric: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What a translation does to a field: sets it to one of the ranges, or moves it."""

    field: Field
    ranges: tuple[Range, ...] = ()
    delta: int = 0


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A translation (NAT): what is matched, and its changes. The first one that matches holds. `prerouting` is before
    the routes are asked (destination), `postrouting` after (source)."""

    name: str
    hook: Literal["prerouting", "postrouting"]
    ranges: tuple[tuple[Field, tuple[Range, ...]], ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A port of a load balancer that ends connections and opens new ones to its members from its own address."""

    name: str
    address: str
    protocol: int
    port: int
    members: tuple[str, ...]
    """addresses of the same family"""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Something that packets start at, pass or end at."""

    name: str
    kind: Kind
    local: tuple[str, ...] = ()
    """addresses, or whole prefixes of an outside place, that end here"""
    routes: tuple[Route, ...] = ()
    rules: Ruleset = NO_RULES
    forwards: bool = False
    rewrites: tuple[Rewrite, ...] = ()
    services: tuple[Service, ...] = ()


End = tuple[str, str]
"""node and interface"""


@dataclass(frozen=True, slots=True)
class Link:
    """Joins two interfaces; whatever leaves through one comes in at the other."""

    name: str
    ends: tuple[End, End]


@dataclass(frozen=True, eq=False)
class Network:
    """All of it. `sound` says whether it fits together."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...] = field(default=())

    @cached_property
    def named(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def across(self) -> dict[End, End]:
        """interface → the one at the other side"""
        return {mine: other for link in self.links for mine, other in (link.ends, link.ends[::-1])}

    def without(self, nodes: Collection[str] = (), links: Collection[str] = ()) -> Network:
        """After a loss: the nodes and their links, and the links, are gone; nobody has noticed yet (routes stand)."""
        kept = tuple(node for node in self.nodes if node.name not in nodes)
        return Network(
            kept,
            tuple(
                link for link in self.links if link.name not in links and not any(end in nodes for end, _ in link.ends)
            ),
        )


def sound(network: Network, source: str = "") -> None:
    """Refused where names are there twice, a link or a route leads to what is not there, or a prefix is none."""
    problems: list[Problem] = []

    def wrong(code: str, zh: str, en: str, where: str) -> None:
        problems.append(Problem(f"reach.{code}", zh, en, where, source))

    if len(network.named) != len(network.nodes):
        wrong("twice", "有两个节点同名:改名", "two nodes have one name: rename one", "nodes")
    used: set[End] = set()
    for link in network.links:
        for end in link.ends:
            if end[0] not in network.named:
                wrong(
                    "link", f"连到不存在的节点 {end[0]}:补上或删去", f"leads to {end[0]}, which is no node", link.name
                )
            if end in used:
                wrong(
                    "link", f"{end} 已被另一条链路占用:一个接口一条链路", f"{end} has another link already", link.name
                )
            used.add(end)
    for node in network.nodes:
        known = {interface for name, interface in used if name == node.name}
        for route in node.routes:
            if route.out is not None and route.out not in known:
                wrong("route", f"{route.prefix} 指向没有链路的接口 {route.out}:改正路由",
                      f"{route.prefix} leads out of {route.out}, which has no link", node.name)  # fmt: skip
        for text in (*node.local, *(route.prefix for route in node.routes)):
            try:
                addresses(text)
            except ValueError:
                wrong("prefix", f"“{text}”不是地址前缀:改正它", f"'{text}' is no prefix: correct it", node.name)
    if problems:
        raise Refused(problems)


@dataclass(frozen=True, slots=True)
class Table:
    """Every destination's fate: sorted last numbers of ranges (`headers.TOP` the last), and what happens to each."""

    ends: tuple[int, ...]
    fates: tuple[Fate, ...]


def table(node: Node) -> Table:
    """A node's routes and own addresses as one table of both families, the longest prefix first."""
    best: dict[Range, tuple[int, Fate]] = {}
    for text in node.local:
        best[addresses(text)] = (-1, "local")
    for route in node.routes:
        span = addresses(route.prefix)
        there = best.get(span)
        fate: Fate = (route.out,) if route.out is not None else "refused"
        if there is None or route.metric < there[0]:
            best[span] = (route.metric, fate)
        elif route.metric == there[0] and isinstance(there[1], tuple) and isinstance(fate, tuple):
            best[span] = (route.metric, tuple(sorted({*there[1], *fate})))
    ends: list[int] = []
    fates: list[Fate] = []
    for end, fate in _swept((span, fate) for span, (_, fate) in best.items()):
        if fates and fates[-1] == fate:
            ends[-1] = end
        else:
            ends.append(end)
            fates.append(fate)
    return Table(tuple(ends), tuple(fates))


def _swept(spans: Iterable[tuple[Range, Fate]]) -> Iterable[tuple[int, Fate]]:
    """Nested ranges → ranges side by side, the innermost holding."""
    around: list[tuple[int, Fate]] = [(TOP[Field.TARGET], "nowhere")]
    at = 0
    for (low, high), fate in sorted(spans, key=lambda item: (item[0][0], -item[0][1])):
        while around[-1][0] < low:
            end, outer = around.pop()
            if end >= at:
                yield end, outer
                at = end + 1
        if low > at:
            yield low - 1, around[-1][1]
            at = low
        around.append((high, fate))
    while around:
        end, outer = around.pop()
        if end >= at:
            yield end, outer
            at = end + 1
