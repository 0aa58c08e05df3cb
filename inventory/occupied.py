"""What the inventory of the present network already uses inside the plan: new addresses keep off it. Pure.

In: the book that `./lz addresses import` keeps, the city. Out: `Occupied`, which `assigning` asks, and what of it lies on
addresses that we have given out. A row that has the very name and unit of a segment (or link, router, host) of ours
declares a migration: that one, and nobody else, keeps the prefix it has.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from inventory.allotting.prefixes import BITS, Prefix, parse
from inventory.exchange.book import CITY, Book
from inventory.exchange.texts import Problems
from inventory.exchange.words import Words
from inventory.model import City
from inventory.problems import Problem

_IN_USE = ("active", "reserved")


@dataclass(frozen=True, slots=True)
class Row:
    """A prefix or a single address that is in use, with the key of its unit and where the inventory has it."""

    prefix: Prefix
    single: bool
    name: str
    owner: str
    system: str
    line: int
    col: int


@dataclass(frozen=True)
class Occupied:
    """The rows that lie in the plan's spaces, by prefix and by name."""

    rows: tuple[Row, ...] = ()
    file: str = ""

    @cached_property
    def _by(self) -> Mapping[Prefix, list[Row]]:
        found: dict[Prefix, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row.prefix].append(row)
        return dict(found)

    @cached_property
    def _sorted(self) -> list[Prefix]:
        return sorted(self._by)

    @cached_property
    def _lengths(self) -> tuple[int, ...]:
        return tuple(sorted({prefix.length for prefix in self._by}))

    @cached_property
    def _named(self) -> Mapping[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row.name].append(row)
        return dict(found)

    def around(self, prefix: Prefix, beyond: int = -1) -> Prefix | None:
        """The widest that is used and holds all of a prefix, of those longer than `beyond`."""
        bits = BITS[prefix.version]
        for length in self._lengths:
            if beyond < length <= prefix.length:
                wider = Prefix(prefix.version, prefix.start >> bits - length << bits - length, length)
                if wider in self._by:
                    return wider
        return None

    def inside(self, prefix: Prefix) -> list[Prefix]:
        """What is used of a prefix: all of it, or what lies in it."""
        if self.around(prefix):
            return [prefix]
        low = bisect_left(self._sorted, prefix)
        return self._sorted[low : bisect_right(self._sorted, (prefix.version, prefix.last, BITS[prefix.version]), low)]

    def meets(self, prefix: Prefix) -> bool:
        """Is any of a prefix used?"""
        return bool(self.inside(prefix))

    def declares(self, name: str) -> bool:
        """Is there anything of this name?"""
        return name in self._named

    def declared(self, name: str, owner: str, length: int, within: Prefix) -> Iterator[Prefix]:
        """Prefixes of a length that are declared to become this name's, of this unit or system, and that nobody else has
        or has a part of. (In a segment there are addresses of others, who are in it.)"""
        for row in self._named.get(name, ()):
            if row.prefix.length == length and row.prefix in within and owner in (row.owner, row.system):
                if row.single:  # what it lies in is its segment, and what that lies in
                    others = {each for each in self.at(row.prefix) if each.prefix.length > within.length}
                else:
                    others = {each for each in self.at(row.prefix) if not each.single}
                if all((each.name, each.owner) == (row.name, row.owner) for each in others):
                    yield row.prefix

    def at(self, prefix: Prefix) -> Iterator[Row]:
        """Every row that shares an address with a prefix."""
        bits = BITS[prefix.version]
        for length in self._lengths:
            if length < prefix.length:
                yield from self._by.get(
                    Prefix(prefix.version, prefix.start >> bits - length << bits - length, length), ()
                )
        low = bisect_left(self._sorted, prefix)
        high = bisect_right(self._sorted, (prefix.version, prefix.last, bits), low)
        for each in self._sorted[low:high]:
            yield from self._by[each]

    def conflicts(self, given: Iterable[tuple[str, bool, str]], origins: Mapping[str, str]) -> tuple[Problem, ...]:
        """What lies on addresses that have been given out: (name, is it a single address, text) each. `origins` has where
        a name is asked for. What has the same name and the same prefix is the same thing."""
        found = Problems(self.file)
        for name, single, words in given:
            prefix = parse(words)
            for row in self.at(prefix):
                if row.single == single and (row.prefix, row.name) != (prefix, name):
                    where = origins.get(name)
                    found.add(
                        "asset.taken",
                        f"{_called(row)}与已分给 {name}({where or '地址台账'})的 {words} 重叠:清单有误就改正或停用这一行,否则须为 {name} 另编地址",
                        f"{_called(row)} overlaps {words}, which {name} has ({where or 'the ledger'}): mend the row or take it "
                        f"out of use, else {name} has to be renumbered", row.line, str(row.prefix), row.col,
                    )  # fmt: skip
        return found.all()


def _called(row: Row) -> str:
    return f"“{row.name or row.owner or row.prefix}”"


NOTHING = Occupied()


def occupied(book: Book, city: City) -> Occupied:
    """What a book's extranet uses of the plan. Rows that are one of the plan's own spaces, or wider, say nothing of what is
    in it; nor do containers and what is out of use."""
    plan, words = city.addresses, Words(city, book)
    spaces = [parse(text) for text in (plan.prefix6, plan.prefix4, plan.ula, plan.public4)]
    blocks = [plan.link6, plan.loopback6, *(block.prefix for block in (plan.locators, plan.nat64) if block)]
    own = {*spaces, *map(parse, blocks)}
    rows = [
        (Prefix(p.version, p.first, p.length), False, p)
        for p in book.prefixes if not p.network and p.status in _IN_USE
    ] + [
        (Prefix(a.version, a.value, BITS[a.version]), True, a)
        for a in book.addresses if not a.network and a.status in _IN_USE
    ]  # fmt: skip
    return Occupied(
        tuple(
            Row(prefix, single, row.name, words.owner(row.owner), row.system, row.line, row.col)
            for prefix, single, row in rows
            if prefix not in own and any(prefix in space for space in spaces)
        ),
        book.file,
    )


def owner(bureau: str | None) -> str:
    """The word for who answers for a thing of ours."""
    return bureau or CITY
