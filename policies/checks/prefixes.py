"""Prefixes and rules as integers, for the checks on networks. Pure; one parse a text, remembered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from inventory.allotting.prefixes import spanned
from inventory.estate import Estate, Resource
from policies.checks.shape import Looked, failed, texts, unsure
from policies.checks.told import given


class Span(NamedTuple):
    """All addresses of a prefix."""

    version: int
    first: int
    last: int


_GLOBAL6 = Span(6, 0x2000 << 112, (0x4000 << 112) - 1)
"""2000::/3, all that is routed on the internet"""
_HALF4 = 1 << 31


def span(text: Any) -> Span | None:
    """The addresses of a prefix or address in text; None where it is neither."""
    return _span(text) if isinstance(text, str) else None


@lru_cache(maxsize=65536)
def _span(text: str) -> Span | None:
    try:
        return Span(*spanned(text))
    except ValueError:
        return None


def merged(spans: Iterable[Span]) -> list[Span]:
    """Sorted, without overlaps, neighbours joined."""
    result: list[Span] = []
    for one in sorted(spans):
        if result and result[-1].version == one.version and one.first <= result[-1].last + 1:
            result[-1] = result[-1]._replace(last=max(result[-1].last, one.last))
        else:
            result.append(one)
    return result


def everywhere(spans: Sequence[Span]) -> bool:
    """Do they come to the whole internet: all of 2000::/3, or at least half of all IPv4 addresses, in however many
    pieces (`::/1` and `8000::/1` are no way round)."""
    wide = [s for s in spans if s.last - s.first >= (1 << (21 if s.version == 4 else 96))]
    if not wide:
        return False
    whole = merged(wide)
    if sum(s.last - s.first + 1 for s in whole if s.version == 4) >= _HALF4:
        return True
    return any(s.version == 6 and s.first <= _GLOBAL6.first and s.last >= _GLOBAL6.last for s in whole)


def inside(one: Span, allowed: Sequence[Span]) -> bool:
    """Is it wholly within one of the merged spans."""
    at = bisect_right(allowed, Span(one.version, one.first, 1 << 129)) - 1
    return at >= 0 and allowed[at].version == one.version and allowed[at].last >= one.last


@dataclass(frozen=True, slots=True)
class Rule:
    """A security-group rule, read."""

    resource: Resource
    group: str
    ingress: bool
    protocol: str
    ports: tuple[int, int] | None
    """None: not stated"""
    peers: tuple[Span, ...]
    everywhere: bool

    @property
    def width(self) -> int:
        """how many ports"""
        if self.protocol == "icmpv6":
            return 0
        return self.ports[1] - self.ports[0] + 1 if self.ports else 65536

    def touches(self, ports: Iterable[int]) -> list[int]:
        """Which of the ports it opens."""
        if self.protocol == "icmpv6":
            return []
        low, high = self.ports or (0, 65535)
        return [port for port in ports if low <= port <= high]


FIELDS = ("sg", "direction", "protocol", "ports", "peers6", "peers4")


def rule(estate: Estate, resource: Resource, fields: tuple[str, ...] = FIELDS) -> Rule | Looked:
    """A `net.sg_rule` of the estate, or the answer that says why it cannot be read. `fields` are those that the check needs.
    Read once, for the several checks that ask for it."""
    return estate.derived(_rules, fields)[resource.urn]


def _rules(estate: Estate, fields: tuple[str, ...]) -> dict[str, Rule | Looked]:
    read = estate.derived(_read)
    return {one.urn: unsure(one, *fields) or read[one.urn] for one in estate.kind("net.sg_rule")}


def _read(estate: Estate) -> dict[str, Rule | Looked]:
    return {one.urn: _rule(one) for one in estate.kind("net.sg_rule")}


def _rule(resource: Resource) -> Rule | Looked:
    """What is not settled in it is read as it stands: who asks for such a field is told so before."""
    ports = resource.get("ports")
    if ports is not None and not (given(resource, "ports") and len(ports) in (0, 2)):
        return failed(resource, "端口不是两个数", "its ports are not two numbers")
    words = tuple(map(str, (*texts(resource.get("peers6")), *texts(resource.get("peers4")))))
    spans = [span(word) for word in words]
    if None in spans:
        bad = words[spans.index(None)]
        return failed(resource, f"“{bad}” 不是地址前缀", f"'{bad}' is not a prefix")
    peers = tuple(s for s in spans if s is not None)
    return Rule(
        resource,
        str(resource.get("sg") or ""),
        resource.get("direction") != "egress",
        str(resource.get("protocol") or ""),
        port_range(ports),
        peers,
        everywhere(peers),
    )


def port_range(value: Any) -> tuple[int, int] | None:
    """First and last port; numbers may come back from the wire as floats. What is no range is not stated."""
    pair = value if isinstance(value, list | tuple) else ()
    numbers = [int(one) for one in pair if isinstance(one, int | float)]
    return (numbers[0], numbers[1]) if len(numbers) == len(pair) == 2 else None
