"""Of any plan: both forms give back what was written; nesting, fullness and migration agree with slow and plain ways."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory import reading
from inventory.exchange import netbox, pages, table
from inventory.exchange.book import STATUSES, Address, Book, Prefix, Vlan, Word, width
from inventory.exchange.migration import migration
from inventory.exchange.nesting import placed, usage
from inventory.problems import Refused

CITY = reading.city()
WORDS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=8).map(str.strip)
SAFE = WORDS.filter(lambda text: text[:1] not in {"=", "+", "@", "-"})
KEYS = SAFE.filter(bool)


@st.composite
def numbers(draw: st.DrawFn, whole: bool) -> tuple[int, int, int]:
    version = draw(st.sampled_from([4, 6]))
    length = draw(st.integers(0, width(version)))
    value = draw(st.integers(0, (1 << width(version)) - 1))
    if not whole:
        value &= ~((1 << width(version) - length) - 1)
    if version == 6 and value > 1 and value >> 32 in (0, 0xFFFF):
        value |= 0x2001 << 112
    return version, value, length


@st.composite
def books(draw: st.DrawFn) -> Book:
    prefixes = [
        Prefix(
            *draw(numbers(False)), draw(SAFE), draw(st.sampled_from(STATUSES)), draw(SAFE), draw(SAFE), draw(SAFE),
            draw(st.integers(0, 4094)), draw(st.sampled_from([None, True, False])), draw(SAFE), draw(SAFE), draw(SAFE),
        )
        for _ in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    addresses = [
        Address(*draw(numbers(True)), draw(SAFE), draw(st.sampled_from(STATUSES)), draw(SAFE), draw(SAFE), draw(SAFE),
                draw(SAFE), draw(SAFE))
        for _ in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    vlans = [
        Vlan(draw(st.integers(1, 4094)), draw(SAFE), draw(SAFE), draw(SAFE)) for _ in range(draw(st.integers(0, 3)))
    ]
    lists = [
        [Word(key, name if name != key else "") for key, name in draw(st.dictionaries(KEYS, SAFE, max_size=3)).items()]
        for _ in range(3)
    ]
    return Book(prefixes, addresses, vlans, *lists)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(books())
def test_what_is_written_is_read_again(book: Book) -> None:
    assert table.read(table.write(book, "zh"), "x.csv").unplaced() == book.unplaced()
    assert table.read(table.write(book, "en"), "x.csv").unplaced() == book.unplaced()
    assert netbox.read(pages.write(book), "x.json").unplaced() == book.unplaced()


ODD = [
    "",
    " ",
    "a",
    " a",
    "a ",
    "=a",
    "-",
    "-a",
    "a\nb",
    "a\u3000b",
    "\u200b",
    "市民政局",
    "在用",
    "active",
    " active",
    "5",
    " 5",
    "是",
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["prefix", "prefix", "前缀", "address", " prefix", "x"]),
            st.sampled_from(
                ["10.0.0.0/8", " 10.0.0.0/8", "10.0.0.1/8", "3fff::/20", "::1/128", "::ffff:1.2.3.4/128", "1"]
            ),
            *(st.sampled_from(ODD if n % 2 else ["", "", "", *ODD]) for n in range(3)),
        ),
        max_size=5,
    )
)
def test_rows_read_together_are_what_they_are_one_by_one(rows: list[tuple[str, ...]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("kind", "address", "status", "owner", "note"), *rows])

    def outcome() -> Book | tuple[str, ...]:
        try:
            return table.read(out.getvalue(), "x.csv")
        except Refused as refused:
            return tuple(map(str, refused.problems))

    together = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "_prefixes", lambda chunk, lines: None)
        assert outcome() == together


@st.composite
def nests(draw: st.DrawFn) -> Book:
    rows = []
    for line in range(draw(st.integers(0, 14))):
        version = draw(st.sampled_from([4, 4, 6]))
        length = width(version) - draw(st.integers(0, 5))
        first = draw(st.integers(0, 63)) & ~((1 << width(version) - length) - 1)
        rows.append(Prefix(version, first, length, draw(st.sampled_from(["", "n"])),
                           draw(st.sampled_from(["container", "active", "reserved", "deprecated"])), line=line))  # fmt: skip
    hosts = [
        Address(version := draw(st.sampled_from([4, 6])), draw(st.integers(0, 63)), width(version),
                draw(st.sampled_from(["", "n"])), line=100 + line)
        for line in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    return Book(rows, hosts)


def around(row: Prefix | Address, others: list[Prefix]) -> set[int]:
    """Lines of the narrowest prefixes strictly around a row (twins among them)."""
    first, last = (row.value, row.value) if isinstance(row, Address) else (row.first, row.last)
    wide = [
        o
        for o in others
        if o.network == row.network
        and o.version == row.version
        and o.status != "deprecated"
        and o.first <= first
        and last <= o.last
        and (isinstance(row, Address) or o.length < row.length)
    ]
    longest = max((o.length for o in wide), default=-1)
    return {o.line for o in wide if o.length == longest}


@settings(max_examples=300, deadline=None)
@given(nests())
def test_each_row_lies_in_the_narrowest_prefix_around_it(book: Book) -> None:
    prefixes, seen, groups = list(book.prefixes), Counter(), Counter()
    for found in placed(book):
        row = found.row
        seen[row.line] += 1
        same = tuple(row[:3]) if isinstance(row, Prefix) else tuple(row[:2])
        if row.status != "deprecated" or isinstance(row, Address):
            groups[row.network, isinstance(row, Prefix), same] += found.twin is None
        if found.twin is not None:
            assert tuple(found.twin[: len(same)]) == same
            assert found.twin.network == row.network
        if isinstance(row, Address) or (found.twin is None and row.status != "deprecated"):
            assert ({found.parent.line} if found.parent else set()) <= around(row, prefixes)
            assert bool(found.parent) == bool(around(row, prefixes))
    assert seen == Counter(row.line for row in (*book.prefixes, *book.addresses))
    assert set(groups.values()) <= {1}, "of several that are the same exactly one is the first"


@settings(max_examples=300, deadline=None)
@given(nests())
@example(
    Book([Prefix(4, 0, 32, "", line=0), *(Prefix(4, 0, length, "", "container", line=length) for length in (29, 31)),
          Prefix(4, 0, 30, "", line=1)])
)  # fmt: skip
def test_a_container_is_as_full_as_the_addresses_under_its_prefixes(book: Book) -> None:
    first_of: dict[tuple, Prefix] = {}
    for row in book.prefixes:
        if row.status == "deprecated":
            continue
        first_of.setdefault((row.network, *row[:3]), row)
    kept = list(first_of.values())
    # what lies in an active prefix is a finding and not room of its own; a deprecated one gives its room back
    for each in usage(Book(kept)):
        inside = {
            address
            for row in kept
            if row.status in ("active", "reserved") and row.network == each.prefix.network
            and row.version == each.prefix.version and not blocked(row, kept)
            and each.prefix.first <= row.first and row.last <= each.prefix.last
            for address in range(row.first, row.last + 1)
        }  # fmt: skip
        assert each.used == len(inside)


def blocked(row: Prefix, kept: list[Prefix]) -> bool:
    return any(next(o for o in kept if o.line == line).status != "container" for line in around(row, kept))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "c", ""]), st.integers(14, 24)), min_size=1, max_size=8
    )
)
def test_addresses_are_kept_exactly_where_nobody_else_has_them(rows: list[tuple[int, str, int]]) -> None:
    prefixes = [
        Prefix(4, (10 << 24 | number << 18) & ~((1 << 32 - length) - 1), length, network, owner="water",
               secret=None if not network else False, line=line)
        for line, (number, network, length) in enumerate(rows)
    ]  # fmt: skip
    moves = {move.line: move for move in migration(Book(prefixes), CITY, Book()).moves}
    assert set(moves) == {p.line for p in prefixes if p.network}
    for row in prefixes:
        if row.network:
            clash = any(o.network != row.network and o.first <= row.last and row.first <= o.last for o in prefixes)
            assert moves[row.line].ipv4 == ("renumber" if clash else "keep"), row.text
    orders = [moves[line].network for line in sorted(moves, key=lambda line: moves[line].order)]
    assert len([n for n, m in zip(orders, ["", *orders], strict=False) if n != m]) == len(set(orders)), (
        "a network moves whole"
    )


def test_a_network_for_which_there_is_no_room_is_held_whole() -> None:
    rows = [
        Prefix(4, 10 << 24, 24, "wide", owner="water", secret=False, line=1),
        Prefix(4, 0, 0, "wide", owner="water", secret=False, line=2),
        Prefix(4, 11 << 24, 24, "small", owner="water", secret=False, line=3),
    ]
    found = migration(Book(rows), CITY, Book())
    assert [move.network for move in found.moves] == ["small"]
    assert [(held.network, held.code) for held in found.held] == [("wide", "room")]


@pytest.mark.slow
def test_a_hostile_table_of_a_million_rows_is_refused_with_places_and_a_count() -> None:
    rows = 1_000_000
    text = "kind,address\n" + "prefix,10.0.0.1/24\n" * rows
    with pytest.raises(Refused) as refused:
        table.read(text, "x.csv")
    problems = refused.value.problems
    assert len(problems) == 1001
    assert problems[0].line == 2
    assert problems[-1].code == "asset.more"
    assert str(rows - 1000) in problems[-1].en


@pytest.mark.slow
def test_a_million_times_the_same_prefix_and_network_costs_no_square() -> None:
    row = Prefix(4, 0, 0, "n", owner="water", secret=False)
    rows = [row._replace(network=f"n{n % 1000}", line=n) for n in range(200_000)]
    book = replace(Book(), prefixes=rows)
    assert sum(found.twin is not None for found in placed(book)) == len(rows) - 1000
    assert len(migration(book, CITY, Book()).held) == 1000
