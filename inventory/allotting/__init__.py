"""Prefixes and how they are given out: pure, in memory, integers only, IPv4 and IPv6 alike.

In: pools (spans of addresses), keys that want a prefix, the time. Out: which key has which prefix. `prefixes` is text and
numbers, `space` the free blocks of one pool, `deciding` the rules, `book` keeps keys, reservations and quarantine in
memory; `inventory.ledger` does the same durably, over `stored`. `embedding` is IPv4 inside IPv6 (RFC 6052).
"""

from inventory.allotting.book import Book
from inventory.allotting.nouns import Entry, Granted, Pool
from inventory.allotting.prefixes import Prefix, parse, text

__all__ = ["Book", "Entry", "Granted", "Pool", "Prefix", "parse", "text"]
