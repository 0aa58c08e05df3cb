"""One rule of a packet filter: in, its words; out, ranges of header fields and a verdict. Read by `policies.reach.nft`.

Each match says more than it spells, as in the kernel: `tcp dport` is of TCP only, `icmpv6 type` of IPv6 only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from policies.reach.fields import FOUR, PROTOCOLS, SIX, STATES, TOP, Field, Range, addresses, joined
from policies.reach.filters import Family, Names, Rule, Verdict

MESSAGES4: Final = {"echo-reply": 0, "destination-unreachable": 3, "redirect": 5, "echo-request": 8,
                    "time-exceeded": 11, "parameter-problem": 12}  # fmt: skip
MESSAGES6: Final = {"destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4,
                    "echo-request": 128, "echo-reply": 129, "nd-router-solicit": 133, "nd-router-advert": 134,
                    "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137}  # fmt: skip
Sets = Mapping[str, tuple[str, ...]]


class Reads(Protocol):
    """The text of a value → its numbers."""

    def __call__(self, text: str, /) -> Range: ...


class NotUnderstood(ValueError):
    """Says what of the rule is not."""


def statement(words: list[str], text: str, family: Family, sets: Sets) -> Rule:
    """The rule of these words. NotUnderstood, ValueError, KeyError or IndexError where it is not understood whole."""
    reader = _Statement(list(words), sets)
    if family != "inet":
        reader.narrow(Field.TARGET, [SIX if family == "ip6" else FOUR])
    while reader.words:
        reader.next()
    ranges = tuple((field, tuple(reader.ranges[field])) for field in Field if field in reader.ranges)
    return Rule(ranges, reader.verdict, reader.chain, reader.comes, reader.leaves, 0, text, reader.name)


class _Statement:
    """As long as one rule is read."""

    def __init__(self, words: list[str], sets: Sets) -> None:
        self.words, self.sets = words, sets
        self.ranges: dict[Field, list[Range]] = {}
        self.verdict: Verdict = "continue"
        self.chain = self.name = ""
        self.comes: Names | None = None
        self.leaves: Names | None = None

    def next(self) -> None:
        """Read one match or statement."""
        word = self._take()
        if self.verdict != "continue" and word != "comment":
            raise NotUnderstood(f"'{word}' after the verdict")
        match word:
            case "iifname" | "oifname":
                self._interfaces(word)
            case "ct":
                self._expect("state")
                self._field(Field.STATE, [(0, TOP[Field.STATE])], lambda text: _number(STATES.index(text)))
            case "meta":
                self._meta(self._take())
            case "ip" | "ip6":
                self._address(word, self._take())
            case "tcp" | "udp":
                self.narrow(Field.PROTOCOL, [_number(PROTOCOLS[word])])
                side = {"dport": Field.PORT, "sport": Field.SOURCE_PORT}[self._take()]
                self._field(side, [(0, 65535)], _ports)
            case "icmp" | "icmpv6":
                self.narrow(Field.PROTOCOL, [_number(PROTOCOLS[word])])
                self.narrow(Field.TARGET, [FOUR if word == "icmp" else SIX])
                self._expect("type")
                known = MESSAGES4 if word == "icmp" else MESSAGES6
                self._field(Field.PORT, [(0, 255)], lambda text: _number(known[text] if text in known else int(text)))
            case "counter":
                if self.words[:1] == ["packets"]:
                    del self.words[:4]
            case "comment":
                self.name = self._take().strip('"')
            case "accept" | "drop" | "return":
                self.verdict = word
            case "jump":
                self.verdict, self.chain = "jump", self._take()
            case _:
                raise NotUnderstood(f"'{word}'")

    def narrow(self, field: Field, ranges: list[Range]) -> None:
        """What the rule asks of a field is both what it asked and this."""
        mine = self.ranges.get(field)
        self.ranges[field] = joined(ranges) if mine is None else _common(mine, joined(ranges))

    def _meta(self, what: str) -> None:
        if what == "l4proto":
            self._field(Field.PROTOCOL, [(0, 255)], _protocol)
        elif what == "nfproto":
            self.narrow(Field.TARGET, [{"ipv4": FOUR, "ipv6": SIX}[self._take()]])
        else:
            raise NotUnderstood(f"meta {what}")

    def _address(self, family: str, what: str) -> None:
        whole = FOUR if family == "ip" else SIX
        self.narrow(Field.TARGET, [whole])
        if what in ("saddr", "daddr"):
            self._field(Field.SOURCE if what == "saddr" else Field.TARGET, [whole], lambda text: _within(text, whole))
        elif (family, what) == ("ip6", "hoplimit") and self.words[:1] == ["255"]:
            self._take()
            self.narrow(Field.NEAR, [(1, 1)])
        elif (family, what) == ("ip", "protocol"):
            self._field(Field.PROTOCOL, [(0, 255)], _protocol)
        else:
            raise NotUnderstood(f"{family} {what}")

    def _interfaces(self, word: str) -> None:
        but, names = self._values()
        plain = [name.strip('"') for name in names]
        if any("*" in name for name in plain):
            raise NotUnderstood("a pattern of interfaces")
        found = Names(frozenset(plain), but)
        if word == "iifname" and self.comes is None:
            self.comes = found
        elif word == "oifname" and self.leaves is None:
            self.leaves = found
        else:
            raise NotUnderstood("twice")

    def _field(self, field: Field, whole: list[Range], read: Reads) -> None:
        but, texts = self._values()
        found = joined(read(text) for text in texts)
        self.narrow(field, _rest(found, whole) if but else found)

    def _values(self) -> tuple[bool, list[str]]:
        """Whether all but these are meant, and the values: one, several after one another, or those of a set."""
        but = self.words[:1] == ["!="]
        if but:
            self._take()
        first = self._take()
        if first.startswith("@"):
            return but, list(self.sets[first[1:]])
        if first != "{":
            values = [first]
            while self.words[:1] == [","]:
                self._take()
                values.append(self._take())
            return but, values
        values = []
        while (word := self._take()) != "}":
            if word != ",":
                values.append(word)
        if not values:
            raise NotUnderstood("an empty set")
        return but, values

    def _take(self) -> str:
        if not self.words:
            raise NotUnderstood("it ends too early")
        return self.words.pop(0)

    def _expect(self, word: str) -> None:
        if (found := self._take()) != word:
            raise NotUnderstood(f"'{found}'")


def _number(number: int) -> Range:
    return number, number


def _protocol(text: str) -> Range:
    number = {**PROTOCOLS, "ipv6-icmp": 58}[text] if not text.isdigit() else int(text)
    if number > 255:
        raise NotUnderstood(f"protocol {text}")
    return number, number


def _ports(text: str) -> Range:
    first, _, last = text.partition("-")
    low, high = int(first), int(last or first)
    if not 0 <= low <= high <= 65535:
        raise NotUnderstood(f"ports {text}")
    return low, high


def _within(text: str, whole: Range) -> Range:
    first, dash, last = text.partition("-")
    low, high = addresses(first)
    if dash:
        high = addresses(last)[1]
    if not whole[0] <= low <= high <= whole[1]:
        raise NotUnderstood(f"{text} is not of this family")
    return low, high


def _common(a: list[Range], b: list[Range]) -> list[Range]:
    return [(max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b if x[0] <= y[1] and y[0] <= x[1]]


def _rest(ranges: list[Range], whole: list[Range]) -> list[Range]:
    found, (at, end) = [], whole[0]
    for low, high in ranges:
        if low > at:
            found.append((at, low - 1))
        at = high + 1
    return [*found, (at, end)] if at <= end else found
