"""CSV → a `Book`, and back. Headings in Chinese or English, in any order; every wrong cell is told with its line.

One row is a prefix, an address, a VLAN, or a word (site, zone, owner) with its Chinese name. For a word or a VLAN the
column `name` has its key, `note` what it is called.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from inventory.exchange import many, texts
from inventory.exchange.book import Address, Book, Prefix, Vlan, Word
from inventory.exchange.texts import Problems, Wrong
from inventory.problems import Language, nearest

COLUMNS = {
    "kind": "类型", "address": "地址", "network": "所属网络", "status": "状态", "owner": "单位", "zone": "区域",
    "site": "站点", "vlan": "VLAN", "secret": "涉密", "role": "用途", "system": "系统", "name": "名称", "note": "说明",
}  # fmt: skip
"""key → Chinese heading; NetBox's own headings are understood too"""
_ALSO = {"prefix": "address", "vrf": "network", "tenant": "owner", "dns_name": "name", "description": "note"}
KINDS = {"prefix": "前缀", "address": "地址", "vlan": "VLAN", "site": "站点", "zone": "区域", "owner": "单位"}
_WORDS = ("site", "zone", "owner")
_HEADINGS = {**{key: key for key in COLUMNS}, **{zh.lower(): key for key, zh in COLUMNS.items()}, **_ALSO}
_KIND = {**{key: key for key in KINDS}, **{zh.lower(): key for key, zh in KINDS.items()}}
_PREFIX = frozenset({"prefix", "前缀"})
_ORDER = tuple(COLUMNS)
_CHUNK = 4096
"""rows that are read at once"""
Cells = tuple[str, ...]
"""of one row, in the order of COLUMNS"""


@many.rows()
def read(text: str, file: str) -> Book:
    """The book of a CSV file. Refused with everything that is wrong in it, line by line."""
    problems = Problems(file)
    tables: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    before, chunk, lines = 0, list[Cells](), list[int]()
    try:
        pick, count = _picks(next(rows, []), problems)
        before = rows.line_num
        for cells in rows:
            line, before = before + 1, rows.line_num
            if len(cells) == count:
                cells.append("")  # stands for every column that the file has not
                chunk.append(pick(cells))
                lines.append(line)
                if len(chunk) == _CHUNK:
                    _take(chunk, lines, tables, problems)
                    chunk, lines = [], []
            elif any(map(str.strip, cells)):
                problems.add("asset.cells", f"有 {len(cells)} 列,表头有 {count} 列:检查逗号和引号",
                             f"{len(cells)} cells under {count} headings: check commas and quotes", line)  # fmt: skip
    except csv.Error as error:
        problems.add("asset.csv", f"不是合法的 CSV({error}):检查这一行的引号", f"not CSV ({error}): check this line's quotes",
                     before + 1)  # fmt: skip
    _take(chunk, lines, tables, problems)
    problems.refuse()
    return Book(*(tuple(tables[kind]) for kind in KINDS), file=file)


