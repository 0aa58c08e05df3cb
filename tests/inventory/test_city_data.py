"""The city's data against the guidance: every unit in every clause, both ways, and nothing invented passes for a fact.

`tests/cases/city/responsible.json` has the 责任单位 of each clause, word for word; the document itself is not ours to
ship.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import BaseModel

from inventory.model import City, Provenance
from inventory.places import ROOT
from inventory.reading import city as read_city

CASE: dict[str, Any] = json.loads((ROOT / "tests/cases/city/responsible.json").read_text(encoding="utf-8"))
DISTRICTS = list(CASE["districts"].values())
DOCUMENTATION = [ip_network(text) for text in ("3fff::/20", "2001:db8::/32", "198.18.0.0/15", "203.0.113.0/24")]


@pytest.fixture(scope="module")
def city() -> City:
    return read_city()


def _rows(city: City) -> Iterator[tuple[str, Any]]:
    """Every row with a key, and where it stands: lists of the city and what hangs below them."""
    for part in type(city).model_fields:
        value = getattr(city, part)
        rows = value if isinstance(value, tuple) else [value]
        for row in rows:
            if isinstance(row, BaseModel):
                yield f"{part}.{getattr(row, 'key', '')}", row
                for below in getattr(row, "capabilities", ()):
                    yield f"{part}.{row.key}.{below.key}", below  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", CASE["items"], ids=lambda case: case["clause"])
def test_an_item_has_the_units_of_its_clause_in_the_documents_order(city: City, case: dict[str, Any]) -> None:
    wanted = [name for unit in case["units"] for name in (DISTRICTS if unit == CASE["everyone"] else [unit])]
    item = city.item(case["name"])
    assert item is not None
    assert item.name == case["name"], "the name is the document's"
    assert item.clause == case["clause"]
    assert [bureau.name for key in item.responsible if (bureau := city.bureau(key))] == wanted


def test_there_is_no_item_that_the_document_does_not_have(city: City) -> None:
    assert [item.name for item in city.items] == [case["name"] for case in CASE["items"]]
    parts = [item.part for item in city.items]
    assert [parts.count(part) for part in ("infrastructure", "platform", "domain")] == [4, 4, 8]


def test_the_units_are_those_that_the_document_names_and_no_others(city: City) -> None:
    named = {unit for case in CASE["items"] for unit in case["units"]} - {CASE["everyone"]}
    assert {bureau.name for bureau in city.bureaus} == named | set(DISTRICTS) | set(CASE["elsewhere"])


def test_districts_have_their_division_codes_and_nobody_else_has_one(city: City) -> None:
    assert {bureau.code: bureau.name for bureau in city.bureaus if bureau.code} == CASE["districts"]
    assert all((bureau.type == "district") == bool(bureau.code) for bureau in city.bureaus)


def test_every_row_says_where_it_comes_from(city: City) -> None:
    clauses = {case["clause"] for case in CASE["items"]} | {"主送", "五(三)"}
    rows = dict(_rows(city))
    assert len(rows) > 120
    for place, row in rows.items():
        provenance: Provenance = row.provenance
        unknown = set(provenance.assumed) - set(type(row).model_fields)
        assert not unknown, f"{place}: assumed names fields that the row does not have: {unknown}"
        first = provenance.source.split(";")[0]
        if first.startswith("指导意见"):
            clause = first.split()[1].split(":")[0]
            assert clause in clauses, f"{place}: the guidance has no clause {clause}"


def test_what_no_source_gives_is_not_called_sourced(city: City) -> None:
    for place, row in _rows(city):
        basis, assumed = row.provenance.basis, row.provenance.assumed
        part = place.partition(".")[0]
        if part in ("sites", "addresses"):
            assert basis == "illustrative", f"{place}: nobody has published the city's sites and addresses"
        if part == "pools" and row.type != "partner":
            assert basis == "illustrative" or {"cpu", "memory"} <= set(assumed), f"{place}: its size is not public"
        if place.count(".") == 2:
            assert "port" in assumed, f"{place}: the document gives no port"


def test_what_a_partner_has_is_not_ours_to_give_out(city: City) -> None:
    partners = [pool for pool in city.pools if pool.type == "partner"]
    assert [pool.key for pool in partners] == ["nscc-changsha", "ai-centre", "malanshan"]
    assert all((pool.cpu, pool.memory, pool.sites, pool.architecture) == (0, 0, (), None) for pool in partners)


def test_all_prefixes_are_documentation_space(city: City) -> None:
    plan = city.addresses
    for text in (plan.prefix6, plan.prefix4, plan.public4, plan.link6, plan.loopback6):
        net = ip_network(text)
        assert any(net.version == d.version and net.subnet_of(d) for d in DOCUMENTATION), text  # type: ignore[arg-type]
    assert ip_network(plan.ula).subnet_of(ip_network("fd00::/8"))  # type: ignore[arg-type]
    assert plan.domain.endswith(".example")
    assert all(64496 <= site.asn <= 64511 for site in city.sites), "AS numbers for documentation, RFC 5398"


def test_codes_of_the_address_plan_are_unique_and_fit_their_fields(city: City) -> None:
    plan = city.addresses
    for rows, bits in (
        (city.bureaus, plan.bits("bureau")), (city.sites, plan.bits("site")), (city.zones, plan.bits("zone"))
    ):  # fmt: skip
        numbers = [row.number for row in rows]
        assert len(set(numbers)) == len(numbers)
        assert all(0 < number < 1 << bits for number in numbers)


def test_a_dual_active_pair_an_arbiter_and_a_remote_site_in_another_city_share_no_fate(city: City) -> None:
    by_role = {site.role: site for site in city.sites}
    first, second = by_role["primary"], by_role["secondary"]
    assert first.city == second.city == by_role["arbiter"].city == city.name
    assert by_role["remote"].city != city.name
    assert len({site.power for site in city.sites}) == len(city.sites)
    assert set(first.carriers) != set(second.carriers)
    assert all(site.mainland for site in city.sites)
    sites = {site.key: site for site in city.sites}
    for link in city.links:
        one, other = (set(sites[key].carriers) for key in link.ends)
        if not link.backup:
            assert len(one & other) >= link.lines >= 2, f"{link.key}: each line has its own carrier, there at both ends"
        assert link.encryption != "none"


def test_the_remote_site_has_a_way_that_no_digger_cuts(city: City) -> None:
    remote = next(site for site in city.sites if site.role == "remote")
    (sky,) = [link for link in city.links if link.backup]
    assert remote.key in sky.ends
    assert sky.medium == "satellite"
    assert sky.carrier is not None
    assert sky.carrier not in {carrier for site in city.sites for carrier in site.carriers}
