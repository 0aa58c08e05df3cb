"""What clouds have: security groups, peering, translations and load balancers, and the way back through each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from policies.reach import nft
from policies.reach.clouds import Peering, destination_nat, filter_of, group, nat64, peered, source_nat
from policies.reach.fields import FOUR, Field, addresses, packet
from policies.reach.filters import Ruleset, passed
from policies.reach.headers import Headers, Space
from policies.reach.network import NO_RULES, Link, Network, Node, Rewrite, Route, Service, sound
from policies.reach.returning import returned
from policies.reach.spreading import End, Reached, reach
from policies.reach.walking import walk

STATEFUL = "table inet t {{\n chain f {{\n type filter hook {} priority 0; policy drop;\n ct state established accept\n {}\n }}\n}}\n"


def _star(
    hosts: dict[str, str | tuple[str, ...]],
    router: dict[str, Any] | None = None,
    rules: dict[str, Ruleset] | None = None,
) -> Network:
    """Hosts round a router, each with its addresses; the router as told."""
    nodes, links, routes = [], [], []
    for name, own in hosts.items():
        local = (own,) if isinstance(own, str) else own
        defaults = (Route("::/0", "eth0"), Route("0.0.0.0/0", "eth0"))
        nodes.append(Node(name, "host", local, defaults, (rules or {}).get(name, NO_RULES)))
        links.append(Link(name, ((name, "eth0"), ("r", name))))
        routes += [Route(text, name) for text in local]
    nodes.append(replace(Node("r", "router", (), tuple(routes), forwards=True), **(router or {})))
    network = Network(tuple(nodes), tuple(links))
    sound(network)
    return network


def _tcp(space: Space, source: str, target: str, ports: Sequence[tuple[int, int]] = ((0, 65535),)) -> Headers:
    ends = {Field.SOURCE: [addresses(source)], Field.TARGET: [addresses(target)]}
    return space.box({**ends, Field.PROTOCOL: [(6, 6)], Field.PORT: ports, Field.STATE: [(0, 0)]})


def _back(space: Space, network: Network, reached: Reached, at: str) -> Headers:
    """What gets back to the source of everything that arrived at a node."""
    ways = [returned(space, network, way).arrived.get(reached.source, space.nothing) for way in reached.to(at)]
    return space.union(ways)


def test_groups_allow_what_their_rules_say_and_the_answers() -> None:
    rules = [
        {"name": "web", "direction": "ingress", "protocol": "tcp", "ports": [443.0, 443.0], "peers6": ["3fff::/64"], "peers4": []},
        {"name": "ping", "direction": "ingress", "protocol": "icmpv6", "ports": None, "peers6": ["::/0"], "peers4": ["10.0.0.0/8"]},
        {"name": "out", "direction": "egress", "protocol": "udp", "ports": [53, 53], "peers6": ["3fff::9/128"], "peers4": ["10.0.0.9/32"]},
    ]  # fmt: skip
    space, rendered = Space(), "table inet t {\n"
    for hook, lines in (
        ("input", ["ip6 saddr 3fff::/64 tcp dport 443 accept", "ip6 saddr ::/0 icmpv6 type echo-request accept",
                   "ip saddr 10.0.0.0/8 icmp type echo-request accept"]),
        ("output", ["ip6 daddr 3fff::9 udp dport 53 accept", "ip daddr 10.0.0.9 udp dport 53 accept"]),
    ):  # fmt: skip
        rendered += (
            f"chain {hook} {{\ntype filter hook {hook} priority 0; policy drop;\nct state established,related accept\n"
        )
        rendered += "\n".join(lines) + "\n}\n"
    text = nft.ruleset(rendered + "}\n", "h")
    cloud = filter_of([group("g", rules)])
    assert passed(space, cloud, "input") == passed(space, text, "input")
    assert passed(space, cloud, "output") == passed(space, text, "output")
    apart = filter_of([group("g", rules[:1]), group("h", rules[1:])])
    assert passed(space, apart, "input") == passed(space, cloud, "input"), "groups are united"
    everything = filter_of([group("g", rules, "allow")])
    assert passed(space, everything, "input") == space.everything


def test_answers_come_back_through_stateful_filters_and_only_where_the_question_went() -> None:
    space = Space()
    one = nft.ruleset(
        STATEFUL.format("input", "") + STATEFUL.format("output", "accept").replace("inet t", "inet u"), "one"
    )
    two = nft.ruleset(
        STATEFUL.format("input", "tcp dport 443 accept") + STATEFUL.format("output", "").replace("inet t", "inet u"),
        "two",
    )
    network = _star({"one": "3fff::1", "two": "3fff::2"}, rules={"one": one, "two": two})
    reached = reach(space, network, "one")
    assert reached.arrived["two"] == _tcp(space, "3fff::1", "3fff::2", [(443, 443)]).assigned(Field.NEAR, [(0, 0)])
    assert not reach(space, network, "two").arrived.get("one")
    back = _back(space, network, reached, "two")
    assert packet("3fff::2", "3fff::1", "tcp", 5, 443) in back.assigned(Field.STATE, [(0, 0)])
    assert back.assigned(Field.SOURCE_PORT, [(0, 0)]).size() == 65536, "to every port that it may have asked from"
    strict = nft.ruleset(STATEFUL.format("forward", "tcp dport 443 accept"), "r")
    network = _star({"one": "3fff::1", "two": "3fff::2"}, {"rules": strict})
    assert _back(space, network, reach(space, network, "one", _tcp(space, "3fff::1", "3fff::2")), "two")
    stateless = nft.ruleset(
        STATEFUL.replace("ct state established accept", "").format("forward", "tcp dport 443 accept"), "r"
    )
    network = _star({"one": "3fff::1", "two": "3fff::2"}, {"rules": stateless})
    lost = _back(space, network, reach(space, network, "one", _tcp(space, "3fff::1", "3fff::2")), "two")
    assert {box.get(Field.PORT) for box in lost.boxes()} == {(443, 443)}, "only a caller from port 443 gets its answer"


def test_a_destination_nat_is_undone_for_the_answer() -> None:
    space = Space()
    nat: tuple[Rewrite, ...] = (destination_nat("vip", "3fff::100", 6, (443, 443), ["3fff::2", "3fff::3"]),)
    network = _star({"one": "3fff::1", "two": "3fff::2", "three": "3fff::3"}, {"rewrites": nat})
    reached = reach(space, network, "one", _tcp(space, "3fff::1", "3fff::100"))
    for name, address in (("two", "3fff::2"), ("three", "3fff::3")):
        assert reached.arrived[name] == _tcp(space, "3fff::1", address, [(443, 443)]).assigned(Field.NEAR, [(0, 0)])
        back = _back(space, network, reached, name)
        assert {box[Field.SOURCE] for box in back.boxes()} == {addresses("3fff::100")}, "the answer comes from the vip"
    assert {way.end for way in reached.ways} == {End.ARRIVED, End.NO_ROUTE}
    assert walk(network, "one", packet("3fff::1", "3fff::100", "tcp", 443, 7)).steps[-1].node == "two"


def test_a_source_nat_is_undone_for_the_answer() -> None:
    space = Space()
    nat = (source_nat("out", ["10.0.0.0/24"], "192.0.2.1"),)
    network = _star({"one": "10.0.0.1", "web": "198.51.100.1"}, {"rewrites": nat, "local": ("192.0.2.1",)})
    reached = reach(space, network, "one", _tcp(space, "10.0.0.1", "198.51.100.1", [(443, 443)]))
    assert {box[Field.SOURCE] for box in reached.arrived["web"].boxes()} == {addresses("192.0.2.1")}
    back = _back(space, network, reached, "web")
    assert {(box[Field.SOURCE], box[Field.TARGET]) for box in back.boxes()} == {
        (addresses("198.51.100.1"), addresses("10.0.0.1"))
    }


def test_a_nat64_leads_to_ipv4_and_back() -> None:
    space = Space()
    nat = nat64("tayga", "64:ff9b::/96", "192.0.2.0/24", "3fff:64::/120")
    network = _star({"one": "3fff:64::5", "four": "198.51.100.1"}, {"rewrites": nat})
    asked = space.box({Field.SOURCE: [addresses("3fff:64::5")], Field.STATE: [(0, 0)]})
    reached = reach(space, network, "one", asked)
    there = packet("192.0.2.5", "198.51.100.1", "tcp", 80, 9)
    assert there in reached.arrived["four"]
    assert packet("192.0.2.5", "198.51.100.1", "icmp", 8) in reached.arrived["four"]
    assert {box[Field.PROTOCOL] for box in reached.arrived["four"].boxes()} <= {(1, 1), (6, 6), (17, 17)}
    assert reached.arrived["four"] <= space.box({Field.TARGET: [FOUR], Field.SOURCE: [addresses("192.0.2.5")]})
    # a stateless translator has no connection: its answers are translated by the same table, backwards
    back = _back(space, network, reached, "four")
    answer = packet("64:ff9b::198.51.100.1", "3fff:64::5", "tcp", 9, 80)
    assert answer in back.assigned(Field.STATE, [(0, 0)])
    with pytest.raises(ValueError, match="/96"):
        nat64("n", "64:ff9b::/64", "192.0.2.0/24", "3fff:64::/120")


def test_a_balancer_ends_connections_and_opens_its_own() -> None:
    space = Space()
    network = _star({"one": "3fff::1", "lb": "3fff::100", "two": "3fff::2"})
    service = Service("web", "3fff::100", 6, 443, ("3fff::2",))
    nodes = tuple(
        Node("lb", "balancer", n.local, n.routes, services=(service,)) if n.name == "lb" else n for n in network.nodes
    )
    network = Network(nodes, network.links)
    reached = reach(space, network, "one", _tcp(space, "3fff::1", "3fff::100"))
    assert reached.arrived["lb"] == _tcp(space, "3fff::1", "3fff::100").assigned(Field.NEAR, [(0, 0)])
    (way,) = reached.to("two")
    assert way.headers == _tcp(space, "3fff::100", "3fff::2", [(443, 443)]).assigned(Field.NEAR, [(0, 0)])
    assert way.nodes == ("one", "r", "lb", "lb", "r", "two")
    assert way.hops[way.start].node == "lb"
    assert "lb" in returned(space, network, way).arrived
    assert walk(network, "one", packet("3fff::1", "3fff::100", "tcp", 443, 7)).nodes == ("one", "r", "lb", "two")
    assert walk(network, "one", packet("3fff::1", "3fff::100", "tcp", 80, 7)).nodes == ("one", "r", "lb")


def test_peering_joins_what_was_said_and_nothing_more() -> None:
    space = Space()
    a, b = _star({"one": "3fff:a::1", "other": "3fff:a::2"}), _star({"two": "3fff:b::1", "hidden": "3fff:c::1"})
    second = tuple(Node("s", n.kind, n.local, n.routes, forwards=True) if n.name == "r" else n for n in b.nodes)
    links = tuple(Link(l.name, (l.ends[0], ("s", l.ends[1][1]))) for l in b.links)  # noqa: E741
    whole = Network((*a.nodes, *second), (*a.links, *links))
    assert set(reach(space, whole, "one").arrived) == {"one", "other"}
    joined = peered(whole, Peering("pcx", ("r", "s"), (("3fff:a::/64",), ("3fff:b::/64",))))
    sound(joined)
    assert set(reach(space, joined, "one").arrived) == {"one", "other", "two"}
    assert set(reach(space, joined, "hidden").arrived) == {"one", "other", "two", "hidden"}
    assert not _back(space, joined, reach(space, joined, "hidden"), "one"), "no route leads back"


def test_a_circle_is_a_loop_and_a_cut_line_a_dead_end() -> None:
    space = Space()
    r = Node("r", "router", (), (Route("::/0", "x"),), forwards=True)
    s = Node("s", "router", ("3fff::5",), (Route("::/0", "x"),), forwards=True)
    network = Network((r, s), (Link("l", (("r", "x"), ("s", "x"))),))
    reached = reach(space, network, "r", _tcp(space, "3fff::1", "::/0"))
    assert {way.end for way in reached.ways} == {End.ARRIVED, End.LOOP}
    assert _tcp(space, "3fff::1", "3fff::6").assigned(Field.NEAR, [(0, 0)]) <= reached.ended(End.LOOP)[0].headers
    cut = network.without(links=["l"])
    assert {way.end for way in reach(space, cut, "r", _tcp(space, "3fff::1", "::/0")).ways} == {End.DEAD_END}
    assert walk(network, "r", packet("3fff::1", "3fff::6", "tcp", 1)).end is End.LOOP
    assert walk(cut, "r", packet("3fff::1", "3fff::6", "tcp", 1)).end is End.DEAD_END
