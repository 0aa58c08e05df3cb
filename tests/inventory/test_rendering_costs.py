"""Ways: what BGP comes to with the metrics and numbers that FRR is told, against the tables that are proved over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import Estate, Resource
from inventory.rendering import nodes
from inventory.rendering.frr import frr

RTTS = st.sampled_from((0.5, 1.0, 1.0, 2.0, 3.0, 20.0, 600.0))
"""few, so that ways are often equally long"""


@st.composite
def cities(draw: st.DrawFn) -> Estate:
    """One router a site, numbered in any order; some sites may be cut off, and two lines may join the same sites."""
    count = draw(st.integers(2, 6))
    numbers = draw(st.permutations(range(1, count + 1)))
    made = [
        Resource("net.router", f"core-{site}", "", "", {
            "site": str(site), "role": "core", "asn": 64512 + site, "loopback6": f"3fff:0:0:2::{number:x}/128",
        })
        for site, number in enumerate(numbers)
    ]  # fmt: skip
    pairs = [(one, other) for one in range(count) for other in range(count) if one != other]
    for number, (one, other) in enumerate(draw(st.lists(st.sampled_from(pairs), max_size=12))):
        made.append(Resource("net.link", f"line-{number}", "", "", {
            "routers": (f"core-{one}", f"core-{other}"), "prefix6": f"3fff:0:0:1::{2 * number:x}/127",
            "rtt_ms": draw(RTTS),
        }))  # fmt: skip
    return Estate(tuple(made))


@dataclass(frozen=True)
class Told:
    """What decides in one router's file."""

    id: IPv4Address
    lines: tuple[tuple[str, int], ...]
    """address of the neighbour, what its routes cost more"""


def told(text: str) -> Told:
    names = dict(re.findall(r"^ neighbor (\S+) description (\S+)$", text, re.M))
    costs = dict(re.findall(r"^route-map from-(\S+) permit 10\n set metric \+(\d+)$", text, re.M))
    found = re.search(r"^ bgp router-id (\S+)$", text, re.M)
    assert found or not names
    return Told(IPv4Address(found[1] if found else 0), tuple((it, int(costs[name])) for it, name in names.items()))


def chosen(files: dict[str, Told], owner: dict[str, str], target: str) -> dict[str, str]:
    """Router → neighbour through which BGP goes to a prefix of `target`: the lowest metric, then the lowest id of who
    says it, then the lowest address; nobody takes what has been through himself."""
    best: dict[str, tuple[int, tuple[str, ...], str]] = {target: (0, (target,), "")}
    for _ in range(2 * len(files)):
        offers: dict[str, list[tuple[int, IPv4Address, IPv6Address, tuple[str, ...], str]]] = {}
        for router, file in files.items():
            for address, more in file.lines:
                metric, path, _ = best.get(owner[address], (0, (), ""))
                if path and router not in path:
                    offers.setdefault(router, []).append(
                        (metric + more, files[path[0]].id, IPv6Address(address), (router, *path), address)
                    )
        following = {it: (one[0], one[3], one[4]) for it, ways in offers.items() for one in [min(ways)]}
        if (following := {**following, target: best[target]}) == best:
            break
        best = following
    return {router: address for router, (_, _, address) in best.items() if router != target}


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(cities())
def test_bgp_takes_the_ways_that_are_proved(city: Estate) -> None:
    net = nodes.net(city)
    files = {router.name: told(frr(city, router.name, each=True)) for router in net.routers}
    owner = {edge.addresses[end].partition("/")[0]: edge.ends[end] for edge in nodes.edges(net) for end in (0, 1)}
    tables = nodes.tables(net)
    for target, loopback in net.loopbacks.items():
        want = {
            router: hop.via
            for router in files for hop in tables[router].hops if hop.prefix == nodes.normal(loopback)
        }  # fmt: skip
        assert chosen(files, owner, target) == want
    router = net.routers[0].name
    assert told(frr(city, router)) == files[router], "the same ways whether prefixes are summed up or not"