def write(book: Book, language: Language = "zh") -> str:
    """The CSV of a book; `read` gives the same book again. UTF-8 with a mark, so that spreadsheets read Chinese."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    chinese = language == "zh"
    writer.writerow(COLUMNS.values() if chinese else COLUMNS)
    for kind, cells in _cells(book, chinese):
        row = {"kind": KINDS[kind] if chinese else kind, **cells}
        writer.writerow([row.get(column, "") for column in _ORDER])
    return "\ufeff" + out.getvalue()


def _picks(headings: Sequence[str], problems: Problems) -> tuple[Callable[[list[str]], Cells], int]:
    at: dict[str, int] = {}
    for index, heading in enumerate(headings):
        word = heading.strip()
        key = _HEADINGS.get(word.lower())
        if key is None:
            near = nearest(word, [*COLUMNS, *COLUMNS.values()])
            hint = (f";是不是 {near}?", f"; did you mean {near}?") if near else ("", "")
            problems.add("asset.heading", f"没有名为“{word}”的列:可用 {'、'.join(COLUMNS.values())}{hint[0]}",
                         f"there is no column '{word}': there are {', '.join(COLUMNS)}{hint[1]}", 1)  # fmt: skip
        elif key in at:
            problems.add(
                "asset.heading", f"列“{word}”写了两次:只留一个", f"column '{word}' is there twice: keep one", 1
            )
        else:
            at[key] = index
    for key in ("kind", "address"):
        if key not in at:
            problems.add("asset.heading", f"缺少列“{COLUMNS[key]}”:请补上", f"column '{key}' is missing: add it", 1)
    if problems.found:
        problems.refuse()
    return itemgetter(*(at.get(key, -1) for key in _ORDER)), len(headings)


def _take(chunk: list[Cells], lines: list[int], tables: dict[str, list[Any]], problems: Problems) -> None:
    """Rows → tables: all at once where nothing is out of the ordinary, else one by one."""
    together = _prefixes(chunk, lines)
    if together is not None:
        tables["prefix"] += together
        return
    for cells, line in zip(chunk, lines, strict=True):
        kind, row = _row(tuple(map(str.strip, cells)), line, problems)
        if row is not None:
            tables[kind].append(row)


def _prefixes(chunk: list[Cells], lines: list[int]) -> list[Prefix] | None:
    """The prefixes of a chunk that has nothing else, column by column; None where any row has to be looked at."""
    if not chunk:
        return []
    kinds, text, network, status, owner, zone, site, vlan, secret, role, system, name, note = zip(*chunk, strict=True)
    # what is a number or one of a few words below is harmless, or does not come through
    words = chain(network, owner, zone, site, role, system, name, note)
    if set(kinds) - _PREFIX or set(status) - texts.STATUS.keys() or not texts.plain(words):
        return None
    try:
        version, first, length = texts.prefixes(text)
        read_ = [_each(texts.STATUS.__getitem__, status), _each(texts.vid, vlan), _each(texts.secret, secret)]
        columns = zip(version, first, length, network, read_[0], owner, zone, site, read_[1], read_[2], system, name, note,
                      lines, repeat(1))  # fmt: skip
        # a named tuple's own constructor takes three times as long
        return list(map(partial(tuple.__new__, Prefix), columns))
    except Wrong:
        return None


def _each(of: Callable[[str], Any], words: Sequence[str]) -> Iterator[Any]:
    """What each word means; asked once of each that there is."""
    return map({word: of(word) for word in set(words)}.__getitem__, words)


def _row(cells: Cells, line: int, problems: Problems) -> tuple[str, Any]:
    try:
        kind = _KIND.get(cells[0]) or _KIND.get(cells[0].lower(), "")
        for cell in cells:
            texts.harmless(cell)
        return kind, _MAKERS[kind](cells, line)
    except Wrong as wrong:
        problems.add(wrong.code, wrong.zh, wrong.en, line, cells[1] if cells[1].isprintable() else "")
    except KeyError:
        near = nearest(cells[0], _KIND)
        hint = (f";是不是 {near}?", f"; did you mean {near}?") if near else ("", "")
        problems.add("asset.kind", f"“{cells[0]}”不是类型:可用 {'、'.join(KINDS.values())}{hint[0]}",
                     f"'{cells[0]}' is no kind: there are {', '.join(KINDS)}{hint[1]}", line)  # fmt: skip
    return "", None


def _prefix(cells: Cells, line: int) -> Prefix:
    _, text, network, status, owner, zone, site, vlan, secret, _, system, name, note = cells
    version, first, length = texts.prefix(text)
    return Prefix(version, first, length, network, texts.status(status), owner, zone, site, texts.vid(vlan),
                  texts.secret(secret), system, name, note, line, 1)  # fmt: skip


def _address(cells: Cells, line: int) -> Address:
    _, text, network, status, owner, _, _, _, _, role, system, name, note = cells
    version, value, length = texts.address(text)
    return Address(version, value, length, network, texts.status(status), owner, role, system, name, note, line, 1)


def _vlan(cells: Cells, line: int) -> Vlan:
    number = texts.vid(cells[7])
    if not number:
        raise Wrong("asset.vlan", "VLAN 一行须写 VLAN 编号", "a VLAN needs its number in the column vlan")
    return Vlan(number, cells[6], cells[4], cells[11], line, 1)


def _word(cells: Cells, line: int) -> Word:
    if not cells[11]:
        raise Wrong(
            "asset.word", "站点、区域、单位一行须在名称列写键", "a site, zone or owner needs its key in the column name"
        )
    return Word(cells[11], cells[12], line, 1)


_MAKERS: dict[str, Callable[[Cells, int], Any]] = {
    "prefix": _prefix, "address": _address, "vlan": _vlan, **dict.fromkeys(_WORDS, _word),
}  # fmt: skip


def _cells(book: Book, chinese: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    yes, no = ("是", "否") if chinese else ("yes", "no")
    words: Iterable[tuple[str, Sequence[Word]]] = zip(_WORDS, (book.sites, book.zones, book.owners), strict=True)
    for kind, table in words:
        for word in table:
            yield kind, {"name": word.key, "note": word.name}
    for vlan in book.vlans:
        yield "vlan", {"vlan": vlan.vid, "site": vlan.site, "owner": vlan.owner, "name": vlan.name}
    for row in book.prefixes:
        yield "prefix", {
            **row._asdict(), "address": row.text, "vlan": row.vlan or "",
            "secret": "" if row.secret is None else yes if row.secret else no,
        }  # fmt: skip
    for row in book.addresses:
        yield "address", {**row._asdict(), "address": row.text}
