"""Aggregates are the fewest; tables lead everywhere, also after a cut; clouds are asked for the same segments."""

from __future__ import annotations

import json
from functools import cache
from ipaddress import IPv4Network, ip_address, ip_network
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import Estate, from_data
from inventory.places import ROOT
from inventory.rendering import clouds, nodes, routes
from inventory.rendering.aggregates import minimum
from inventory.rendering.frr import advertised, frr

TWO = from_data(json.loads((ROOT / "tests/cases/rendering/two-sites/estate.json").read_text(encoding="utf-8")))
NET = nodes.net(TWO)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Disjoint blocks of sixteen addresses, each somebody's."""
    own: list[str] = []
    foreign: list[str] = []

    def split(base: int, size: int) -> None:
        what = draw(st.sampled_from(["split", "own", "foreign", "nobody"]))
        if what == "split" and size > 1:
            split(base, size // 2)
            split(base + size // 2, size // 2)
        elif what != "nobody":
            length = 32 - size.bit_length() + 1
            (own if what == "own" else foreign).append(f"10.0.0.{base}/{length}")

    split(0, 8)
    split(8, 8)
    return own, foreign


ALL = [net for length in range(28, 33) for net in IPv4Network("10.0.0.0/28").subnets(new_prefix=length)]


@settings(max_examples=150, deadline=None)
@given(blocks())
def test_aggregates_cover_ones_own_touch_nobody_and_are_the_fewest(both: tuple[list[str], list[str]]) -> None:
    own, foreign = both
    found = [ip_network(text) for text in minimum(own, foreign)]
    mine, theirs = [ip_network(t) for t in own], [ip_network(t) for t in foreign]
    assert all(any(m.subnet_of(f) for f in found) for m in mine)
    assert not any(f.overlaps(t) for f in found for t in theirs)
    free = [net for net in ALL if not any(net.overlaps(t) for t in theirs)]
    for fewer in range(len(found)):
        if fewer > 3:
            break
        assert not any(all(any(m.subnet_of(f) for f in some) for m in mine) for some in combinations(free, fewer))


def test_each_site_of_the_plan_is_one_ipv6_prefix_beside_its_backbone() -> None:
    for site, prefixes in advertised(TWO).items():
        six = [ip_network(text) for text in prefixes if ":" in text]
        assert len([net for net in six if net.prefixlen < 127]) == 1, site
        for other, theirs in advertised(TWO).items():
            if other != site:
                assert not any(a.overlaps(b) for a in map(ip_network, prefixes) for b in map(ip_network, theirs)
                               if a.version == b.version)  # fmt: skip


def walk(tables: dict[str, nodes.Table], start: str, address: str) -> str:
    """Where a packet ends: longest match from node to node, as a kernel would. "" where it is lost."""
    target, here = ip_address(address), start
    for _ in range(20):
        if any(ip_address(text.partition("/")[0]) == target for _, text in tables[here].addresses):
            return here
        hits = [
            hop
            for hop in tables[here].hops
            if target.version == ip_network(hop.prefix).version and target in ip_network(hop.prefix)
        ]
        if not hits:
            return ""
        hop = max(hits, key=lambda h: (ip_network(h.prefix).prefixlen, h.via != routes.UNREACHABLE))
        if hop.via == routes.UNREACHABLE:
            return ""
        here = _wires()[here, hop.device]
    return ""


@cache
def _wires() -> dict[tuple[str, str], str]:
    """(node, device) → the node at the other end."""
    found: dict[tuple[str, str], str] = {}
    for edge in nodes.edges(NET):
        (one, other), (mine, theirs) = edge.ends, edge.devices
        found |= {(one, mine): other, (other, theirs): one}
    for port in NET.ports:
        device = nodes.device("port", port.kind, port.name)
        found |= {(port.router, device): port.name, (port.name, nodes.HOST_DEVICE): port.router}
    return found


def reached(down: tuple[str, ...]) -> set[tuple[str, str]]:
    tables = nodes.tables(NET, down=down)
    targets = [(p.name, a) for p in NET.ports for a in (p.address6, p.address4) if a]
    return {(p.name, a) for p in NET.ports for name, a in targets if walk(tables, p.name, a) == name}


def test_everybody_reaches_everybody_and_still_does_after_any_one_line_is_cut() -> None:
    hosts4 = [p for p in NET.ports if p.address4]
    # who has no IPv4 address of its own has no IPv4 route either
    want = {(p.name, q.address6) for p in NET.ports for q in NET.ports} | {
        (p.name, q.address4) for p in hosts4 for q in hosts4 if q.address4
    }
    assert reached(()) == want
    for line in NET.lines:
        assert reached((line.name,)) == want, line.name
    cut_off = reached(("a-c", "b-c"))
    assert ("log-a", "3fff:430:3600:1::10") not in cut_off
    assert ("log-a", "3fff:430:221f:1::10") in cut_off


def test_an_address_that_nobody_has_is_refused_at_its_router() -> None:
    tables = nodes.tables(NET)
    assert walk(tables, "monitor-c", "3fff:430:1600:1::99") == ""
    assert routes.Hop("3fff:430:1600:1::/64", routes.UNREACHABLE) in tables["core-a"].hops
    assert walk(tables, "monitor-c", "2001:db8::1") == ""


def test_devices_are_names_that_a_kernel_takes_and_no_two_are_the_same() -> None:
    found = [device for edge in nodes.edges(NET) for device in edge.devices]
    found += [nodes.device("port", p.kind, p.name) for p in NET.ports]
    found += [nodes.device("segment", s.name) for s in NET.segments]
    assert len(found) == len(set(found))
    assert all(0 < len(name) <= 15 and "/" not in name for name in found)


def test_a_router_takes_from_a_neighbour_exactly_what_other_sites_advertise() -> None:
    all_ = advertised(TWO)
    for router, site in (("core-a", "a"), ("core-c", "c")):
        text = frr(TWO, router)
        taken = {line.split()[-1] for line in text.splitlines() if " prefix-list in" in line and " permit " in line}
        assert taken == {p for other, prefixes in all_.items() if other != site for p in prefixes}


def test_a_cloud_is_asked_for_the_same_prefixes() -> None:
    for segment in TWO.kind("net.subnet"):
        fields = segment.properties
        asked = clouds.ec2_subnet(fields)
        assert asked["Ipv6CidrBlock"] == fields["cidr6"]
        assert asked.get("CidrBlock") == fields["cidr4"]
        assert asked.get("Ipv6Native", False) == (fields["cidr4"] is None)
        body = clouds.neutron_segment(fields, ["3fff::53", "198.18.0.53"])
        assert [s["cidr"] for s in body["subnets"]] == [t for t in (fields["cidr6"], fields["cidr4"]) if t]
        assert body["subnets"][0]["ipv6_ra_mode"] == ("dhcpv6-stateful" if fields.get("dhcp6") else "slaac")
        for subnet in body["subnets"]:
            assert ip_address(subnet["gateway_ip"]) in ip_network(subnet["cidr"])
            assert len(subnet["dns_nameservers"]) == 1


def test_a_rule_is_one_of_neutrons_a_prefix() -> None:
    rule = {"name": "r", "direction": "ingress", "protocol": "tcp", "ports": [443.0, 444.0], "peers6": ["3fff::/64"],
            "peers4": ["198.18.0.0/24"]}  # fmt: skip
    found = clouds.neutron_rules(rule)
    assert [(r["ethertype"], r["remote_ip_prefix"], r["port_range_min"], r["port_range_max"]) for r in found] == [
        ("IPv6", "3fff::/64", 443, 444), ("IPv4", "198.18.0.0/24", 443, 444),
    ]  # fmt: skip
    ping = clouds.neutron_rules({**rule, "protocol": "icmpv6", "ports": None})
    assert [(r["protocol"], r["port_range_min"], r["port_range_max"]) for r in ping] == [
        ("ipv6-icmp", 128, 0),
        ("icmp", 8, 0),
    ]


def test_an_empty_estate_has_no_tables() -> None:
    assert nodes.tables(nodes.net(Estate())) == {}
