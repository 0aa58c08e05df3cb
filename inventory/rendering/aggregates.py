"""The fewest prefixes that cover one's own and touch nobody else's: what a tier advertises. Pure, both families.

Each aggregate is as long as its members allow. Inside it may be addresses that nobody has: the router that advertises
it refuses them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network
_Span = tuple[int, int]
"""first address, length"""


def minimum(own: Iterable[str], foreign: Iterable[str]) -> tuple[str, ...]:
    """Aggregates of `own` that no prefix of `foreign` meets, IPv6 first, in order. Where own and foreign themselves
    overlap, own stands as it is."""
    mine, theirs = (
        [_network(text) for text in own],
        [_network(text) for text in foreign],
    )
    found: list[str] = []
    for version, width, make in ((6, 128, IPv6Network), (4, 32, IPv4Network)):
        spans = sorted({_span(net) for net in mine if net.version == version})
        others = sorted({_span(net) for net in theirs if net.version == version})
        found += [str(make(span)) for span in _cover(spans, others, width)]
    return tuple(found)


@lru_cache(maxsize=1 << 17)
def _network(text: str) -> Network:
    """What is foreign to one site is foreign to the next: each text is read once."""
    return ip_network(text, strict=False)


def _span(net: Network) -> _Span:
    return int(net.network_address), net.prefixlen


def _cover(own: list[_Span], foreign: list[_Span], width: int) -> list[_Span]:
    if not own:
        return []
    around = _common(own, width)
    if around in own:
        return [around]
    inside = [span for span in foreign if _meets(span, around, width)]
    if not inside:
        return [around]
    half = around[0] | 1 << width - around[1] - 1
    low, high = [span for span in own if span[0] < half], [span for span in own if span[0] >= half]
    return [*_cover(low, inside, width), *_cover(high, inside, width)]


def _common(spans: list[_Span], width: int) -> _Span:
    """The longest prefix around all of them; they are in order."""
    differ = spans[0][0] ^ spans[-1][0]
    length = min(width - differ.bit_length(), *(length for _, length in spans))
    return spans[0][0] & ~((1 << width - length) - 1), length


def _meets(one: _Span, other: _Span, width: int) -> bool:
    length = min(one[1], other[1])
    return one[0] >> width - length == other[0] >> width - length
