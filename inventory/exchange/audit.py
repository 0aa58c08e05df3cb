"""What is wrong in a plan: in, a `Book`, the city and what our own plan has given out; out, findings as problems.

A finding is no error of the file: the file is read, and the network that it describes is not as it should be. Each is
told once, at the row where it is mended: a row that is there twice is not looked at twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

from inventory.exchange import many
from inventory.exchange.bits import Layout, spaces
from inventory.exchange.book import CITY, SHARED_ROLES, Address, Book, Prefix, Vlan
from inventory.exchange.nesting import Placed, placed
from inventory.exchange.texts import prefix as parsed
from inventory.exchange.words import Words
from inventory.model import City
from inventory.problems import Problem

_LENGTHS6 = frozenset({*range(65), 96, 127, 128})
"""a segment is a /64 or an aggregate of them, a line a /127 (RFC 6164), one address a /128, NAT64 a /96 (RFC 6052)"""
_FIELDS = {"site": ("站点", "site"), "zone": ("区域", "zone"), "bureau": ("单位", "owner")}
"""what a field numbers → what it is called in a finding; others by their own name"""
Sentence = tuple[str, str, str]
"""code, Chinese, English"""


@many.rows()
def findings(book: Book, city: City, ours: Book) -> tuple[Problem, ...]:
    """Everything that is wrong, by line. `ours` is our own plan (`own.book`), empty where nothing is given out."""
    seen = _Look(book, city, ours)
    problems = [
        Problem(code, zh, en, f"VLAN {row.vid}" if isinstance(row, Vlan) else row.text, book.file, row.line, row.col)
        for row, (code, zh, en) in seen.all()
    ]
    return tuple(sorted(problems, key=attrgetter("line", "col", "code")))


@dataclass(frozen=True)
class _Look:
    book: Book
    city: City
    ours: Book

    @cached_property
    def words(self) -> Words:
        return Words(self.city, self.book)

    @cached_property
    def bits(self) -> Layout:
        return Layout(self.city)

    @cached_property
    def spaces(self) -> tuple[tuple[int, int, int], ...]:
        """version, first, last of the city's own spaces"""
        found = (Prefix(*parsed(text)) for _, text in spaces(self.city))
        return tuple((net.version, net.first, net.last) for net in found)

    @cached_property
    def given(self) -> dict[int, tuple[list[int], list[Prefix]]]:
        """Prefixes that our plan has given out, by version: first addresses, and the prefixes in the same order."""
        found = {}
        for version in (4, 6):
            rows = sorted(p for p in self.ours.prefixes if p.version == version and p.status != "container")
            found[version] = [row.first for row in rows], rows
        return found

    @cached_property
    def end(self) -> int:
        return self.bits.end

    @cached_property
    def looked(self) -> dict[tuple[str, str, str, int, int], tuple[Sentence, ...]]:
        """What is wrong with the words of rows, by words, area and length."""
        return {}

    @cached_property
    def vlans(self) -> frozenset[tuple[int, str]]:
        return frozenset((vlan.vid, self.words.site(vlan.site) or vlan.site) for vlan in self.book.vlans)

    def all(self) -> Iterator[tuple[Prefix | Address | Vlan, Sentence]]:
        for found in placed(self.book):
            tell = self._prefix if isinstance(found.row, Prefix) else self._address
            for sentence in tell(found):
                yield found.row, sentence
        yield from self._vlans()
        yield from self._networks()

    def _prefix(self, found: Placed) -> Iterator[Sentence]:
        row, parent, twin = found
        assert isinstance(row, Prefix)
        if twin is not None:
            yield _twice(twin.line)
            return
        if row.status == "deprecated":
            return
        if parent is not None and parent.status != "container":
            yield ("asset.overlap", f"与第 {parent.line} 行在用的 {parent.text} 重叠:改地址,或把外层改为容器",
                   f"overlaps {parent.text} of line {parent.line}, which is in use: renumber it, or make the outer one a "
                   "container")  # fmt: skip
        elif parent is not None and parent.owner not in (row.owner, CITY):
            yield from self._foreign(row, parent)
        if row.version == 6 and row.length not in _LENGTHS6:
            yield ("asset.length", f"/{row.length} 不能作网段:网段用 /64,线路用 /127,单个地址用 /128",
                   f"a /{row.length} is no segment: segments are /64, lines /127, single addresses /128")  # fmt: skip
        if not row.owner and row.status != "container":
            yield ("asset.orphan-owner", "没有责任单位:补上单位;无人认领的网段应停用",
                   "no unit answers for it: name the owner; what nobody claims is taken out of use")  # fmt: skip
        yield from self._said(row)
        if row.network == "" and (row.secret or parent is None):
            yield from self._extranet(row, parent)
        if row.network == "" and row.status != "container" and self.given[row.version][0]:
            yield from self._taken(row)
        if (
            row.vlan
            and self.vlans
            and not {(row.vlan, self.words.site(row.site) or row.site), (row.vlan, "")} & self.vlans
        ):
            yield ("asset.orphan-vlan", f"VLAN {row.vlan} 不在清单中:补上这个 VLAN,或改正编号",
                   f"VLAN {row.vlan} is not listed: add it, or mend the number")  # fmt: skip

    def _foreign(self, row: Prefix, parent: Prefix) -> Iterator[Sentence]:
        mine, theirs = self.words.owner(row.owner), self.words.owner(parent.owner)
        if mine and theirs and theirs not in (mine, CITY):
            yield ("asset.foreign", f"{self.words.named(mine)}的网段在第 {parent.line} 行 {self.words.named(theirs)}的 {parent.text} 里:移出,或改正单位",
                   f"a prefix of {mine} inside {parent.text} of {theirs} (line {parent.line}): move it, or mend the owner")  # fmt: skip

    def _said(self, row: Prefix) -> tuple[Sentence, ...]:
        """What is wrong with a row's words, alone and against its bits: looked at once for all rows of one area."""
        area = length = 0
        if row.version == 6 and not row.network:
            area, length = row.first >> 128 - self.end, min(row.length, self.end)
            if area in self.bits.backbone_areas:
                area = row.first
        key = row.owner, row.zone, row.site, area, length
        found = self.looked.get(key)
        if found is None:
            strange = (
                ("asset.unknown", f"没有名为“{word}”的{what[0]}{zh}", f"there is no {what[1]} '{word}'{en}")
                for what, word, zh, en in self.words.unknown(row)
            )
            found = (*strange, *(self._misplaced(row) if length else ()))
            self.looked[key] = found
        return found

    def _extranet(self, row: Prefix, parent: Prefix | None) -> Iterator[Sentence]:
        if row.secret:
            yield ("asset.secret", "涉密网段不得接入政务外网:核对涉密一栏,属实则立即断开",
                   "a network with state secrets may not be in the extranet: check it, and disconnect if true")  # fmt: skip
        if parent is None and not any(v == row.version and a <= row.first and row.last <= b for v, a, b in self.spaces):
            yield ("asset.outside", "不在本市地址规划的任何地址段内:重新编址,或扩大规划",
                   "lies in none of the plan's spaces: renumber it, or widen the plan")  # fmt: skip

    def _misplaced(self, row: Prefix) -> Iterator[Sentence]:
        said = self.bits.said(row.first, row.length)
        if said is None:
            return
        written_ = {
            "site": self.words.site(row.site), "zone": self.words.zone(row.zone), "bureau": self.words.owner(row.owner),
        }  # fmt: skip
        for slot, number, key in said.words:
            zh, en = _FIELDS.get(slot.of, (slot.name, slot.name))
            says, written = key or CITY, written_.get(slot.of)
            if key is None:
                yield ("asset.code", f"地址里的{zh}码 {number} 不在码表中:改地址,或在城市数据中登记",
                       f"the {en} code {number} in its bits is not in the code table: renumber it, or register the code")  # fmt: skip
            elif written and written != says:
                yield (f"asset.misplaced-{en}",
                       f"填的{zh}是{self.words.named(written)},地址里的{zh}码 {number} 是{self.words.named(says)}:改正其一",
                       f"the {en} is written {written}, its bits (code {number}) say {says}: mend one of them")  # fmt: skip

    def _taken(self, row: Prefix) -> tuple[Sentence, ...]:
        firsts, rows = self.given[row.version]
        at = bisect_right(firsts, row.last) - 1
        while at >= 0 and rows[at].last >= row.first:
            other = rows[at]
            if (other.first, other.length, other.name) != (row.first, row.length, row.name):
                return (("asset.taken", f"地址台账已把 {other.text} 分给 {other.name}:改用别的地址",
                         f"the ledger has given {other.text} to {other.name}: use another"),)  # fmt: skip
            at -= 1
        return ()

    def _address(self, found: Placed) -> Iterator[Sentence]:
        row, parent, twin = found.row, found.parent, found.twin
        assert isinstance(row, Address)
        if row.status == "deprecated":
            return
        if twin is not None and not {row.role, getattr(twin, "role", "")} <= SHARED_ROLES:
            yield _twice(twin.line)
            return
        if parent is None or parent.status == "container":
            yield ("asset.orphan-address", "清单里没有它所在的网段:补上网段,或删去这个地址",
                   "the prefix that it is in is not listed: add the prefix, or drop the address")  # fmt: skip
            return
        mine, theirs = self.words.owner(row.owner), self.words.owner(parent.owner)
        if mine and theirs and mine != theirs:
            yield ("asset.misplaced-owner",
                   f"地址填的单位是{self.words.named(mine)},所在网段 {parent.text}(第 {parent.line} 行)属于{self.words.named(theirs)}:改正其一",
                   f"the address is of {mine}, its prefix {parent.text} (line {parent.line}) of {theirs}: mend one")  # fmt: skip

    def _vlans(self) -> Iterator[tuple[Vlan, Sentence]]:
        seen: dict[tuple[int, str], Vlan] = {}
        for vlan in self.book.vlans:
            first = seen.setdefault((vlan.vid, self.words.site(vlan.site) or vlan.site), vlan)
            if first is not vlan:
                yield vlan, _twice(first.line)

    def _networks(self) -> Iterator[tuple[Prefix, Sentence]]:
        for rows in by_network(self.book.prefixes).values():
            said = {row.secret for row in rows} - {None}
            if not said:
                yield rows[0], ("asset.unclassified", f"没有说明“{rows[0].network}”是否涉密:填写涉密一栏,才能决定是否迁入政务外网",
                                f"whether '{rows[0].network}' carries state secrets is not said: say it, so that it can be decided "
                                "whether it moves into the extranet")  # fmt: skip
            elif len(said) > 1:
                row = next(row for row in rows if row.secret is not None and row.secret != rows[0].secret)
                yield row, ("asset.mixed", f"“{row.network}”有的网段填涉密、有的填非涉密:一张网只能是一种",
                            f"some prefixes of '{row.network}' carry state secrets and some do not: a network is one or the other")  # fmt: skip


def by_network(prefixes: Iterable[Prefix]) -> dict[str, list[Prefix]]:
    """Private network → its prefixes that are in use, in the order of the file."""
    found: dict[str, list[Prefix]] = {}
    for row in prefixes:
        if row.network and row.status != "deprecated":
            found.setdefault(row.network, []).append(row)
    return found


def _twice(line: int) -> Sentence:
    return "asset.duplicate", f"与第 {line} 行重复:只留一行", f"is on line {line} already: keep one of them"
