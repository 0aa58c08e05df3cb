"""The address plan and the zones in the report: counted right, told in full, and drawn as what they are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import product
from typing import Any

import pytest

from inventory import addressing, reading
from inventory.allocations import Allocations, Prefixes
from inventory.assigning import assign
from inventory.estate import UNKNOWN, Estate, Resource
from policies import judge
from policies.reach.fields import Packet, addresses
from policies.reach.proof import proof, worked_out
from policies.reach.spreading import End
from policies.reach.walking import walk
from policies.report import build, charts
from policies.report.parts import zones
from policies.report.write import page
from tests.policies.demo import planned
from tests.report.fixture import estate, full

LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def plan() -> tuple[Allocations, dict[str, Any]]:
    read = reading.read("demo")
    given = assign(read, Allocations())
    return given, build(read, given, None, None)["plan"]


def test_every_segment_is_in_the_cell_whose_prefix_holds_it(plan: tuple[Allocations, dict[str, Any]]) -> None:
    given, data = plan
    nets = [IPv6Network(each.cidr6) for each in given.segments.values()]
    for cell in data["cells"]:
        whole = IPv6Network(cell["prefix"])
        assert str(whole) == cell["prefix"]
        assert cell["used"] == sum(net.subnet_of(whole) for net in nets)
        # 256 units of 65,536 segments, the first of each kept back
        assert cell["room"] == 256 * 65535
    assert data["segments"] == len(nets) == sum(cell["used"] for cell in data["cells"]) > 100


def test_units_and_blocks_add_up(plan: tuple[Allocations, dict[str, Any]]) -> None:
    given, data = plan
    assert sum(unit["segments"] for unit in data["units"]) == len(given.segments)
    assert all(sum(unit["zones"].values()) == unit["segments"] for unit in data["units"])
    for unit in data["units"]:
        owned = [name for name in given.segments if unit["key"] and name.startswith(f"{unit['key']}-")]
        assert len(owned) == unit["segments"] or not unit["key"]
    used = {block["key"]: (block["used"], block["room_bits"]) for block in data["blocks"]}
    assert used["links"] == (len(given.links), 63)
    assert used["nat64"] == (len(given.nat64), 32)
    four = [IPv4Network(each.cidr4) for each in given.segments.values() if each.cidr4]
    assert data["four"]["dual"] == len(four)
    for row in data["four"]["rows"]:
        inside = [net for net in four if net.subnet_of(IPv4Network(row["block"]))]
        assert (row["used"], row["addresses"]) == (len(inside), sum(net.num_addresses for net in inside))


def test_the_example_spells_the_prefix(plan: tuple[Allocations, dict[str, Any]]) -> None:
    example = plan[1]["example"]
    digits = "".join(value["code"] for value in example["values"])
    assert ip_network(example["prefix"]).network_address.exploded[10:19].replace(":", "") == digits
    assert example["prefix"] == plan[0].segments[example["segment"]].cidr6


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_the_numbers_of_the_data(plan: tuple[Allocations, dict[str, Any]], language: str) -> None:
    read = reading.read("demo")
    text = page(build(read, plan[0], None, None), language)
    drawn = re.findall(
        r'<g class="cell[^>]*><title>(3fff[^<]*)</title>.*?<text class="count"[^>]*>([^<]*)<', text, re.DOTALL
    )
    assert [(title.partition(" ")[0], figure) for title, figure in drawn] == [
        (cell["prefix"], str(cell["used"] or "–")) for cell in plan[1]["cells"]
    ]
    assert {charts.number(cell["room"]) for cell in plan[1]["cells"]} == {"16\u202f776\u202f960"}
    assert all(f'<td class="m">{block["prefix"]}</td>' in text for block in plan[1]["blocks"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_outside_the_plan_and_what_rests_is_told(language: str) -> None:
    read = reading.read("demo")
    until = datetime(2026, 12, 28, tzinfo=UTC).timestamp()
    given = Allocations(
        {"stray": Prefixes("2001:db8::/64", None), "codeless": Prefixes("3fff:430:fe00:1::/64", None)},
        resting={"segment6/gone-app-a": ("3fff:430:1201:9::/64", until)},
    )
    data = build(read, given, None, None)
    assert [row["name"] for row in data["plan"]["strangers"]] == ["codeless", "stray"]
    text = page(data, language)
    assert all(word in text for word in ("2001:db8::/64", "3fff:430:fe00:1::/64", "3fff:430:1201:9::/64", "2026-12-28"))


def test_what_is_released_rests_in_what_the_address_step_says(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path))
    reading.read.cache_clear()
    try:
        read = reading.read("simulator")
        now = datetime(2026, 11, 28, tzinfo=UTC)
        before = addressing.settle(read, now)
        stack = read.requests[0].stack
        fewer = replace(read, requests=read.requests[1:])
        addressing.release(fewer, [stack], now)
        after = addressing.settle(fewer, now)
    finally:
        reading.read.cache_clear()
    assert not before.resting
    gone = set(before.segments) - set(after.segments)
    assert gone
    prefix, until = after.resting[f"segment6/{min(gone)}"]
    assert prefix == before.segments[min(gone)].cidr6
    assert until > now.timestamp()
    rows = build(fewer, after, None, None)["plan"]["resting"]["rows"]
    assert {row["key"] for row in rows} == set(after.resting)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_known_is_said_and_not_drawn(language: str) -> None:
    data = build(None, None, None, None)
    assert data["plan"] == {"known": False}
    assert data["zones"]["skipped"]
    text = page(data, language)
    assert data["zones"]["skipped"][language] in text
    assert 'class="chart' not in text
    read = reading.read("demo")
    empty = build(read, None, None, None)
    assert {cell["used"] for cell in empty["plan"]["cells"]} == {0}
    assert page(empty, language).count('class="cell none"') == len(empty["plan"]["cells"])


def test_a_report_of_before_there_was_a_plan_is_still_a_page() -> None:
    data = full()
    old = page({key: part for key, part in data.items() if key not in ("plan", "zones")}, "zh")
    assert 'class="chart' not in old
    assert "没有地址规划" in old
    assert 'class="chart' in page(data, "zh")


def test_nothing_is_proved_for_the_report_alone() -> None:
    asked = estate()
    assert build(None, None, asked, None)["zones"]["skipped"]
    assert worked_out(asked) is None
    assert not full()["zones"]["skipped"], "the judge has worked it out, and the report shows it"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return planned(tmp_path_factory.mktemp("home"))


def _zones(of: Estate) -> dict[str, Any]:
    """Of an estate, its reachability worked out as the judge does."""
    assert proof(of).arrivals
    return zones.between(reading.read("simulator"), of, object(), {})


@pytest.mark.slow
def test_pairs_are_those_that_single_packets_find(demo: Estate) -> None:
    """Every end to every end, a packet a port that any rule names and one beside it. The bastion, which has no filter,
    and the internet, which has every address, are left to others."""
    data, done = _zones(demo), proof(demo)
    named = {port for rule in demo.kind("net.sg_rule") for port in rule.get("ports") or ()}
    ports = sorted({1, 2379, 2380, *named, *(port + 1 for port in named)})
    ends = [node for node in done.network.nodes if node.name in done.city.attached]
    zone = {node.name: str(done.city.places[node.name].get("zone")) for node in ends}
    found: set[tuple[str, str, int, int]] = set()
    for source, target in product(ends, ends):
        if source is target or source.name.startswith("bastion:"):
            continue
        opens = {(member, one.protocol, one.port) for one in source.services for member in one.members}
        for protocol, port, text, own in product((6, 17), ports, target.local, source.local):
            if (":" in own) != (":" in text) or (source.kind == "balancer" and (text, protocol, port) not in opens):
                continue
            one = Packet(addresses(text)[0], addresses(own)[0], protocol, port, 40000, 0, 1)
            trace = walk(done.network, source.name, one)
            # what a balancer passes on has arrived at it
            arrived = trace.nodes[-1] == target.name and trace.end is End.ARRIVED
            if arrived or target.name in trace.nodes[:-1]:
                found.add((zone[source.name], target.name, protocol, port))
    counted = Counter((source, zone[target]) for source, target, _, _ in found)
    told = {(c["source"], c["target"]): c["pairs"] for c in data["cells"] if c["pairs"]}
    told = {both: pairs for both, pairs in told.items() if both[0] not in (zones.OUTSIDE, "management")}
    assert {both: pairs for both, pairs in counted.items() if both[0] != "management"} == told
    assert len(told) > 3


@pytest.mark.slow
def test_the_internet_gets_to_the_access_zone_and_nowhere_else(demo: Estate) -> None:
    data = _zones(demo)
    ways = {
        cell["target"]: cell for cell in data["cells"] if cell["source"] == zones.OUTSIDE and cell["state"] != "nothing"
    }
    assert set(ways) == {"internet"}
    assert [row["service"] for row in ways["internet"]["services"]] == ["tcp/443"]
    assert len(data["cells"]) == len(data["places"]) ** 2
    private = [place["key"] for place in data["places"] if place["private"]]
    assert private == ["dedicated"]


def _changed(of: Estate, kind: str, name: str, **change: Any) -> Estate:
    def one(r: Resource) -> Resource:
        return replace(r, properties={**r.properties, **change}) if (r.kind, r.name) == (kind, name) else r

    return Estate(tuple(map(one, of)))


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_read_makes_its_zone_unknown(demo: Estate, language: str) -> None:
    host = next(h for h in demo.kind("compute.host") if h.get("zone") == "dedicated")
    data = _zones(_changed(demo, "compute.host", host.name, address6=UNKNOWN))
    states = {(c["source"], c["target"]): c["state"] for c in data["cells"]}
    assert {state for both, state in states.items() if "dedicated" in both} == {"unknown"}
    assert states[zones.OUTSIDE, "public"] == "nothing"
    drawn = str(charts.matrix(data, language))
    assert drawn.count('class="doubt"') == sum(state == "unknown" for state in states.values())
    everything = _zones(_changed(demo, "net.router", "core-a", role=UNKNOWN))
    assert {cell["state"] for cell in everything["cells"]} == {"unknown"}
    assert everything["unread"]["count"]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cell_leads_to_its_row_and_nothing_is_drawn_as_nothing(demo: Estate, language: str) -> None:
    read = reading.read("simulator")
    text = page(build(read, None, demo, judge.judge(demo, planned=True)), language)
    data = _zones(demo)
    some = [cell for cell in data["cells"] if cell["state"] != "nothing"]
    svg = re.findall(r'<svg class="chart zones".*?</svg>', text, re.DOTALL)[0]
    assert re.findall(r'<a href="#(zone-[^"]*)"', svg) == [charts.anchor(cell) for cell in some]
    assert all(text.count(f'<tr id="{charts.anchor(cell)}">') == 1 for cell in some)
    figures = [unescape(figure) for figure in re.findall(r'<text class="count"[^>]*>([^<]*)<', svg)]
    assert figures == [charts.figure(cell, language) for cell in some]
    for blank in re.findall(r'<g class="cell nothing">(.*?)</g>', svg, re.DOTALL):
        assert "<text" not in blank
        assert "fill" not in blank


@pytest.mark.parametrize(
    ("name", "width", "lines"),
    [("互联网接入区", 65, ["互联网接入", "区"]), ("Internet-of-things network", 66, ["Internet-", "of-things", "network"]),
     ("Unbreakable", 10, ["Unbreakable"]), ("", 10, [""])],
)  # fmt: skip
def test_names_are_broken_between_words(name: str, width: float, lines: list[str]) -> None:
    assert charts.wrapped(name, width, 12) == lines


@pytest.mark.parametrize(
    ("cell", "figure"),
    [({"pairs": 5}, "5"), ({"pairs": 0}, ""), ({"pairs": 3, "unfiltered": 2}, "3+2∗"), ({"pairs": 3, "state": "unknown"}, "≥3"),
     ({"state": "unknown"}, "?"), ({"services": [{"service": "ping", "hosts": 1}]}, "ping")],
)  # fmt: skip
def test_a_figure_says_what_it_does_not_know(cell: dict[str, Any], figure: str) -> None:
    whole = {"pairs": 0, "unfiltered": 0, "services": [], "state": "open", **cell}
    assert charts.figure(whole, "zh") == figure
