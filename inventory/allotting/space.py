"""The free addresses of one pool as aligned blocks, by length (a buddy allocator).

Two free halves are always one free block, so the blocks depend on nothing but which addresses are free: whatever was
taken and given back before, the same free addresses give the same next prefix. Taking, giving back and looking cost
the number of bits at most, however many prefixes there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from inventory.allotting.prefixes import Prefix, covering


class Free:
    """Free blocks. `bits` is 32 or 128; a block is (length, start)."""

    __slots__ = ("_blocks", "_heaps", "bits", "lengths")

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.lengths = 0
        """bit n: there may be free blocks of length n"""
        self._blocks: dict[int, set[int]] = {}
        self._heaps: dict[int, list[int]] = {}

    @staticmethod
    def of(bits: int, spans: Iterable[Prefix], barred: Iterable[Prefix] = ()) -> Free:
        """All of the spans but what is barred. ValueError where a barred prefix is not in them."""
        free = Free(bits)
        for span in spans:
            free.give(span.length, span.start)
        for prefix in barred:
            if not free.carve(prefix.length, prefix.start):
                raise ValueError(f"{prefix} is not free")
        return free

    def take(self, length: int, *, sparse: bool = False) -> int | None:
        """Start of a prefix of this length that is free no more; None where none is left.

        Best fit: from the smallest block that has room, the lowest of those, so that large blocks stay whole. Sparse:
        from the largest, which halves what lies between two neighbours: each can grow into the other half."""
        fits = self.lengths & ((2 << length) - 1)
        while fits:
            found = (fits & -fits).bit_length() - 1 if sparse else fits.bit_length() - 1
            start = self.first(found)
            if start is None:
                fits &= ~(1 << found)
                continue
            self.remove(found, start)
            self._split(found, start, length, start)
            return start
        return None

    def spread(self, length: int, count: int) -> list[int]:
        """As many `take`s by bisection, or as far as there is room."""
        starts: list[int] = []
        while len(starts) < count and (start := self.take(length, sparse=True)) is not None:
            starts.append(start)
        return starts

    def run(self, length: int, count: int) -> list[int]:
        """What as many `take`s by best fit would give, or as far as there is room: what is left of the smallest block is
        always the next smallest, so that it is filled from its lower end on."""
        starts: list[int] = []
        step = 1 << (self.bits - length)
        while len(starts) < count:
            start = self.take(length)
            if start is None:
                break
            starts.append(start)
            # the rest of its block: the other half, and its other half, as far as those are free
            room = self.grow(length, start)
            more = min(count - len(starts), (1 << (length - room)) - 1)
            if more:
                end = start + (1 << (self.bits - room))
                for each in range(room + 1, length + 1):
                    self.remove(each, start + (1 << (self.bits - each)))
                starts.extend(range(start + step, start + step * (more + 1), step))
                for rest in covering(6 if self.bits == 128 else 4, start + step * (more + 1), end - 1):
                    self.add(rest.length, rest.start)
        return starts

    def carve(self, length: int, start: int) -> bool:
        """Take exactly this prefix; False where some of it is not free."""
        found = self.around(length, start)
        if found is None:
            return False
        low = start >> (self.bits - found) << (self.bits - found)
        self.remove(found, low)
        self._split(found, low, length, start)
        return True

    def bar(self, length: int, start: int) -> None:
        """Nothing of this prefix is free any more, however much of it was."""
        if not self.carve(length, start):
            last = start + (1 << (self.bits - length)) - 1
            for each, low in [block for block in self.blocks() if start <= block[1] <= last]:
                self.remove(each, low)

    def around(self, length: int, start: int) -> int | None:
        """Length of the free block in which a prefix lies; None where it is not free."""
        fits = self.lengths & ((2 << length) - 1)
        while fits:
            found = fits.bit_length() - 1
            if self.has(found, start >> (self.bits - found) << (self.bits - found)):
                return found
            fits ^= 1 << found
        return None

    def give(self, length: int, start: int) -> None:
        """A prefix is free again; joined with its other half as far as that is free."""
        while length:
            half = 1 << (self.bits - length)
            if not self.has(length, start ^ half):
                break
            self.remove(length, start ^ half)
            start &= ~half
            length -= 1
        self.add(length, start)

    def grow(self, length: int, start: int) -> int:
        """The shortest length to which a taken prefix could grow where it stands: its other half is free, and so on."""
        while length:
            half = 1 << (self.bits - length)
            if start & half or not self.has(length, start ^ half):
                break
            length -= 1
        return length

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Every free block, in no order."""
        return ((length, start) for length, starts in self._blocks.items() for start in starts)

    @property
    def size(self) -> int:
        """how many addresses are free"""
        return sum(len(starts) << (self.bits - length) for length, starts in self._blocks.items())

    def first(self, length: int) -> int | None:
        """The lowest free block of a length."""
        heap, blocks = self._heaps.get(length), self._blocks.get(length)
        while heap:
            if blocks and heap[0] in blocks:
                return heap[0]
            heappop(heap)
        return None

    def has(self, length: int, start: int) -> bool:
        blocks = self._blocks.get(length)
        return blocks is not None and start in blocks

    def add(self, length: int, start: int) -> None:
        blocks = self._blocks.get(length)
        if blocks is None:
            self._blocks[length], self._heaps[length] = {start}, [start]
        else:
            heap = self._heaps[length]
            blocks.add(start)
            heappush(heap, start)
            if len(heap) > 2 * len(blocks) + 64:  # what was taken out of the middle is still in the heap
                heap[:] = blocks
                heapify(heap)
        self.lengths |= 1 << length

    def remove(self, length: int, start: int) -> None:
        blocks = self._blocks[length]
        blocks.discard(start)
        if not blocks:
            self.lengths &= ~(1 << length)

    def _split(self, found: int, low: int, length: int, start: int) -> None:
        """Of a block that has been removed, keep free all but the prefix at `start`."""
        for each in range(found + 1, length + 1):
            half = 1 << (self.bits - each)
            if start & half:
                self.add(each, low)
                low += half
            else:
                self.add(each, low + half)
