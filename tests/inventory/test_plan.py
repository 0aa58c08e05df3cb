"""The address plan as data: what is wrong with one gets its sentence and its line, all at once; one that is quite
different from the shipped one gives addresses as well, and each of them says what it is made up of."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory import addressing, numbering, reading
from inventory.addressing import Allocations
from inventory.allotting.prefixes import overlaps, parse, text
from inventory.assigning import layouts
from inventory.ledger import Ledger
from inventory.places import ROOT
from inventory.problems import Refused

PLANS = ROOT / "tests" / "cases" / "addresses" / "plans"
READ = reading.read("demo")


def city_with(folder: Path, plan: str) -> Path:
    """The shipped city with another address plan."""
    for path in (ROOT / "inventory" / "city").glob("*.yaml"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "addresses.yaml").write_text(plan, encoding="utf-8")
    return folder


@pytest.mark.parametrize("story", sorted(p.parent.name for p in PLANS.glob("*/expected.txt")))
def test_every_fault_gets_its_sentence_and_its_place(tmp_path: Path, story: str) -> None:
    folder = city_with(tmp_path, (PLANS / story / "addresses.yaml").read_text(encoding="utf-8"))
    with pytest.raises(Refused) as refused:
        reading.city(folder)
    problems = sorted(refused.value.problems, key=lambda p: (p.file, p.line, p.col, p.code, p.en))
    said = "".join(f"{p.text('zh')}\n    {p.text('en')}\n" for p in problems).replace(f"{tmp_path}/", "")
    assert said == (PLANS / story / "expected.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> reading.Read:
    plan = (PLANS / "province" / "addresses.yaml").read_text(encoding="utf-8")
    return dataclasses.replace(READ, city=reading.city(city_with(tmp_path_factory.mktemp("city"), plan)))


def test_another_layout_gives_addresses_that_say_what_they_are(province: reading.Read) -> None:
    city, all_ = province.city, addressing.assign(province, Allocations())
    segments = {segment.name: segment for each in layouts(province) for segment in each.segments}
    assert set(all_.segments) == set(segments)
    for name, segment in segments.items():
        prefix = parse(all_.segment(name).cidr6)
        assert prefix.length == 64
        said = numbering.read_back(city, prefix)
        assert said is not None
        number = said.pop("segment")
        assert isinstance(number, int)
        assert 0 < number < 255
        assert said == {
            "network": "",
            "unit": segment.bureau or "",
            "place": segment.site,
            "zone": segment.zone,
            "tier": segment.tier,
        }
        assert prefix in numbering.area(city, segment)
    nets = [(parse(each.cidr6), name) for name, each in all_.segments.items()]
    nets += [(parse(w), n) for t in ("links", "loopbacks", "locators", "nat64") for n, w in getattr(all_, t).items()]
    assert not list(overlaps(nets))


def test_what_a_segment_speaks_is_declared(province: reading.Read) -> None:
    all_ = addressing.assign(province, Allocations())
    names = ("civil-affairs-welfare-data-a", "civil-affairs-welfare-web-a", "agriculture-rural-data-a")
    mostly, web, data = map(all_.segment, names)
    assert (parse(mostly.cidr4 or "").length, parse(web.cidr4 or "").length, data.cidr4) == (26, 28, None)
    assert mostly.ula
    assert parse(mostly.ula) in parse(province.city.addresses.ula)
    assert (bool(web.ula), data.ula) == (True, None)
    assert len({each.ula for each in all_.segments.values() if each.ula}) == sum(
        bool(e.ula) for e in all_.segments.values()
    )
    assert all(parse(words).length == 60 for words in all_.locators.values()), "nibbles"
    assert {parse(words).length for words in all_.nat64.values()} == {64}
    for each in layouts(province):
        for machine in each.machines:
            prefixes, host = all_.segment(machine.segment), all_.host(machine.name)
            assert (host.address4 is None) == (prefixes.cidr4 is None)
            assert host.address4 is None or parse(host.address4) in parse(prefixes.cidr4 or "")


def test_a_segment_that_becomes_dual_or_single_keeps_its_prefix_and_gets_the_same_ipv4_again(
    province: reading.Read, tmp_path: Path
) -> None:
    plan = (PLANS / "province" / "addresses.yaml").read_text(encoding="utf-8")
    single = dataclasses.replace(
        province, city=reading.city(city_with(tmp_path, plan.replace("- {tier: web,", "- {tier: wap,")))
    )
    first = addressing.assign(single, Allocations())
    name = "civil-affairs-welfare-web-a"
    assert first.segment(name).cidr4 is None
    dual = addressing.assign(province, first)
    assert dual.segment(name).cidr6 == first.segment(name).cidr6
    assert dual.segment(name).cidr4
    host = next(m.name for each in layouts(province) for m in each.machines if m.segment == name)
    assert dual.host(host).address6 == first.host(host).address6
    assert dual.host(host).address4
    again = addressing.assign(single, dual)
    assert (again.segment(name).cidr4, again.host(host).address4) == (None, None)


def test_a_full_field_is_refused_with_everything_that_has_no_room(province: reading.Read, tmp_path: Path) -> None:
    plan = (PLANS / "province" / "addresses.yaml").read_text(encoding="utf-8")
    tight = plan.replace("growth: 16", "growth: 254").replace('/40", length: 62', '/61", length: 62')
    tight = tight.replace('"3fff:e10:100::/61"', '"3fff:e10:100::/58"')
    read = dataclasses.replace(province, city=reading.city(city_with(tmp_path, tight)))
    with pytest.raises(Refused) as refused:
        addressing.assign(read, Allocations())
    segments = [segment.name for each in layouts(read) for segment in each.segments]
    said = {problem.where for problem in refused.value.problems}
    assert said >= set(segments)
    assert {problem.code for problem in refused.value.problems} == {"address.full"}
    assert "core-c" in said, "four locators of a /60 fit into a /58"


def test_an_exhausted_plan_says_who_has_no_room_and_where_it_is_asked_for(tmp_path: Path) -> None:
    """Everything at once, at the line of the request; and nothing is given to anybody."""
    story = PLANS.parent / "exhausted"
    city = reading.city(city_with(tmp_path, (story / "addresses.yaml").read_text(encoding="utf-8")))
    where = dataclasses.replace(READ.places, folder=tmp_path / "state")
    few = tuple(r for r in READ.requests if r.stack in ("data-resources.identity", "data-resources.licences"))
    read = dataclasses.replace(READ, city=city, requests=few, places=where)
    with pytest.raises(Refused) as refused:
        addressing.settle(read, datetime(2026, 11, 28, tzinfo=UTC))
    problems = sorted(refused.value.problems, key=lambda p: (p.file, p.line, p.where))
    said = "".join(f"{p.text('zh')}\n    {p.text('en')}\n" for p in problems)
    assert said == (story / "expected.txt").read_text(encoding="utf-8")
    assert not where.addresses.exists()
    with Ledger(where.ledger) as ledger:
        assert not ledger.entries()
        assert not list(ledger.history())


def test_the_aggregates_are_the_prefixes_that_routers_advertise() -> None:
    city = READ.city
    rows = list(numbering.aggregates(city))
    by = {row.names: text(row.prefix) for row in rows}
    prefixes = [row.prefix for row in rows]
    assert by[()] == "3fff:430::/32"
    assert by[("site", "a"),] == "3fff:430:1000::/36"
    assert by[("site", "b"), ("zone", "dedicated")] == "3fff:430:2200::/40"
    bureau = city.bureau("civil-affairs")
    assert bureau
    assert (
        by[("site", "a"), ("zone", "dedicated"), ("bureau", "civil-affairs")] == f"3fff:430:12{bureau.number:02x}::/48"
    )
    all_ = addressing.assign(READ, Allocations())
    for each in all_.segments.values():
        prefix = parse(each.cidr6)
        assert sum(prefix in whole for whole in prefixes) == 4, "one at each tier"


def test_what_is_no_part_of_the_plan_is_read_back_as_such() -> None:
    city = READ.city
    assert numbering.read_back(city, parse("2001:db8::/64")) is None
    assert numbering.read_back(city, parse("3fff:430:f300::/64")) == {
        "site": None, "zone": "internet", "bureau": "", "segment": 0,
    }  # fmt: skip
    assert numbering.read_back(city, parse("3fff:430:1200::/44")) == {"site": "a", "zone": "dedicated"}
