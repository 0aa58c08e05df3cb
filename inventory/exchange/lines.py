"""Places in a text → line and column. In: a text, or its bytes in UTF-8, and offsets into it. Out: both from 1, columns in
characters; for offsets that only grow, each stretch is looked through once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat


class Lines:
    """Where one has got to in a text."""

    def __init__(self, text: str | bytes) -> None:
        self._text = text
        self._newline: str | bytes = "\n" if isinstance(text, str) else b"\n"
        self._at, self._line, self._col = 0, 1, 1

    def at(self, place: int) -> tuple[int, int]:
        """Line and column of an offset."""
        if place < self._at:
            self._at, self._line, self._col = 0, 1, 1
        piece = self._text[self._at : place]
        count = piece.count(self._newline)  # pyright: ignore[reportArgumentType]
        if count:
            self._line, self._col = self._line + count, 1
            piece = piece[piece.rindex(self._newline) + 1 :]  # pyright: ignore[reportArgumentType]
        self._at, self._col = place, self._col + length(piece)
        return self._line, self._col

    def each(self, starts: Sequence[int], between: bytes) -> tuple[Iterable[int], Iterable[int]]:
        """Lines and columns of several offsets, that grow. `between` is what stands between things of one line each that
        begin there, b"" where they are not like that."""
        more, newlines = len(starts) - 1, between.count(b"\n")
        line, col = self.at(starts[0])
        if newlines:
            beyond = 1 + length(between[between.rindex(b"\n") + 1 :])
            if more:
                self._at, self._line, self._col = starts[-1], line + newlines * more, beyond
            return range(line, line + newlines * more + 1, newlines), (col, *repeat(beyond, more))
        lines, cols = zip((line, col), *map(self.at, starts[1:]), strict=True)
        return lines, cols


def length(piece: str | bytes) -> int:
    """Characters."""
    return len(piece) if isinstance(piece, str) or piece.isascii() else len(piece.decode())
