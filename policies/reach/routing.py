"""Shortest paths between routers: in, routers, the lines that are up, and what lies at each router; out, routes.

The same facts give the same tables as the routers of the lab have (a test compares them): by round-trip time, then by
hops, then by name; routers of one site see one another directly, in a star round the first core router.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policies.reach.network import Route


@dataclass(frozen=True, slots=True)
class Edge:
    """Two routers joined; `cost` is the round-trip time in microseconds."""

    name: str
    ends: tuple[str, str]
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A prefix at its router. What no host there has taken is refused there, where `rest`."""

    prefix: str
    router: str
    rest: bool = True


def star(routers: Iterable[tuple[str, str, str]]) -> tuple[Edge, ...]:
    """Edges inside sites. In: name, site and role (core, access) of each router."""
    sites: dict[str, list[str]] = {}
    for name, site, _ in sorted(routers, key=lambda r: (r[2] != "core", r[0])):
        sites.setdefault(site, []).append(name)
    return tuple(Edge(f"{group[0]}--{other}", (group[0], other)) for group in sites.values() for other in group[1:])


def tables(routers: Iterable[str], edges: Iterable[Edge], held: Iterable[Held]) -> dict[str, tuple[Route, ...]]:
    """Every router's routes; the interface towards a neighbour is named like the edge. What cannot be reached from a
    router is absent from its table."""
    names = tuple(routers)
    out: dict[str, list[tuple[str, Edge]]] = {name: [] for name in names}
    for edge in edges:
        for here, there in (edge.ends, edge.ends[::-1]):
            if here in out and there in out:
                out[here].append((there, edge))
    at: dict[str, list[Held]] = {}
    for one in held:
        at.setdefault(one.router, []).append(one)
    found: dict[str, tuple[Route, ...]] = {}
    for name in names:
        routes = [Route(one.prefix, None, 65000) for one in at.get(name, ()) if one.rest]
        for target, interface in _first(name, out).items():
            routes += [Route(one.prefix, interface) for one in at.get(target, ())]
        found[name] = tuple(routes)
    return found


def _first(start: str, out: Mapping[str, list[tuple[str, Edge]]]) -> dict[str, str]:
    """Target router → the interface that the way to it begins with."""
    found: dict[str, str] = {}
    queue: list[tuple[int, int, tuple[str, ...], str]] = [(0, 0, (start,), "")]
    done: set[str] = set()
    while queue:
        cost, hops, trail, first = heapq.heappop(queue)
        here = trail[-1]
        if here in done:
            continue
        done.add(here)
        if first:
            found[here] = first
        for there, edge in out[here]:
            if there not in done:
                heapq.heappush(queue, (cost + edge.cost, hops + 1, (*trail, there), first or edge.name))
    return found
