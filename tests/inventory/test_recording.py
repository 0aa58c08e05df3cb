"""Records: what people wrote is read by the kinds, with every fault told; the city's sites come by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.problems import Refused
from inventory.reading import city
from inventory.recording import declared, of_city, record, united


def _file(folder: Path, text: str, name: str = "x.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_an_entry_is_a_resource_of_its_kind_with_its_place(tmp_path: Path) -> None:
    text = "# first\ngov.evidence drill-2026: {about: dr.plan/x, subject: drill, date: 2026-03-01}\nsec.waf one:\n  mode: block\n"
    drill, waf = declared(_file(tmp_path, text))
    assert (drill.kind, drill.name, drill["subject"], drill["date"]) == (
        "gov.evidence",
        "drill-2026",
        "drill",
        "2026-03-01",
    )
    assert drill.origin.endswith("x.yaml:2")
    assert "result" not in drill, "what was not said is not there"
    assert waf["mode"] == "block"


@pytest.mark.parametrize(
    "text",
    [
        "gov.evidense x: {}\n",
        "net.subnet x: {cidr6: '3fff::/64'}\n",
        "gov.evidence: {}\n",
        "gov.evidence x: {subjekt: drill}\n",
        "gov.evidence x: [1]\n",
        "iot.gateway x: {anonymous: perhaps}\n",
    ],
)
def test_a_wrong_entry_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refused) as refused:
        declared(_file(tmp_path, "sec.waf good: {mode: block}\n" + text))
    (problem,) = refused.value.problems
    assert problem.line == 2
    assert problem.zh
    assert problem.en


def test_the_same_record_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    _file(tmp_path, "sec.waf one: {mode: block}\n")
    with pytest.raises(Refused) as refused:
        declared(_file(tmp_path, "\nsec.waf one: {mode: detect}\n", "y.yaml"))
    assert "x.yaml:1" in refused.value.problems[0].en
    assert refused.value.problems[0].line == 2


def test_no_folder_is_no_records(tmp_path: Path) -> None:
    assert len(declared(tmp_path / "none")) == 0


def test_the_citys_sites_come_with_place_and_round_trips() -> None:
    sites = {one.name: one for one in of_city(city()).kind("gov.site")}
    assert {"a", "b", "c", "d"} <= set(sites)
    assert all(one["mainland"] is True for one in sites.values())
    trips = sites["a"]["rtt_ms"]
    assert trips["b"] == sites["b"]["rtt_ms"]["a"] > 0


def test_the_address_plan_says_what_the_bits_mean() -> None:
    (plan,) = of_city(city()).kind("net.plan")
    assert plan["prefix6"] == city().addresses.prefix6
    assert sum(one["bits"] for one in plan["fields"]) + int(plan["prefix6"].partition("/")[2]) == 64


def test_what_people_say_of_a_thing_adds_to_what_the_city_says(tmp_path: Path) -> None:
    both = united([of_city(city()), declared(_file(tmp_path, "gov.site a: {kms: pool-a}\n"))])
    site = both.named("gov.site", "a")
    assert site
    assert (site["kms"], site["country"]) == ("pool-a", "CN")
    assert united([both, both]) == both
    assert record("gov.site", "a", {}).urn == site.urn


def test_the_shipped_records_are_right() -> None:
    declared()
