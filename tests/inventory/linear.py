"""Is a history of a ledger linearizable: could each operation have happened at one moment between its call and its
answer, in an order in which a ledger of one process would have given the same answers?

The ledger numbers its changes, and that numbering is the order to be checked: nothing is trusted about it. What was
answered must fit between the numbers that were seen before the call and after the answer, and a `Book` that makes the
same changes in that order must answer the same. An operation whose process was killed has no answer: it has happened
where the ledger's history names it, else it has not.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from inventory.allotting import Book, Pool, Prefix, deciding, parse
from inventory.allotting.nouns import Move
from inventory.allotting.prefixes import text
from inventory.ledger import Change
from inventory.problems import Refused


@dataclass(frozen=True)
class Call:
    """One operation of one writer. `answer` is key → text, or the codes it was refused with; None: never answered."""

    name: str
    """unique; the ledger's `who`"""
    verb: str
    asked: Mapping[str, Any]
    """of reserve: key → length; of move: key → texts of the prefixes from and to; of the others: key → text of its prefix"""
    at: float
    """the time that it gave"""
    hold: float | None
    began: float
    ended: float | None
    answer: Mapping[str, str] | tuple[str, ...] | None
    serial: int | None


def wrong(calls: Iterable[Call], history: Iterable[Change], pool: Pool) -> list[str]:
    """What cannot be explained; empty where the history is linearizable."""
    found: list[str] = []
    last: dict[str, int] = {}
    verbs: dict[str, set[str]] = {}
    for change in history:
        last[change.who] = change.serial
        verbs.setdefault(change.who, set()).add(change.verb)
    placed: list[tuple[int, int, float, Call]] = []
    refused: list[Call] = []
    for call in calls:
        made = last.get(call.name)
        if call.answer is None and made is None:
            continue
        if isinstance(call.answer, tuple) and made is None:
            refused.append(call)
            continue
        if call.serial is not None and made is not None and made != call.serial:
            found.append(f"{call.name}: answered as change {call.serial}, recorded as {made}")
        serial = made if made is not None else call.serial
        if serial is None:
            found.append(f"{call.name}: answered and nowhere in the order")
            continue
        placed.append((serial, made is None, call.began, call))  # what changed nothing comes after what it saw
    placed.sort(key=lambda item: item[:3])
    order = [call for *_, call in placed]
    strangers = set(last) - {call.name for call in order}
    found += (f"{name}: changed the ledger and nobody asked for it" for name in sorted(strangers))
    earliest, who = math.inf, ""
    for call in reversed(order):
        if call.began > earliest:
            found.append(f"{call.name}: comes before {who}, which had been answered when it was called")
        if call.ended is not None and call.ended < earliest:
            earliest, who = call.ended, call.name
    return found + _replayed(order, refused, set(last), pool)


def _replayed(order: list[Call], refused: list[Call], recorded: set[str], pool: Pool) -> list[str]:
    """What a book answers differently. What was refused has changed nothing: it has to be refused so at some moment
    between its call and its answer."""
    found: list[str] = []
    book = Book()
    ended = list(accumulate((call.ended or math.inf for call in reversed(order)), min, initial=math.inf))[::-1]
    began = list(accumulate((call.began for call in order), max))
    waiting: dict[int, list[tuple[int, Call]]] = {}
    for call in refused:
        first, last = bisect_left(ended, call.began), bisect_right(began, call.ended or math.inf)
        waiting.setdefault(first, []).append((last, call))
    tried: list[tuple[int, Call]] = []
    for place in range(len(order) + 1):
        tried = [(last, call) for last, call in (*tried, *waiting.get(place, ())) if not _refused(book, pool, call)]
        found += (
            f"{call.name}: {call.verb} {dict(call.asked)} was refused: {call.answer}"
            for last, call in tried
            if last <= place
        )
        tried = [(last, call) for last, call in tried if last > place]
        if place < len(order):
            call, before = order[place], book.serial
            answer = again(book, pool, call)
            if call.answer is not None and answer != call.answer:
                found.append(f"{call.name}: {call.verb} {dict(call.asked)} was answered {call.answer}, not {answer}")
            if (book.serial > before) != (call.name in recorded):
                found.append(
                    f"{call.name}: {call.verb} {dict(call.asked)} changes the ledger, or does not, as recorded"
                )
    return found


def _refused(book: Book, pool: Pool, call: Call) -> bool:
    """Whether the book, as it is now, would refuse the call as it was refused; the book is not changed."""
    if call.verb == "commit":
        claims = {key: parse(value) for key, value in call.asked.items()}
        problems = deciding.lapsed(claims, book.entries(claims), call.at)
    elif call.verb == "move":
        problems = book.immovable(pool, moves(call))
    else:
        problems = book.refusal(pool, call.asked, call.at) if call.verb == "reserve" else []
    return tuple(sorted(problem.code for problem in problems)) == call.answer


def moves(call: Call) -> dict[str, Move]:
    return {key: Move(parse(before), after and parse(after)) for key, (before, after) in call.asked.items()}


def again(book: Book, pool: Pool, call: Call) -> Mapping[str, str] | tuple[str, ...]:
    """The same call of a book: its answer."""
    claims: dict[str, Prefix] = {k: parse(v) for k, v in call.asked.items() if isinstance(v, str)}
    try:
        if call.verb == "reserve":
            done = book.reserve(pool, call.asked, call.at, call.hold)
        elif call.verb == "commit":
            done = book.commit(claims, call.at)
        elif call.verb == "cancel":
            done = book.cancel(claims)
        elif call.verb == "move":
            done = book.move(pool, moves(call), call.at)
        elif call.verb == "rest":
            done = book.rest(list(call.asked), call.at)
        else:
            done = book.release(list(call.asked), call.at)
    except Refused as refused:
        return tuple(sorted(problem.code for problem in refused.problems))
    return {key: text(prefix) for key, prefix in sorted(done.prefixes.items())}
