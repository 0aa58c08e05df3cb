"""What a router announces, read back from the very text that FRR gets. Pure.

In: `frr.conf`. Out: what it puts into BGP itself, and for each neighbour and family the prefixes that its list lets out. What
could announce anything in another way is told in `strange`, and nothing is concluded of such a text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory.allotting.prefixes import Prefix, parse

_QUIET = frozenset(
    {
        "activate", "prefix-list", "next-hop-self", "attribute-unchanged", "send-community", "maximum-prefix",
        "soft-reconfiguration",
    }
)  # fmt: skip
"""what is said of a neighbour in a family and announces nothing"""


@dataclass(frozen=True, slots=True)
class Permit:
    """A line of a prefix list: which lengths inside a prefix it lets through, or stops."""

    allow: bool
    prefix: Prefix
    low: int
    high: int

    def takes(self, other: Prefix) -> bool:
        return other in self.prefix and self.low <= other.length <= self.high

    @property
    def exact(self) -> bool:
        return self.low == self.high == self.prefix.length

    def __str__(self) -> str:
        return str(self.prefix) if self.exact else f"{self.prefix} ge {self.low} le {self.high}"


@dataclass(frozen=True)
class Spoken:
    """Of one router; neighbours by address."""

    asn: int
    networks: frozenset[Prefix]
    neighbours: Mapping[str, int]
    """address → AS"""
    out: Mapping[tuple[str, int], tuple[Permit, ...] | None]
    """(neighbour, 4 or 6) → the list that filters what it hears; None where there is none. Only what is activated."""
    strange: tuple[str, ...]

    def heard(self, neighbour: str, version: int) -> tuple[frozenset[Prefix], tuple[Permit, ...]]:
        """The prefixes that a neighbour's list lets out one by one, and the lines that let out whole ranges."""
        lines = self.out.get((neighbour, version), ())
        if lines is None:
            whole = parse("0.0.0.0/0" if version == 4 else "::/0")
            return frozenset(), (Permit(True, whole, 0, 32 if version == 4 else 128),)
        through: list[Permit] = []
        ranges: list[Permit] = []
        seen: set[Prefix] = set()
        for line in lines:
            before = line.exact and (line.prefix in seen or any(one.takes(line.prefix) for one in ranges))
            if line.allow and not before:
                through.append(line)
            seen.add(line.prefix) if line.exact else ranges.append(line)
        return frozenset(line.prefix for line in through if line.exact), tuple(t for t in through if not t.exact)


def spoken(text: str) -> Spoken:
    """Read a router's text. ValueError where a prefix or a number in it is none."""
    reader = _Reader()
    for line in text.splitlines():
        words = line.split()
        if words and words[0] != "!":
            reader.take(words, top=not line.startswith(" "))
    return reader.done()


class _Reader:
    """As long as one text is read."""

    def __init__(self) -> None:
        self.asn = self.version = 0
        self.networks: set[Prefix] = set()
        self.neighbours: dict[str, int] = {}
        self.names: dict[tuple[str, int], str] = {}
        self.active: dict[tuple[str, int], None] = {}
        self.lists: dict[tuple[str, int], dict[int, Permit]] = defaultdict(dict)
        self.maps: dict[tuple[str, int], str] = {}
        self.plain: dict[str, bool] = {}
        """route map → whether it lets everything through"""
        self.silent4 = False
        self.strange: list[str] = []
        self.room, self.map = "", ""

    def take(self, words: list[str], *, top: bool) -> None:
        if top:
            self.room = " ".join(words[:2])
            self.map = words[1] if words[0] == "route-map" else ""
            self._top(words)
        elif self.map:
            self.plain[self.map] = self.plain[self.map] and words[0] in ("set", "exit")
        elif self.room == "router bgp":
            self._bgp(words)

    def _top(self, words: list[str]) -> None:
        if words[:2] == ["router", "bgp"]:
            self.asn, self.version = int(words[2]), 0
        elif self.map:
            self.plain[self.map] = self.plain.get(self.map, True) and words[2:3] == ["permit"]
        elif len(words) > 5 and words[0] in ("ip", "ipv6") and words[1] == "prefix-list":
            version = 4 if words[0] == "ip" else 6
            place = int(words[4]) if words[3] == "seq" else len(self.lists[words[2], version]) + 1
            rest = words[5:] if words[3] == "seq" else words[3:]
            self.lists[words[2], version][place] = _permit(rest, version)

    def _bgp(self, words: list[str]) -> None:
        if words[0] == "address-family":
            self.version = {"ipv4": 4, "ipv6": 6}.get(words[1], 0) if words[2:] == ["unicast"] else 0
            if not self.version:
                self.strange.append(" ".join(words))
        elif words[0] == "exit-address-family":
            self.version = 0
        elif words == ["no", "bgp", "default", "ipv4-unicast"]:
            self.silent4 = True
        elif words[0] == "neighbor" and words[2] == "remote-as":
            self.neighbours[words[1]] = int(words[3])
        elif self.version:
            self._family(words)

    def _family(self, words: list[str]) -> None:
        key = (words[1], self.version) if len(words) > 2 else ("", 0)
        if words[0] == "network" and len(words) == 2:
            self.networks.add(parse(words[1]))
        elif words[0] == "maximum-paths":
            pass
        elif words[0] == "neighbor" and words[2:3] == ["route-map"]:
            if words[4:] != ["in"]:
                self.maps[key] = words[3]
        elif words[0] == "neighbor" and words[2] in _QUIET:
            if words[2] == "activate":
                self.active[key] = None
            elif words[2] == "prefix-list" and words[4:] == ["out"]:
                self.names[key] = words[3]
        else:
            self.strange.append(" ".join(words))

    def done(self) -> Spoken:
        if not self.silent4:
            self.active |= dict.fromkeys((neighbour, 4) for neighbour in self.neighbours)
        maps = ((to, name) for (to, _), name in self.maps.items() if not self.plain.get(name))
        choosy = [f"neighbor {to} route-map {name} out" for to, name in maps]
        out = {key: self._list(key) for key in self.active}
        return Spoken(self.asn, frozenset(self.networks), self.neighbours, out, (*self.strange, *choosy))

    def _list(self, key: tuple[str, int]) -> tuple[Permit, ...] | None:
        name = self.names.get(key)
        if name is None:
            return None
        lines = self.lists.get((name, key[1]), {})
        return tuple(lines[place] for place in sorted(lines))


def _permit(words: list[str], version: int) -> Permit:
    """`permit 198.18.0.0/24 ge 25 le 32`, `deny any`."""
    action, text, *more = words
    most = 32 if version == 4 else 128
    if text == "any":
        return Permit(action == "permit", parse("0.0.0.0/0" if version == 4 else "::/0"), 0, most)
    prefix, limits = parse(text), dict(_pairs(more))
    low = limits.get("ge", prefix.length)
    return Permit(action == "permit", prefix, low, limits.get("le", most if "ge" in limits else low))


def _pairs(words: list[str]) -> Iterator[tuple[str, int]]:
    for at in range(0, len(words) - 1, 2):
        yield words[at], int(words[at + 1])
