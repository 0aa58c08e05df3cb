"""The address step beside an imported inventory: nothing new lies on what is used, nothing that is given out moves, what
is declared keeps its prefix, and each conflict is told with both places.

A story under tests/cases/addresses/occupied is an inventory and what comes of two systems beside it: what a first address
step gives otherwise than without the inventory, then what is said where everything was given out before it came.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory import addressing, reading
from inventory.addressing import Allocations
from inventory.allocations import TABLES
from inventory.allotting.prefixes import BITS, Prefix, parse
from inventory.exchange import own, store
from inventory.exchange.book import STATUSES, Address, Book
from inventory.exchange.book import Prefix as Listed
from inventory.occupied import Occupied, occupied
from inventory.places import ROOT, Places
from inventory.problems import Refused
from inventory.reading import Read

DEMO = reading.read("demo")
SYSTEMS = ("civil-affairs.welfare", "ecology.air")
READ = dataclasses.replace(DEMO, requests=tuple(r for r in DEMO.requests if r.stack in SYSTEMS))
ALONE = addressing.assign(READ, Allocations())
NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
STORIES = sorted((ROOT / "tests" / "cases" / "addresses" / "occupied").iterdir())
SINGLE = ("hosts", "vips", "loopbacks")


def flat(of: Allocations) -> dict[tuple[str, str, str], str]:
    """(table, kind, name) → text of everything."""
    return {(table, kind, name): words for _, kind, table, name, words in addressing._rows(of)}


def said(story: Path, folder: Path) -> str:
    book = store.load(story / "plan.csv")
    try:
        now = flat(addressing.assign(READ, Allocations(), occupied(book, READ.city)))
        lines = [
            f"{kind} {name}: {flat(ALONE)[table, kind, name]} → {words}"
            for (table, kind, name), words in now.items()
            if flat(ALONE)[table, kind, name] != words
        ]
    except Refused as refused:
        lines = list(map(str, refused.problems))
    read = dataclasses.replace(READ, places=Places(folder))
    before = addressing.settle(read, NOW)
    folder.mkdir(exist_ok=True)
    store.save(store.kept(read.places), book)
    after = addressing.settle(read, NOW)
    assert after == before
    told = "\n".join(["", "已分配之后才导入 / imported afterwards:", *map(str, after.problems)])
    return ("\n".join(lines) + "\n" + told + "\n").replace(f"{folder}/", "")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_what_comes_of_an_inventory(story: Path, tmp_path: Path) -> None:
    assert said(story, tmp_path / "home") == (story / "expected.txt").read_text(encoding="utf-8")


def near(draw: st.DrawFn, words: str) -> Prefix:
    """A prefix, or what is a little wider or narrower or beside it."""
    prefix = parse(words)
    bits = BITS[prefix.version]
    length = min(bits, max(14, prefix.length + draw(st.integers(-3, 6))))
    start = prefix.start + (draw(st.integers(-2, 4)) << bits - prefix.length)
    return Prefix(prefix.version, start >> bits - length << bits - length, length)


@st.composite
def inventories(draw: st.DrawFn) -> Book:
    """Rows about where the step would give addresses; some with the names of what is to be given out."""
    rows, singles = list[Listed](), list[Address]()
    things = list(flat(ALONE).items())
    for (table, _, name), words in draw(st.lists(st.sampled_from(things), max_size=12)):
        named = draw(st.sampled_from(["", name, "old"]))
        bureau = next((r.bureau for r in READ.requests if name.startswith(r.stack.replace(".", "-"))), "city")
        owner = draw(st.sampled_from([bureau, bureau, "water", ""]))
        prefix, status = near(draw, words), draw(st.sampled_from(STATUSES))
        if table in SINGLE or draw(st.booleans()):
            system = draw(st.sampled_from(["", *SYSTEMS]))
            value = parse(words).start if table in SINGLE else prefix.start + draw(st.integers(0, 3))
            singles.append(Address(prefix.version, value, BITS[prefix.version], "", status, owner, "", system, named))
        if table not in SINGLE:
            whole = parse(words) if draw(st.booleans()) else prefix
            rows.append(Listed(*whole, "", status, owner, name=named))
    return Book(rows, singles)


def net(words: str) -> IPv4Network | IPv6Network:
    return ip_network(words)


def assigned(previous: Allocations, present: Occupied, read: Read = READ) -> Allocations | None:
    """None where there is no room left, which has to be all that is said."""
    try:
        return addressing.assign(read, previous, present)
    except Refused as refused:
        if {problem.code for problem in refused.problems} != {"address.full"}:
            raise
        return None


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(inventories())
def test_nothing_new_lies_on_what_is_used_unless_it_is_declared(book: Book) -> None:
    now = assigned(Allocations(), occupied(book, READ.city))
    if now is None:
        return
    plan = READ.city.addresses
    own_ = {plan.prefix6, plan.prefix4, plan.ula, plan.public4, plan.link6, plan.loopback6, plan.locators and plan.locators.prefix,
            plan.nat64 and plan.nat64.prefix}  # fmt: skip
    used = [row for row in book.prefixes if row.status in ("active", "reserved") and row.text not in own_]
    alone = [row for row in book.addresses if row.status in ("active", "reserved")]
    for (table, _, name), words in flat(now).items():
        mine = net(words)
        for row in used:
            # of a declared segment, what is wider than it is no obstacle where it is its own
            theirs = net(row.text)
            if mine.version == theirs.version and mine.overlaps(theirs):
                assert row.name == name or (table in SINGLE and theirs.prefixlen <= 64), (name, words, row)
        for row in alone:
            theirs = net(row.text)
            if mine.version == theirs.version and theirs.subnet_of(mine):  # pyright: ignore[reportArgumentType]
                kept = [each for each in used if each.name == name and each.text == words]
                assert row.name == name or (kept and table not in SINGLE), (name, words, row)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(inventories(), st.sets(st.sampled_from(SYSTEMS)))
def test_an_inventory_moves_nothing_that_is_given_out(book: Book, before: set[str]) -> None:
    few = dataclasses.replace(READ, requests=tuple(r for r in READ.requests if r.stack in before))
    known = addressing.assign(few, Allocations())
    present = occupied(book, READ.city)
    now = assigned(known, present)
    if now is not None:
        assert {key: words for key, words in flat(now).items() if key in flat(known)} == flat(known)
    given_ = [(name, table in SINGLE, words) for (table, _, name), words in flat(known).items()]
    told = {(p.where, p.en.partition(", which ")[2].partition(" has ")[0]) for p in present.conflicts(given_, {})}
    expected = {
        (str(row.prefix), name)
        for row in present.rows
        for name, single, words in given_
        if single == row.single and parse(words).meets(row.prefix) and (row.prefix, row.name) != (parse(words), name)
    }
    assert told == expected


def test_our_own_plan_imported_takes_nothing_and_gives_everything_back() -> None:
    book = own.book(READ, ALONE)
    present = occupied(book, READ.city)
    assert len(present.rows) > 30
    given_ = [(name, table in SINGLE, words) for (table, _, name), words in flat(ALONE).items()]
    assert present.conflicts(given_, {}) == ()
    assert addressing.assign(READ, ALONE, present) == ALONE
    again = addressing.assign(READ, Allocations(), present)
    for table in TABLES:
        assert getattr(again, table) == getattr(ALONE, table), table


def test_an_inventory_that_cannot_be_read_stops_the_step_before_anything_is_given_out(tmp_path: Path) -> None:
    read = dataclasses.replace(READ, places=Places(tmp_path))
    store.kept(read.places).write_text('{"prefixes": [{"prefix": "10.0.0.1/8"}]}', encoding="utf-8")
    with pytest.raises(Refused, match=r"asset\.host-bits"):
        addressing.settle(read, NOW)
    assert not read.places.addresses.exists()
    assert not read.places.ledger.exists()


def test_a_refusal_beside_an_inventory_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    read = dataclasses.replace(READ, places=Places(tmp_path), requests=())
    before = addressing.settle(read, NOW)
    store.save(store.kept(read.places), Book([Listed(6, parse("3fff:430:121f::/48").start, 48, owner="water")]))
    with pytest.raises(Refused, match=r"address\.full"):
        addressing.settle(dataclasses.replace(read, requests=READ.requests), NOW)
    assert addressing.load(read.places.addresses) == before
    assert addressing.settle(read, NOW) == before


def test_what_is_used_in_half_of_a_segment_is_passed_at_once() -> None:
    """A /65 has more addresses than anybody counts."""
    segment = ALONE.segments["civil-affairs-welfare-data-a"].cidr6
    book = Book([Listed(6, parse(segment).start, 65, owner="water", name="lower half")])
    known = dataclasses.replace(Allocations(), segments=ALONE.segments)
    now = addressing.assign(READ, known, occupied(book, READ.city))
    assert now.hosts["civil-affairs-welfare-db-a-1"].address6 == segment.replace("::/64", ":8000::")
