"""Private networks of non-secret systems → the list in which they move into the extranet, and whither. Pure.

A proposal: nothing is reserved by it; the address step gives the prefix when the segment is asked for. A network moves
whole. First those that keep their IPv4 addresses (nobody else has them), then small before large (what is learned on a
small one is cheap), then by owner and name. A range wider than an IPv4 /24 is more than one segment: a /64 for each /24.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from inventory.exchange import many
from inventory.exchange.audit import by_network
from inventory.exchange.bits import Layout, spaces
from inventory.exchange.book import Book, Prefix, written
from inventory.exchange.texts import prefix as parsed
from inventory.exchange.words import Words
from inventory.layout import same_city
from inventory.model import City

_DEDICATED = "dedicated"
"""zone of what says none: one virtual network a unit"""
_ROOM = (
    "规划里没有这么多连续的 /64:拆小网段,或扩大规划的网段字段",
    "the plan has not so many /64 side by side: split the prefix, or widen the plan's segment field",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One prefix of a private network, and where it would go."""

    order: int
    network: str
    owner: str
    system: str
    prefix: str
    site: str
    zone: str
    target6: str
    """RFC 5952; the length is that of as many /64 as it has segments"""
    ipv4: str
    """keep, renumber (somebody else has these addresses, too), or "" where it has none"""
    line: int


@dataclass(frozen=True, slots=True)
class Held:
    """A private network that does not move, and why."""

    network: str
    code: str
    """secret, unclassified, owner, room"""
    zh: str
    en: str
    line: int


@dataclass(frozen=True, slots=True)
class Migration:
    """What moves, in its order, and what stays."""

    moves: tuple[Move, ...]
    held: tuple[Held, ...]

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@many.rows()
def migration(book: Book, city: City, ours: Book) -> Migration:
    """Every private network of the book, either among the moves or held."""
    words = Words(city, book)
    held: list[Held] = []
    ready: list[tuple[bool, int, str, str, list[Prefix]]] = []
    crowd = _Crowd([*book.prefixes, *ours.prefixes], city)
    for network, listed in by_network(book.prefixes).items():
        rows = [row for row in listed if row.status != "container"]
        if not rows:
            continue
        why = _held(rows, words)
        if why:
            held.append(Held(network, *why, rows[0].line))
            continue
        clash = any(row.version == 4 and crowd.others(row) for row in rows)
        ready.append((clash, sum(map(_segments, rows)), words.owner(rows[0].owner), network, rows))
    free = _Free(Layout(city), (*book.prefixes, *ours.prefixes))
    moves: list[Move] = []
    for *_, network, rows in sorted(ready, key=lambda each: each[:4]):
        before = len(moves)
        for row in rows:
            owner, site = words.owner(row.owner), words.site(row.site) or same_city(city)[0]
            zone = words.zone(row.zone) or _DEDICATED
            keeps = "" if row.version == 6 else "renumber" if crowd.others(row) else "keep"
            target = free.take(site, zone, owner, _segments(row))
            if not target:
                held.append(Held(network, "room", *_ROOM, row.line))
                del moves[before:]
                break
            moves.append(
                Move(len(moves) + 1, network, owner, row.system, row.text, site, zone, target, keeps, row.line)
            )
    return Migration(tuple(moves), tuple(held))


def _held(rows: list[Prefix], words: Words) -> tuple[str, str, str] | None:
    said = {row.secret for row in rows} - {None}
    if True in said:
        return "secret", "涉密,不得接入政务外网", "carries state secrets and may not be in the extranet"
    if not said:
        return "unclassified", "没有说明是否涉密,先填写", "whether it carries state secrets is not said: say it first"
    if not all(words.owner(row.owner) for row in rows):
        return "owner", "有网段没有责任单位,先明确单位", "a prefix of it has no known owner: settle that first"
    return None


def _segments(row: Prefix) -> int:
    """How many /64 a prefix asks for: as many as it has, or one for each IPv4 /24."""
    return 1 << max(0, (64 if row.version == 6 else 24) - row.length)


class _Crowd:
    """Who has which IPv4 addresses, over all networks; the plan's own spaces count as the extranet's. One sweep: of
    each prefix the networks around it and inside it, two at most, since a second one already is somebody else."""

    def __init__(self, rows: Iterable[Prefix], city: City) -> None:
        mine: dict[tuple[int, int], set[str]] = {}
        plan = [Prefix(*parsed(text), status="container", name=name) for name, text in spaces(city)]
        for row in (*rows, *plan):
            if row.version == 4 and (row.status != "container" or row.network == ""):
                _two(mine.setdefault((row.first, row.length), set()), {row.network})
        self._around: dict[tuple[int, int], set[str]] = {}
        self._inside = {key: set(networks) for key, networks in mine.items()}
        stack: list[tuple[int, tuple[int, int]]] = []
        for key in sorted(mine):
            while stack and stack[-1][0] < key[0]:
                self._leave(stack)
            self._around[key] = set(mine[key])
            if stack:
                _two(self._around[key], self._around[stack[-1][1]])
            stack.append((key[0] + (1 << 32 - key[1]) - 1, key))
        while stack:
            self._leave(stack)

    def others(self, row: Prefix) -> bool:
        """Does another network have any of a prefix's addresses?"""
        key = row.first, row.length
        return row.version == 4 and bool((self._around[key] | self._inside[key]) - {row.network})

    def _leave(self, stack: list[tuple[int, tuple[int, int]]]) -> None:
        _, key = stack.pop()
        if stack:
            _two(self._inside[stack[-1][1]], self._inside[key])


def _two(found: set[str], more: set[str]) -> None:
    for network in more:
        if len(found) < 2:
            found.add(network)


class _Free:
    """Free /64 in each owner's area, from its lowest; aligned to the size, so that they are one prefix."""

    def __init__(self, bits: Layout, rows: Iterable[Prefix]) -> None:
        self._bits = bits
        self._end = bits.end
        self._listed: dict[int, set[tuple[int, int]]] = defaultdict(set)
        self._taken: dict[int, set[int]] = {}
        self._from: dict[tuple[int, int], int] = {}
        """area, size → below it nothing of this size is free, nor will be"""
        for row in rows:
            if row.version == 6 and row.network == "" and row.status != "container" and row.length >= self._end:
                self._listed[row.first >> 128 - self._end].add((row.first >> 64, row.last >> 64))

    def take(self, site: str, zone: str, owner: str, count: int) -> str:
        """RFC 5952 text of `count` /64 side by side; "" where the area has none."""
        first, end = self._bits.area(site, zone, owner)
        area = first >> 128 - end
        taken, room = self._area(area), 1 << 64 - end
        for index in range(self._from.get((area, count), max(count, 1)), room, count):
            self._from[area, count] = index
            numbers = range((first >> 64) + index, (first >> 64) + index + count)
            if taken.isdisjoint(numbers):
                taken.update(numbers)
                return f"{written(6, numbers[0] << 64)}/{64 - (count.bit_length() - 1)}"
        return ""

    def _area(self, area: int) -> set[int]:
        """Numbers of the /64 that are taken in an area; made when somebody asks, whatever a file lists elsewhere."""
        if area not in self._taken:
            self._taken[area] = {number for low, high in self._listed[area] for number in range(low, high + 1)}
        return self._taken[area]
