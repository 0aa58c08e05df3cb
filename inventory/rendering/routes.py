"""Routing as a pure function: routers, lines and prefixes → what every router must have in its table.

`nodes` makes the facts from the estate and adds the hosts; the lab's driver makes the same from its records.

Shortest path by round-trip time, then by hops, then by the routers' numbers and names, so that the same facts give the
same tables in every process, and the same as a protocol that breaks ties by router id (`frr`). A line that stands by
costs more than every way over others, so nothing goes over it while one is left. Routers of one site see one another
directly (a star round the first core router).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNREACHABLE = "unreachable"
"""`Hop.via` of the router that a prefix lies at: what no host has taken is refused there"""
REFUSED_METRIC = 65000
"""behind every route that leads somewhere"""
BACKUP_COST = 1 << 40
"""of a line that stands by, on top of its own: twelve days in microseconds, beyond every way over other lines"""
_NONE: Mapping[str, int] = {}
_Step = tuple[int, str, str]
"""a line's `rank`, address of the next router, device"""


@dataclass(frozen=True, slots=True)
class Router:
    name: str
    site: str
    role: str
    """core, access"""


@dataclass(frozen=True, slots=True)
class Edge:
    """A line that is up, between two routers; each end has an address that the other routes through."""

    name: str
    ends: tuple[str, str]
    addresses: tuple[str, str]
    """`address/length`"""
    devices: tuple[str, str]
    cost: int = 0
    """`cost` of the line"""
    rank: int = 0
    """of lines that are equal otherwise the lower is taken"""


@dataclass(frozen=True, slots=True)
class Prefix:
    """IPv4 or IPv6 text, at its router."""

    text: str
    router: str
    rest: bool = True
    """its router refuses what no host there has taken (False: the kernel itself knows the prefix there)"""


@dataclass(frozen=True, slots=True)
class Hop:
    prefix: str
    via: str
    """IPv6 address of the next router (for IPv4 prefixes too), UNREACHABLE, or "" where it is on the link itself"""
    device: str = ""
    onlink: bool = False
    """the next hop is on the link although no prefix there says so"""

    def text(self, verb: str = "replace", protocol: int | None = None, table: int | None = None) -> str:
        """A line for `ip -batch`. `protocol` tells whose route it is; `table` where it goes, if not into the main one."""
        whose = f" proto {protocol}" if protocol is not None else ""
        whose += f" table {table}" if table is not None else ""
        if self.via == UNREACHABLE:
            return f"route {verb} unreachable {self.prefix} metric {REFUSED_METRIC}{whose}"
        via = f" via inet6 {self.via}" if self.via else ""
        return f"route {verb} {self.prefix}{via} dev {self.device}{' onlink' if self.onlink else ''}{whose}"


def cost(rtt_ms: float, backup: bool = False) -> int:
    """Of a line: its round-trip time in microseconds, whole, so that every router adds up to the same."""
    return round(rtt_ms * 1000) + (BACKUP_COST if backup else 0)


def star(routers: Iterable[Router]) -> tuple[tuple[str, str], ...]:
    """Pairs of routers of one site that are joined without a `net.link`: the first core router and each other."""
    sites: dict[str, list[Router]] = {}
    for router in sorted(routers, key=lambda r: (r.role != "core", r.name)):
        sites.setdefault(router.site, []).append(router)
    return tuple((group[0].name, other.name) for group in sites.values() for other in group[1:])


def tables(
    routers: Iterable[str], edges: Iterable[Edge], prefixes: Iterable[Prefix], numbers: Mapping[str, int] = _NONE
) -> dict[str, frozenset[Hop]]:
    """Every router's routes. A prefix that cannot be reached from a router is absent from its table. `numbers`: of
    routers; of ways that are equally long that by the lower numbers is taken."""
    table: dict[str, set[Hop]] = {name: set() for name in routers}
    out: dict[str, list[tuple[str, int, _Step]]] = {name: [] for name in table}
    for edge in edges:
        for here, there in ((0, 1), (1, 0)):
            if edge.ends[here] in table and edge.ends[there] in table:
                step = (edge.rank, edge.addresses[there].partition("/")[0], edge.devices[here])
                out[edge.ends[here]].append((edge.ends[there], edge.cost, step))
    marks = {name: (numbers.get(name, 0), name) for name in table}
    at: dict[str, list[Prefix]] = {}
    for prefix in prefixes:
        at.setdefault(prefix.router, []).append(prefix)
    for router in table:
        table[router] |= {Hop(prefix.text, UNREACHABLE) for prefix in at.get(router, ()) if prefix.rest}
        for target, (address, device) in _first_hops(router, out, marks).items():
            table[router] |= {Hop(prefix.text, address, device) for prefix in at.get(target, ())}
    return {name: frozenset(hops) for name, hops in table.items()}


def _first_hops(
    start: str, out: Mapping[str, list[tuple[str, int, _Step]]], marks: Mapping[str, tuple[int, str]]
) -> dict[str, tuple[str, str]]:
    """Target router → address and device of the first hop from `start`."""
    found: dict[str, tuple[str, str]] = {}
    queue: list[tuple[int, int, tuple[tuple[int, str], ...], _Step | None]]
    queue = [(0, 0, (marks[start],), None)]
    done: set[str] = set()
    while queue:
        cost, hops, trail, first = heapq.heappop(queue)
        here = trail[-1][1]
        if here in done:
            continue
        done.add(here)
        if first is not None:
            found[here] = first[1:]
        for there, more, step in out[here]:
            if there not in done:
                heapq.heappush(queue, (cost + more, hops + 1, (*trail, marks[there]), first or step))
    return found
