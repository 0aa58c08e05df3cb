"""Which prefix lies in which: one sweep over sorted integers, so that a million rows take seconds. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from inventory.exchange import many
from inventory.exchange.book import Address, Book, Prefix, width


class Placed(NamedTuple):
    """A row, the narrowest prefix of its network around it that is not deprecated, and an earlier row that is the same."""

    row: Prefix | Address
    parent: Prefix | None
    twin: Prefix | Address | None


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a container is: addresses under active or reserved prefixes, of all that it has."""

    prefix: Prefix
    used: int
    children: int
    """prefixes that are given out in it, at any depth"""

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.used / (1 << width(self.prefix.version) - self.prefix.length)


_key = itemgetter(0, 1, 2)


def placed(book: Book, used: dict[Prefix, list[int]] | None = None) -> Iterator[Placed]:
    """Every prefix and address, network by network, from the lowest address up. `used` is filled with
    container → [addresses, children] where it is given."""
    prefixes: dict[str, list[Prefix]] = defaultdict(list)
    addresses: dict[str, list[Address]] = defaultdict(list)
    for prefix in book.prefixes:
        prefixes[prefix.network].append(prefix)
    for address in book.addresses:
        addresses[address.network].append(address)
    for network in sorted({*prefixes, *addresses}):
        rows = sorted(prefixes[network], key=_key)
        yield from _network(rows, sorted(addresses[network], key=_key), used)


@many.rows()
def usage(book: Book) -> tuple[Usage, ...]:
    """Of every container, in the order of the sweep."""
    used: dict[Prefix, list[int]] = {}
    for _ in placed(Book(book.prefixes), used):
        pass
    return tuple(Usage(prefix, *counts) for prefix, counts in used.items())


def _network(
    prefixes: list[Prefix], addresses: list[Address], used: dict[Prefix, list[int]] | None
) -> Iterator[Placed]:
    stack: list[tuple[int, Prefix]] = []
    version, at, count = 0, 0, len(addresses)
    earlier: Address | None = None
    for row in prefixes:
        while at < count and addresses[at][:2] < row[:2]:
            yield _address(addresses[at], earlier, stack, version)
            earlier, at = _later(addresses[at], earlier), at + 1
        if row.version != version:
            version = row.version
            stack.clear()
        first = row.first
        while stack and stack[-1][0] < first:
            stack.pop()
        parent = stack[-1][1] if stack else None
        if row.status == "deprecated":  # its room may be given out again: nothing lies in it, nothing repeats it
            yield Placed(row, parent, None)
            continue
        if parent is not None and parent.first == first and parent.length == row.length:
            yield Placed(row, None, parent)
            continue
        yield Placed(row, parent, None)
        if used is not None:
            _count(row, stack, used)
        stack.append((row.last, row))
    for row in addresses[at:]:
        yield _address(row, earlier, stack, version)
        earlier = _later(row, earlier)


def _later(row: Address, earlier: Address | None) -> Address | None:
    return earlier if row.status == "deprecated" else row


def _address(row: Address, earlier: Address | None, stack: list[tuple[int, Prefix]], version: int) -> Placed:
    parent = None
    if row.version == version:
        while stack and stack[-1][0] < row.value:
            stack.pop()
        parent = stack[-1][1] if stack else None
    again = earlier is not None and earlier[:2] == row[:2] and row.status != "deprecated"
    twin = earlier if again else None
    return Placed(row, parent, twin)


def _count(row: Prefix, stack: list[tuple[int, Prefix]], used: dict[Prefix, list[int]]) -> None:
    if row.status == "container":
        used[row] = [0, 0]
    else:
        size = 1 << width(row.version) - row.length
        for _, around in reversed(stack):
            if around.status != "container":  # it has counted for all around it, with whatever lies in it
                return
            used[around][0] += size
            used[around][1] += 1
