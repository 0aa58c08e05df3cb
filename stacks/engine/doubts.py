"""Operations that earlier runs began and never confirmed: what is in doubt, and what settles it.

An update or a deletion in doubt belongs to a row of the state and is settled by whatever this run learns of that row. A
creation in doubt is settled only by being repeated for the same resource, in the place of the same row: anything else
that the name stands for meanwhile says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stacks.engine.records import Pending, Record


class Doubts:
    """The operations in doubt of one stack; those that were settled are no longer among them."""

    def __init__(self, pending: Iterable[Pending]) -> None:
        self._open = list(pending)

    def begun(self, record: Record, op: str) -> bool:
        """Whether this operation (updating, deleting) was begun on the record and never confirmed."""
        return any(p.op == op and _of(p, record) for p in self._open)

    def creations(self) -> list[Pending]:
        """Creations that nobody has repeated yet."""
        return [pending for pending in self._open if pending.op == "creating"]

    def creation(self, urn: str, instead: int) -> Pending | None:
        """The creation that was begun for the resource in the place of that row, or of none (0)."""
        return next((p for p in self.creations() if p.urn == urn and p.record == instead), None)

    def created(self, urn: str, instead: int) -> tuple[int, ...]:
        """Numbers of what a creation settles; `instead`: the row of what it replaces, or 0."""
        return self._settled(lambda p: p.op == "creating" and p.urn == urn and p.record == instead)

    def learnt(self, record: Record) -> tuple[int, ...]:
        """Numbers of what is settled when it is known how the record's thing is."""
        return self._settled(lambda p: p.op != "creating" and _of(p, record))

    def _settled(self, test: Callable[[Pending], bool]) -> tuple[int, ...]:
        settled = tuple(pending.number for pending in self._open if test(pending))
        self._open = [pending for pending in self._open if pending.number not in settled]
        return settled


def _of(pending: Pending, record: Record) -> bool:
    """Whether the operation was begun on the record; what the stock engine has exported says only under which name."""
    if not pending.record:
        return pending.urn == record.urn and not record.doomed
    return pending.record == record.number
