"""The routes of the proof are those of the lab: both work out the same tables of the same facts."""

from __future__ import annotations

import random

import pytest

from policies.reach import routing
from policies.reach.network import Network, Node, Route, sound, table
from stacks.drivers.lab import routes


@pytest.mark.parametrize("seed", range(40))
def test_the_same_facts_give_the_labs_tables(seed: int) -> None:
    dice = random.Random(seed)
    routers = [(f"{role}-{site}", site, role) for site in "abcdef"[: dice.randint(1, 6)] for role in ("core", "access")]
    edges = list(routing.star(routers))
    assert [e.ends for e in edges] == list(routes.star(routes.Router(*one) for one in routers))
    cores = [name for name, _, role in routers if role == "core"]
    for n, (a, b) in enumerate((a, b) for a in cores for b in cores if a < b and dice.random() < 0.6):
        edges.append(routing.Edge(f"line-{n}", (a, b), dice.choice([0, 1000, 2000, 20000])))
    held = [routing.Held(f"3fff:{n:x}::/64", dice.choice(routers)[0], dice.random() < 0.7) for n in range(12)]
    mine = routing.tables([name for name, _, _ in routers], edges, held)
    theirs = routes.tables(
        [name for name, _, _ in routers],
        [routes.Edge(e.name, e.ends, ("fe80::1/64", "fe80::2/64"), (e.name, e.name), e.cost) for e in edges],
        [routes.Prefix(one.prefix, one.router, one.rest) for one in held],
    )
    for name, _, _ in routers:
        assert {(r.prefix, r.out or "") for r in mine[name]} == {(h.prefix, h.device) for h in theirs[name]}


def test_the_longest_prefix_holds_then_the_least_metric_then_both() -> None:
    node = Node(
        "r", "router", ("3fff::1",),
        (Route("::/0", "a"), Route("3fff::/32", None), Route("3fff:0:1::/48", "b", 5), Route("3fff:0:1::/48", "c", 2),
         Route("3fff:0:2::/48", "b"), Route("3fff:0:2::/48", "c"), Route("10.0.0.0/8", "a")),
    )  # fmt: skip
    found = table(node)
    import bisect

    from policies.reach.fields import addresses

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
