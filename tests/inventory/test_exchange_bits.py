"""What the bits say of a million rows is what the plan says of one prefix, of whatever fields the plan is made."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory import numbering, reading
from inventory.allotting.prefixes import Prefix
from inventory.exchange.audit import findings
from inventory.exchange.bits import Layout
from inventory.exchange.book import CITY, Book
from inventory.exchange.book import Prefix as Row
from inventory.model import City
from inventory.model.plan import Kept, Part

SHIPPED = reading.city()


def part(**fields: Any) -> Part:
    """A field; what is not said is as in a plan that does not say it."""
    return Part.model_validate(fields)


@st.composite
def cities(draw: st.DrawFn) -> City:
    """The shipped city with fields of any name, order and width: some of the rows' numbers, some of tables of their own."""
    kinds = draw(st.permutations(["site", "zone", "bureau", "tier", "fixed"]))
    kinds = [of for of in kinds if of == "site" or draw(st.booleans())]
    parts, left = [], 32
    for number, of in enumerate(kinds):
        bits = draw(st.integers(7, 8)) if of == "bureau" else draw(st.integers(3, 5))
        left -= bits
        name = f"{draw(st.sampled_from(['f', 'site', 'level']))}-{number}"
        reserved = (Kept(code=0, to="kept"),) if draw(st.booleans()) and of not in ("fixed", "bureau") else ()
        if of == "fixed":
            parts.append(part(name=name, bits=bits, of=of, value=draw(st.integers(0, 7))))
        elif of == "tier":
            parts.append(part(name=name, bits=bits, of=of, codes={"web": 1, "app": 4}, reserved=reserved))
        elif of == "site" and draw(st.booleans()):
            codes = dict(zip([s.key for s in SHIPPED.sites], [7, 5, 3, 1], strict=False))
            parts.append(part(name=name, bits=bits, of=of, codes=codes, reserved=reserved))
        else:
            none = 0 if of == "bureau" and draw(st.booleans()) else None
            parts.append(part(name=name, bits=bits, of=of, none=none, reserved=reserved))
    parts.append(part(name="last", bits=left, of="segment"))
    plan = SHIPPED.addresses.model_copy(update={"fields": tuple(parts)})
    return SHIPPED.model_copy(update={"addresses": plan})


@settings(max_examples=200, deadline=None)
@given(cities(), st.lists(st.tuples(st.integers(0, (1 << 32) - 1), st.integers(24, 64)), min_size=1, max_size=20))
def test_the_bits_of_rows_say_what_the_plan_says_of_one_prefix(city: City, rows: list[tuple[int, int]]) -> None:
    bits, whole = Layout(city), numbering.scheme(city).whole
    last = city.addresses.fields[-1].name
    for number, length in rows:
        first = (whole.start | number << 64) >> 128 - length << 128 - length
        said, read = bits.said(first, length), numbering.read_back(city, Prefix(6, first, length))
        if said is None:
            inside = any(low <= first <= high for low, high in bits.backbone)
            assert inside or length <= whole.length or read is None
            continue
        assert read is not None
        assert {word.slot.name: word.key for word in said.words} == {k: v for k, v in read.items() if k != last}
        by = {part.of: part.name for part in city.addresses.fields}
        for of, key in (("site", said.site), ("zone", said.zone), ("bureau", said.owner)):
            filled = by.get(of) in read
            there = read.get(by.get(of, ""))
            nobody = CITY if of == "bureau" else ""
            assert key == (None if not filled else "" if there is None else there or nobody)


@settings(max_examples=100, deadline=None)
@given(cities(), st.data())
def test_an_owners_area_says_whose_it_is(city: City, data: st.DataObject) -> None:
    bits = Layout(city)
    keys = {
        part.of: [key for key in numbering.codes(city, part)] for part in city.addresses.fields if part.of != "segment"
    }
    site, zone = data.draw(st.sampled_from(city.sites)).key, data.draw(st.sampled_from(city.zones)).key
    owner = data.draw(st.sampled_from([CITY, *(b.key for b in city.bureaus)]))
    if owner == CITY and "" not in keys.get("bureau", [""]):
        with pytest.raises(LookupError):
            bits.area(site, zone, owner)
        return
    first, length = bits.area(site, zone, owner)
    assert length == 64 - city.addresses.fields[-1].bits
    if not any(low <= first <= high for low, high in bits.backbone):
        said = bits.said(first, length)
        assert said is not None
        assert said.site == site
        assert said.zone == (zone if "zone" in keys else None)
        assert said.owner == (owner if "bureau" in keys else None)
    with pytest.raises(LookupError):
        bits.area("no-such-site", zone, owner)


@cache
def _tiered() -> City:
    fields = (
        part(name="unit", bits=8, of="bureau", none=0), part(name="layer", bits=4, of="tier", codes={"web": 1, "app": 4}),
        part(name="place", bits=4, of="site"), part(name="number", bits=16, of="segment"),
    )  # fmt: skip
    return SHIPPED.model_copy(update={"addresses": SHIPPED.addresses.model_copy(update={"fields": fields})})


def test_findings_name_the_plans_own_fields() -> None:
    city = _tiered()
    start, owner = numbering.scheme(city).whole.start, city.bureaus[1]  # the locators lie where the first would
    right = start | owner.number << 88 | 1 << 84 | city.sites[0].number << 80 | 1 << 64
    layer, site = right ^ 2 << 84, right ^ 15 << 80
    rows = [
        Row(6, first, 64, owner=owner.key, site=city.sites[0].key, line=line, name="s")
        for line, first in enumerate((right, layer, site), 2)
    ]
    found = findings(Book(tuple(rows), file="plan.csv"), city, Book())
    assert [(one.line, one.code) for one in found] == [(3, "asset.code"), (4, "asset.code")]
    assert "layer" in found[0].en
    assert "layer" in found[0].zh
