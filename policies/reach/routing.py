"""Routes between routers, as the network's nouns: in, routers, the lines that are up, and what lies at each router.

The tables themselves are those that are rendered (`inventory.rendering.routes`), so what is proved is what routers have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.rendering import nodes, routes
from policies.reach.network import Route


@dataclass(frozen=True, slots=True)
class Edge:
    """Two routers joined; `cost` is the round-trip time in microseconds."""

    name: str
    ends: tuple[str, str]
    cost: int = 0
    rank: int = 0
    """of edges that are equal otherwise the lower is taken: the number of a line's prefix"""


@dataclass(frozen=True, slots=True)
class Held:
    """A prefix at its router. What no host there has taken is refused there, where `rest`."""

    prefix: str
    router: str
    rest: bool = True


def star(routers: Iterable[tuple[str, str, str]]) -> tuple[Edge, ...]:
    """Edges inside sites. In: name, site and role (core, access) of each router."""
    return tuple(Edge("--".join(ends), ends) for ends in routes.star(routes.Router(*one) for one in routers))


def tables(routers: Iterable[str], edges: Iterable[Edge], held: Iterable[Held]) -> dict[str, tuple[Route, ...]]:
    """Every router's routes, sorted; the interface towards a neighbour is named like the edge. What cannot be reached from
    a router is absent from its table."""
    lines = [routes.Edge(e.name, e.ends, ("", ""), (e.name, e.name), e.cost, e.rank) for e in edges]
    prefixes = [routes.Prefix(one.prefix, one.router, one.rest) for one in held]
    found = routes.tables(routers, lines, prefixes, _numbers(prefixes))
    return {
        name: tuple(map(_route, sorted(hops, key=lambda hop: (hop.prefix, hop.device)))) for name, hops in found.items()
    }


def _numbers(held: Iterable[routes.Prefix]) -> dict[str, int]:
    """Of routers, by which ways are told apart that are equal otherwise. A router holds its loopback by itself; what else
    it holds so is no single address."""
    alone = (one for one in held if not one.rest and ("/" not in one.text or one.text.endswith("/128")))
    return {one.router: nodes.number(one.text) for one in alone}


def _route(hop: routes.Hop) -> Route:
    if hop.via == routes.UNREACHABLE:
        return Route(hop.prefix, None, routes.REFUSED_METRIC)
    return Route(hop.prefix, hop.device)
