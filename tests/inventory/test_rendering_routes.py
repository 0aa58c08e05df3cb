"""Routing as a function: whoever follows the tables arrives by a shortest way, or there is no way."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inventory.rendering.routes import UNREACHABLE, Edge, Hop, Prefix, Router, cost, star, tables


def edge(name: str, one: str, other: str, cost: int = 0) -> Edge:
    return Edge(
        name, (one, other), (f"{name}:{one}/64", f"{name}:{other}/64"), (f"{name}-{one}", f"{name}-{other}"), cost
    )


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[str], list[Edge], list[Prefix]]:
    routers = [f"r{number}" for number in range(draw(st.integers(1, 7)))]
    ends = st.tuples(st.sampled_from(routers), st.sampled_from([*routers, "elsewhere"])).filter(lambda e: e[0] != e[1])
    pairs = draw(st.lists(st.tuples(ends, st.integers(0, 3)), max_size=12))
    edges = [edge(f"e{number}", *pair, cost) for number, (pair, cost) in enumerate(pairs)]
    owners = draw(st.lists(st.sampled_from(routers), max_size=6))
    return routers, edges, [Prefix(f"p{number}", owner) for number, owner in enumerate(owners)]


@given(networks())
def test_every_table_leads_to_every_prefix_by_a_shortest_way_or_there_is_none(
    network: tuple[list[str], list[Edge], list[Prefix]],
) -> None:
    routers, edges, prefixes = network
    found = tables(routers, edges, prefixes)
    distance = _distances(routers, edges)
    for prefix in prefixes:
        for start in routers:
            best = distance.get((start, prefix.router))
            way = _follow(found, edges, start, prefix.text)
            assert (way is None) == (best is None)
            if way is not None:
                assert way == (prefix.router, best)


@given(networks(), st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(
    network: tuple[list[str], list[Edge], list[Prefix]], order: random.Random
) -> None:
    routers, edges, prefixes = network
    before = tables(routers, edges, prefixes)
    for part in (routers, edges, prefixes):
        order.shuffle(part)
    assert tables(routers, edges, prefixes) == before


@given(networks())
def test_a_table_names_a_prefix_once_and_only_over_lines_of_its_own(
    network: tuple[list[str], list[Edge], list[Prefix]],
) -> None:
    routers, edges, prefixes = network
    for router, hops in tables(routers, edges, prefixes).items():
        assert len({hop.prefix for hop in hops}) == len(hops)
        mine = {device for it in edges for end, device in zip(it.ends, it.devices, strict=True) if end == router}
        assert {hop.device for hop in hops if hop.via != UNREACHABLE} <= mine


@given(networks(), st.sets(st.integers(0, 11)), st.integers(0, 600))
def test_a_line_that_stands_by_is_used_only_where_nothing_else_is_left(
    network: tuple[list[str], list[Edge], list[Prefix]], chosen: set[int], rtt_ms: int
) -> None:
    """Not even one of no delay beats a way over lines of the longest delay."""
    routers, edges, prefixes = network
    spare = {edges[number].name for number in chosen if number < len(edges)}
    edges = [replace(it, cost=cost(0, True) if it.name in spare else cost(rtt_ms)) for it in edges]
    ground = [it for it in edges if it.name not in spare]
    found, left = tables(routers, edges, prefixes), _distances(routers, ground)
    for prefix in prefixes:
        for start in routers:
            if (start, prefix.router) in left:
                assert _follow(found, ground, start, prefix.text) == (prefix.router, left[start, prefix.router])
            else:
                there = (start, prefix.router) in _distances(routers, edges)
                assert (_follow(found, edges, start, prefix.text) is not None) == there


def test_the_shorter_round_trip_wins_over_fewer_hops() -> None:
    edges = [edge("slow", "a", "c", 9000), edge("one", "a", "b", 1000), edge("two", "b", "c", 1000)]
    assert tables("abc", edges, [Prefix("p", "c")])["a"] == {Hop("p", "one:b", "one-a")}
    assert tables("abc", edges[:1], [Prefix("p", "c")])["a"] == {Hop("p", "slow:c", "slow-a")}


def test_a_router_refuses_the_rest_of_its_own_segment_only() -> None:
    found = tables("ab", [edge("e", "a", "b")], [Prefix("seg", "a"), Prefix("loop", "a", rest=False)])
    assert found["a"] == {Hop("seg", UNREACHABLE)}
    assert {hop.prefix for hop in found["b"]} == {"seg", "loop"}


def test_the_routers_of_a_site_form_a_star_round_the_first_core_router() -> None:
    site = [Router("access-a", "a", "access"), Router("core-a", "a", "core"), Router("core-b", "b", "core")]
    more = [*site, Router("aaa-a", "a", "access"), Router("core-a2", "a", "core")]
    assert star(site) == (("core-a", "access-a"),)
    assert set(star(more)) == {("core-a", other) for other in ("core-a2", "aaa-a", "access-a")}
    assert star(reversed(more)) == star(more)
    assert star([Router("access-c", "c", "access")]) == ()


def _follow(found: dict[str, frozenset[Hop]], edges: list[Edge], here: str, prefix: str) -> tuple[str, int] | None:
    """Where a packet ends, and what its way cost; None where it is dropped. A loop is an error."""
    cost, seen = 0, set()
    while True:
        assert here not in seen, f"{prefix} goes in a circle"
        seen.add(here)
        hop = next((hop for hop in found[here] if hop.prefix == prefix), None)
        if hop is None:
            return None
        if hop.via == UNREACHABLE:
            return here, cost
        used = next(it for it in edges if hop.device in it.devices)
        end = 1 - used.devices.index(hop.device)
        assert used.addresses[end].partition("/")[0] == hop.via
        here, cost = used.ends[end], cost + used.cost


def _distances(routers: list[str], edges: list[Edge]) -> dict[tuple[str, str], int]:
    """By the plainest known way (Floyd and Warshall), to compare with."""
    best = {(router, router): 0 for router in routers}
    for it in edges:
        for one, other in (it.ends, it.ends[::-1]):
            if one in routers and other in routers:
                best[one, other] = min(it.cost, best.get((one, other), it.cost))
    for middle in routers:
        for one in routers:
            for other in routers:
                if (one, middle) in best and (middle, other) in best:
                    way = best[one, middle] + best[middle, other]
                    best[one, other] = min(way, best.get((one, other), way))
    return best
