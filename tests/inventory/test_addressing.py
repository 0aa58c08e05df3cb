"""Addresses: nothing overlaps, nothing moves, everything is inside its zone, and a bad file is refused."""

from __future__ import annotations

import dataclasses
import itertools
import json
from ipaddress import IPv6Address, IPv6Network, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory import addressing, layout, numbering, reading
from inventory.addressing import Addresses, Allocations, Prefixes
from inventory.allotting import parse
from inventory.places import ROOT
from inventory.problems import Refused

CITY = ROOT / "tests" / "cases" / "city"
READ = reading.read("demo")
ALL = addressing.assign(READ, Allocations())


def overlaps(texts: list[str]) -> list[tuple[str, str]]:
    nets = sorted((ip_network(text) for text in texts), key=lambda net: int(net[0]))
    return [(str(a), str(b)) for a, b in itertools.pairwise(nets) if int(a[-1]) >= int(b[0])]


def test_everything_that_is_laid_out_has_an_address_in_its_segment() -> None:
    for each in (layout.of_city(READ.city), *(layout.of_request(READ.city, request) for request in READ.requests)):
        for machine in each.machines:
            net = IPv6Network(ALL.segment(machine.segment).cidr6)
            assert IPv6Address(ALL.host(machine.name).address6) in net
        for vip in each.vips:
            assert IPv6Address(ALL.vip(vip.name).address6) in IPv6Network(ALL.segment(vip.segment).cidr6)


def test_no_two_things_share_an_address_and_no_two_segments_meet() -> None:
    assert not overlaps(
        [p.cidr6 for p in ALL.segments.values()]
        + [text for table in (ALL.links, ALL.loopbacks, ALL.locators, ALL.nat64) for text in table.values()]
    )
    assert not overlaps([p.cidr4 for p in ALL.segments.values() if p.cidr4])
    texts = [t for a in (*ALL.hosts.values(), *ALL.vips.values()) for t in (a.address6, a.address4) if t]
    assert len(texts) == len(set(texts))


def test_the_fields_of_a_prefix_say_site_zone_and_bureau() -> None:
    city = READ.city
    for request in READ.requests:
        for segment in layout.of_request(city, request).segments:
            bureau, site, zone = city.bureau(request.bureau), city.site(segment.site), city.zone(segment.zone)
            assert bureau
            assert site
            assert zone
            number = int(IPv6Network(ALL.segment(segment.name).cidr6)[0]) >> 64
            assert number >> 16 & 0xFF == bureau.number
            assert number >> 24 & 0xF == zone.number
            assert number >> 28 & 0xF == site.number
            assert numbering.read_back(city, parse(ALL.segment(segment.name).cidr6)) == {
                "site": site.key, "zone": zone.key, "bureau": bureau.key, "segment": number & 0xFFFF,
            }  # fmt: skip


def published(of: Allocations) -> dict[str, dict]:
    return {
        "segments": {name: [p.cidr6, p.cidr4] for name, p in of.segments.items()},
        "hosts": {name: [a.address6, a.address4] for name, a in of.hosts.items()},
        "vips": {name: [a.address6, a.address4] for name, a in of.vips.items()},
        "links": dict(of.links),
        "loopbacks": dict(of.loopbacks),
    }


@pytest.mark.parametrize("story", ["as it stands", "as it stood before segments were named by zone"])
def test_the_whole_city_has_the_addresses_that_it_always_had(story: str, tmp_path: Path) -> None:
    """The case was written by the allocator of before the plan was a schema, from the same requests; the city's own
    networks of devices, its resolvers and its satellite line came later, and moved nothing. When segments came to be named
    by their zone, only what had lain in another zone's segment moved: what it had before is a case of its own."""
    there = json.loads((CITY / "addresses.json").read_text(encoding="utf-8"))
    gone = json.loads((CITY / "before-zones.json").read_text(encoding="utf-8"))
    had = there
    if story != "as it stands":
        had = {table: {**rows, **gone.get(table, {})} for table, rows in there.items()}
        had["segments"] = {name: row for name, row in had["segments"].items() if "-iot-app-" not in name}
    path = tmp_path / "addresses.json"
    path.write_text(json.dumps(had), encoding="utf-8")
    now = addressing.assign(READ, addressing.load(path))
    later = {
        "segments": {"iot-a", "iot-b", "video-a", "video-b"},
        "hosts": {"resolver-a", "resolver-b"},
        "links": {"c-d"},
    }
    for table, rows in there.items():
        assert published(now)[table].keys() - rows.keys() == later.get(table, set())
        assert {name: published(now)[table][name] for name in rows} == rows
    moved = {(each.kind, each.name): each.before for each in now.moved}
    expected = {("segment6", name): row[0] for name, row in gone["segments"].items()}
    expected |= {("host6", name): row[0] for name, row in gone["hosts"].items()}
    assert moved == ({} if had is there else expected)
    assert len(expected) == 10


