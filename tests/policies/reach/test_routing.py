"""The routes of the proof are those that are rendered; what a table comes to."""

from __future__ import annotations

import bisect

import pytest

from inventory.rendering import nodes, routes
from policies.reach import routing
from policies.reach.fields import addresses
from policies.reach.network import Network, Node, Route, sound, table


def test_what_is_rendered_is_what_is_proved_over() -> None:
    routers = [(f"{role}-{site}", site, role) for site in "ab" for role in ("core", "access")]
    edges = [*routing.star(routers), routing.Edge("line", ("core-a", "core-b"), 1000)]
    assert [edge.name for edge in edges] == ["core-a--access-a", "core-b--access-b", "line"]
    held = [routing.Held("3fff:1::/64", "access-b"), routing.Held("3fff:2::1/128", "core-a", rest=False)]
    found = routing.tables([name for name, _, _ in routers], edges, held)
    assert found["access-a"] == (Route("3fff:1::/64", "core-a--access-a"), Route("3fff:2::1/128", "core-a--access-a"))
    assert found["core-a"] == (Route("3fff:1::/64", "line"),)
    assert found["access-b"] == (Route("3fff:1::/64", None, 65000), Route("3fff:2::1/128", "core-b--access-b"))
    cut = routing.tables([name for name, _, _ in routers], edges[:2], held)
    assert cut["core-a"] == ()


def test_equal_ways_are_told_apart_as_routers_do() -> None:
    """A ring of four, each line twice and all as long; the numbers go the other way than the names."""
    loopbacks = {f"r{one}": f"3fff::{9 - one}/128" for one in range(4)}
    ends = [(f"r{one}", f"r{(one + 1) % 4}") for one in range(4)] * 2
    lines = [nodes.Line(f"l{n}", pair, f"3fff:1::{40 - 2 * n:x}/127", 1) for n, pair in enumerate(ends)]
    net = nodes.Net(tuple(routes.Router(name, name, "core") for name in loopbacks), loopbacks, tuple(lines))
    held = [routing.Held(text.partition("/")[0], name, rest=False) for name, text in loopbacks.items()]
    edges = [routing.Edge(it.name, it.routers, 1000, addresses(it.prefix6)[0]) for it in lines]
    proved = routing.tables(loopbacks, edges, held)
    there = {device: edge.name for edge in nodes.edges(net) for device in edge.devices}
    for name, deployed in nodes.tables(net).items():
        mine = {hop.prefix: there[hop.device] for hop in deployed.hops if hop.prefix.endswith("/128")}
        assert {f"{route.prefix}/128": route.out for route in proved[name]} == mine
    across = next(route for route in proved["r0"] if route.prefix == "3fff::7")
    assert across.out == "l7", "by r3, whose number is the lower, over the line of the lower number"


def test_the_longest_prefix_holds_then_the_least_metric_then_both() -> None:
    node = Node(
        "r", "router", ("3fff::1",),
        (Route("::/0", "a"), Route("3fff::/32", None), Route("3fff:0:1::/48", "b", 5), Route("3fff:0:1::/48", "c", 2),
         Route("3fff:0:2::/48", "b"), Route("3fff:0:2::/48", "c"), Route("10.0.0.0/8", "a")),
    )  # fmt: skip
    found = table(node)

    def fate(text: str) -> object:
        return found.fates[bisect.bisect_left(found.ends, addresses(text)[0])]

    assert fate("2001:db8::1") == ("a",)
    assert fate("3fff::1") == "local"
    assert fate("3fff::2") == "refused"
    assert fate("3fff:0:1::7") == ("c",)
    assert fate("3fff:0:2::7") == ("b", "c")
    assert fate("10.1.2.3") == ("a",)
    assert fate("192.0.2.1") == "nowhere"


def test_a_network_that_does_not_fit_together_is_refused_whole() -> None:
    from inventory.problems import Refused
    from policies.reach.network import Link

    nodes = (Node("a", "host", ("no",), (Route("::/0", "x"), Route("3fff::/16", "gone"))), Node("a", "host"))
    with pytest.raises(Refused) as refused:
        sound(Network(nodes, (Link("l", (("a", "x"), ("b", "x"))), Link("m", (("a", "x"), ("a", "y"))))))
    assert sorted(problem.code for problem in refused.value.problems) == [
        "reach.link", "reach.link", "reach.prefix", "reach.route", "reach.twice",
    ]  # fmt: skip
