"""Who has which addresses, and who has them too. Pure.

In: named prefixes. Out: for each of their owners, with whom it overlaps and at which address first. Prefixes nest or are
apart, so one pass over the sorted ones finds every pair of neighbours in the nesting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.allotting.prefixes import Prefix, address_text
from inventory.estate import Resource
from policies.checks.shape import Words

_MOST = 5
"""a prefix around a thousand others is said, not listed"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A prefix, and the resource that has it."""

    prefix: Prefix
    by: Resource


def overlaps(taken: Iterable[Taken]) -> dict[str, list[Words]]:
    """urn → with whom it overlaps; of two, both are named."""
    found: dict[str, list[Words]] = {}
    around: list[Taken] = []
    for one in sorted(taken, key=lambda t: (t.prefix.version, t.prefix.start, t.prefix.length, t.by.kind, t.by.name)):
        while around and one.prefix not in around[-1].prefix:
            around.pop()
        if around:
            outer = around[-1]
            for mine, other in ((one, outer), (outer, one)):
                words = found.setdefault(mine.by.urn, [])
                if len(words) < _MOST:
                    words.append(_words(other, address_text(one.prefix.version, one.prefix.start)))
        around.append(one)
    return found


def _words(other: Taken, first: str) -> Words:
    who = f"{other.by.kind} {other.by.name} ({other.by.stack})"
    return (
        f"与 {who} 的 {other.prefix} 重叠,都有地址 {first}",
        f"overlaps {other.prefix} of {who}: both have {first}",
    )