def test_a_city_that_begins_today_differs_only_behind_the_segment_that_is_in_another_zone_now() -> None:
    there = json.loads((CITY / "addresses.json").read_text(encoding="utf-8"))
    other = {
        name
        for table, rows in there.items()
        for name, row in rows.items()
        if published(ALL)[table][name] != row
    }  # fmt: skip
    assert all(name.startswith(("data-resources-things-", "data-resources-video-")) for name in other)
    assert len(other & there["segments"].keys()) == 2 * 5, "at two sites: four of one private network, one at the edge"
    assert len(other & there["hosts"].keys()) == 4 + 2 + 2 + 2 + 2, "gateways, consoles, databases, the portal"


def test_each_site_that_translates_has_a_part_of_the_public_prefix_of_its_own() -> None:
    assert ALL.pool4 == {"a": "203.0.113.0/27", "b": "203.0.113.32/27"}
    assert set(ALL.pool4) == {
        name.removeprefix("video-") for name, p in ALL.segments.items() if name.startswith("video-")
    }


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, len(READ.requests) - 1)), min_size=1, max_size=4), st.randoms(use_true_random=False)
)
def test_nothing_moves_whatever_is_added_removed_or_reordered(rounds, random) -> None:
    known = Allocations()
    for chosen in rounds:
        requests = [READ.requests[index] for index in sorted(chosen)]
        random.shuffle(requests)
        now = addressing.assign(dataclasses.replace(READ, requests=tuple(requests)), known)
        for table in ("segments", "hosts", "vips", "links", "loopbacks"):
            before, after = getattr(known, table), getattr(now, table)
            assert all(after[name] == value for name, value in before.items())
        known = now
    assert not overlaps([p.cidr6 for p in known.segments.values()])
    assert not overlaps([p.cidr4 for p in known.segments.values() if p.cidr4])


def test_the_same_requests_give_the_same_addresses_in_any_order() -> None:
    backwards = dataclasses.replace(READ, requests=tuple(reversed(READ.requests)))
    assert addressing.assign(backwards, Allocations()) == ALL


def test_kept_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "addresses.json"
    assert addressing.save(path, ALL)
    assert addressing.load(path) == ALL
    assert not addressing.save(path, ALL)


def test_a_damaged_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "addresses.json"
    path.write_text('{"segments": {"x": 3')
    with pytest.raises(Refused, match=r"address.damaged"):
        addressing.load(path)
    assert path.exists()


def test_overlaps_and_strangers_in_the_file_are_refused_all_at_once() -> None:
    name, other = list(ALL.segments)[:2]
    wrong = {**ALL.segments, other: ALL.segments[name], "lost": Prefixes("2001:db8:1::/64", None)}
    with pytest.raises(Refused) as refused:
        addressing.assign(READ, dataclasses.replace(ALL, segments=wrong))
    assert {"address.overlap", "address.outside"} <= {p.code for p in refused.value.problems}


def test_a_full_segment_is_refused_with_what_to_widen() -> None:
    segment = "civil-affairs-welfare-web-a"
    net = ip_network(ALL.segment(segment).cidr4 or "")
    taken = {f"squatter-{n}": Addresses(f"2001:db8::{n:x}", str(net[n])) for n in range(2, net.num_addresses - 1)}
    known = Allocations(segments=ALL.segments, hosts=taken)
    with pytest.raises(Refused, match=r"address.full"):
        addressing.assign(READ, known)


def test_a_name_without_an_address_says_which_step_gives_one() -> None:
    with pytest.raises(Refused, match=r"\./lz plan.*\[address.missing\]"):
        ALL.host("nobody")
