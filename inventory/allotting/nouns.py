"""What is given out of what: pools, entries, and what a change came to. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple

from inventory.allotting.prefixes import BITS, Prefix

Strategy = Literal["best-fit", "sparse", "nibble"]
"""smallest block that has room; halfway between neighbours, so that each can grow; best fit, of whole hexadecimal digits,
so that each prefix is one zone of ip6.arpa"""
REST = 30 * 86400.0
"""seconds for which a released prefix is nobody's: longer than names, leases and access lists are remembered"""


@dataclass(frozen=True, slots=True)
class Pool:
    """A scope: no two of its prefixes meet. Spans do not meet either; what is barred lies in them and is never given."""

    name: str
    spans: tuple[Prefix, ...]
    barred: tuple[Prefix, ...] = ()
    strategy: Strategy = "best-fit"
    rest: float = REST

    @property
    def version(self) -> int:
        return self.spans[0].version

    @property
    def bits(self) -> int:
        return BITS[self.version]

    @property
    def size(self) -> int:
        """addresses that can be given out"""
        return sum(span.size for span in self.spans) - sum(prefix.size for prefix in self.barred)


class State(IntEnum):
    """What an entry is."""

    USED = 0
    HELD = 1
    """reserved and not committed: free again after `until`"""
    RESTING = 2
    """released, in quarantine: its key's own until `until`, nobody's else"""
    AGAIN = 3
    """reserved again while it rested: rests on where that comes to nothing"""


class Entry(NamedTuple):
    """A key's prefix."""

    pool: str
    prefix: Prefix
    state: State
    until: float | None
    """seconds since the epoch; None of what is used"""


class Move(NamedTuple):
    """A key goes from one prefix to another of the same pool; to none where `after` is None."""

    before: Prefix
    after: Prefix | None


class Granted(NamedTuple):
    """What a change came to: key → prefix, and after how many changes of the whole ledger."""

    prefixes: Mapping[str, Prefix]
    serial: int
