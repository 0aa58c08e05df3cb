"""In which order things are deleted: whatever needs another goes first, and independent ones go at once."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence

from stacks.engine.records import Record


async def backwards(records: Sequence[Record], work: Callable[[Record], Awaitable[bool]]) -> None:
    """Run `work` on every record after it has run on all that need the record, as parallel as that allows. Where it
    returns False, everything that the record needs is left alone."""
    by_urn: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_urn[record.urn].append(record)
    below: dict[Record, list[Record]] = {
        record: [n for urn in record.needs for n in by_urn.get(urn, ())] for record in records
    }
    waiting = Counter(needed for needs in below.values() for needed in needs)
    spared: set[Record] = set()

    async def run(record: Record) -> None:
        if record in spared or not await work(record):
            spared.update(below[record])
        free = []
        for needed in below[record]:
            waiting[needed] -= 1
            if not waiting[needed]:
                free.append(needed)
        await asyncio.gather(*map(run, free))

    await asyncio.gather(*[run(record) for record in records if not waiting[record]])


def ordered(records: Sequence[Record]) -> list[Record]:
    """The records, each after everything that it needs; otherwise as they come."""
    by_urn: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_urn[record.urn].append(record)
    found: dict[Record, None] = {}
    for start in records:
        path = [start]
        while path:
            record = path[-1]
            if record in found:
                path.pop()
                continue
            deeper = [
                n for urn in sorted(record.needs) for n in by_urn.get(urn, ()) if n not in found and n not in path
            ]
            if deeper:
                path += reversed(deeper)
            else:
                found[record] = None
                path.pop()
    return list(found)


def affected(root: Record, records: Sequence[Record], untouched: Callable[[Record], bool]) -> list[Record]:
    """Everything that needs `root`, directly or not, each after what it needs itself, of the records that this run has
    not touched."""
    reached, todo = {root.urn}, [root.urn]
    users: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        for urn in record.needs:
            users[urn].append(record)
    found: list[Record] = []
    while todo:
        for record in users[todo.pop()]:
            if record.urn not in reached and untouched(record):
                reached.add(record.urn)
                found.append(record)
                todo.append(record.urn)
    return ordered(found)
