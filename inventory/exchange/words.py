"""The words of a book → keys of the city. In: words as people wrote them. Out: keys, or "" with the nearest that is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from inventory.exchange.book import CITY, Book, Prefix, Word
from inventory.model import City
from inventory.problems import nearest

_Named = tuple[tuple[str, str], str, str, str]


@dataclass(frozen=True)
class Words:
    """Looks words up by key, by Chinese name, and by what the file's own lists call them."""

    city: City
    book: Book

    def owner(self, word: str) -> str:
        """Key of a unit, CITY for the city itself, "" where there is no such unit."""
        return self._owners.get(word, "")

    def zone(self, word: str) -> str:
        """Key of a zone."""
        return self._zones.get(word, "")

    def site(self, word: str) -> str:
        """Key of a site."""
        return self._sites.get(word, "")

    def named(self, key: str) -> str:
        """What a key is called in Chinese."""
        return self._names.get(key, key)

    def unknown(self, row: Prefix) -> Iterator[_Named]:
        """(what it should be, the word, hints in Chinese and English) of each word of a row that the city has not."""
        for what, word, table in (
            (("单位", "unit"), row.owner, self._owners),
            (("区域", "zone"), row.zone, self._zones),
            (("站点", "site"), row.site, self._sites),
        ):
            if word and word not in table:
                near = nearest(word, table)
                zh, en = (f":是不是 {near}?", f": did you mean {near}?") if near else (":按城市数据填写", "")
                yield what, word, zh, en

    @cached_property
    def _owners(self) -> dict[str, str]:
        rows = [(CITY, self.city.name), *((b.key, b.name) for b in self.city.bureaus)]
        return _table(rows, self.book.owners)

    @cached_property
    def _zones(self) -> dict[str, str]:
        return _table([(z.key, z.name) for z in self.city.zones], self.book.zones)

    @cached_property
    def _sites(self) -> dict[str, str]:
        return _table([(s.key, s.name) for s in self.city.sites], self.book.sites)

    @cached_property
    def _names(self) -> dict[str, str]:
        rows = [*self.city.sites, *self.city.zones, *self.city.bureaus]
        return {CITY: self.city.name, **{row.key: row.name for row in rows}}


def _table(rows: Sequence[tuple[str, str]], listed: Sequence[Word]) -> dict[str, str]:
    table = {word: key for key, name in rows for word in (key, name)}
    # a file that calls a unit by a slug of its own says in its list which unit that is
    return {**{word.key: table[word.name] for word in listed if word.name in table}, **table}
