"""Keys and their prefixes in memory, by the same rules as the ledger: its model, and the allocator of whoever needs no
file. The same changes at the same times give the same prefixes, here and there.

A change happens whole or, with every reason, not at all. Time is seconds since the epoch, given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush

from inventory.allotting import deciding
from inventory.allotting.nouns import Entry, Granted, Move, Pool, State
from inventory.allotting.prefixes import Prefix
from inventory.allotting.space import Free
from inventory.problems import Problem, Refused

SWEEP = 64
"""how many ended reservations and rests one change clears away, and two more for each key it asks for: the cost of a
change does not depend on what others left behind"""


class Book:
    """Pools and keys. Nothing of it is shared or kept."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}
        self._free: dict[str, Free] = {}
        self._entries: dict[str, Entry] = {}
        self._ending: dict[str, list[tuple[float, str]]] = {}
        self.serial = 0
        """how many changes there were"""

    def reserve(self, pool: Pool, wanted: deciding.Wanted, now: float, hold: float | None = None) -> Granted:
        """A prefix for each key: the one it has, or a new one. Held for `hold` seconds; for good where that is None.
        Refused, and nothing changed, where one of them cannot be had."""
        found = self.entries(wanted)
        kept, again, taken, swept, problems = self._tried(pool, wanted, found, now)
        if problems:
            self._undone(pool, taken, swept)
            raise Refused(problems)
        until = None if hold is None else now + hold
        for key, prefix in {**taken, **{key: kept[key] for key in again}}.items():
            self._put(key, deciding.held(pool.name, prefix, found.get(key), until))
        return self._done({**kept, **taken}, bool(taken or again))

    def refusal(self, pool: Pool, wanted: deciding.Wanted, now: float) -> list[Problem]:
        """Why this could not be reserved now; nothing is changed. Empty where it could."""
        _, _, taken, swept, problems = self._tried(pool, wanted, self.entries(wanted), now)
        self._undone(pool, taken, swept)
        return problems

    def commit(self, claims: Mapping[str, Prefix], now: float) -> Granted:
        """What is held is used from now on. Refused, and nothing changed, where one is not held any more."""
        if problems := deciding.lapsed(claims, self._entries, now):
            raise Refused(problems)
        held = [key for key in claims if self._entries[key].state is not State.USED]
        for key in held:
            self._put(key, self._entries[key]._replace(state=State.USED, until=None))
        return self._done(dict(claims), bool(held))

    def cancel(self, claims: Mapping[str, Prefix]) -> Granted:
        """Take back what is still held as claimed; the rest is left alone. What was taken back."""
        back = {
            key: prefix
            for key, prefix in claims.items()
            if (entry := self._entries.get(key)) and entry.prefix == prefix and entry.state in (State.HELD, State.AGAIN)
        }
        for key in back:
            self._back(key, self._entries[key].until)
        return self._done(back, bool(back))

    def release(self, keys: Iterable[str], now: float) -> Granted:
        """What is used goes to rest for as long as its pool says; what is only held is free at once. What that was."""
        gone = {
            key: entry.prefix
            for key in sorted(set(keys))
            if (entry := self._entries.get(key)) and entry.state is not State.RESTING
        }
        for key in gone:
            self._back(key, now + self._pools[self._entries[key].pool].rest)
        return self._done(gone, bool(gone))

    def move(self, pool: Pool, wanted: Mapping[str, Move], now: float) -> Granted:
        """Each key has another prefix from now on, and is used; what it had rests as the key's own, to which it may come
        back meanwhile. What the keys have. Refused, and nothing changed, where one has moved otherwise or cannot."""
        free, (left, _, problems) = self._known(pool), self._moving(pool, wanted)
        if problems:
            raise Refused(problems)
        for key in left:
            before, after = self._entries[key], wanted[key].after
            if before.prefix != after:
                stays = deciding.leaving(before, now, pool.rest)
                del self._entries[key]
                if stays:
                    self._put(deciding.former(key, before.prefix) if after else key, stays)
                else:
                    free.give(before.prefix.length, before.prefix.start)
            if after:
                self._entries.pop(deciding.former(key, after), None)
                self._put(key, Entry(pool.name, after, State.USED, None))
        return self._done({key: move.after for key, move in wanted.items() if move.after}, bool(left))

    def immovable(self, pool: Pool, wanted: Mapping[str, Move]) -> list[Problem]:
        """Why these could not move now; nothing is changed. Empty where they could."""
        _, taken, problems = self._moving(pool, wanted)
        self._undone(pool, taken, ())
        return problems

    def rest(self, keys: Iterable[str], now: float) -> Granted:
        """What rests begins its rest anew. What that was."""
        again = {key: e for key, e in self.entries(keys).items() if e.state is State.RESTING}
        for key, entry in again.items():
            self._put(key, entry._replace(until=now + self._pools[entry.pool].rest))
        return self._done({key: entry.prefix for key, entry in again.items()}, bool(again))

    def sweep(self, now: float) -> Granted:
        """Free everything whose reservation or rest has ended."""
        return self._done({}, any([self._sweep(pool, now) for pool in self._pools]))

    def entries(self, keys: Iterable[str] | None = None) -> dict[str, Entry]:
        """What is known of the keys, of all where none are named, in whatever state."""
        if keys is None:
            return dict(self._entries)
        return {key: entry for key in keys if (entry := self._entries.get(key))}

    def free(self, pool: str) -> int:
        """Addresses of a pool that are free."""
        return self._free[pool].size

    def _tried(
        self, pool: Pool, wanted: deciding.Wanted, found: Mapping[str, Entry], now: float
    ) -> tuple[dict[str, Prefix], list[str], dict[str, Prefix], list[tuple[str, Entry]], list[Problem]]:
        """What the keys have, which of them are held again, what the others get, what was swept for it, what is wrong."""
        free, swept, taken = self._known(pool), list[tuple[str, Entry]](), dict[str, Prefix]()
        kept, again, problems = deciding.known(pool, wanted, found)
        fresh = {key: want for key, want in wanted.items() if key not in found}
        if fresh and not problems:
            swept = self._sweep(pool.name, now, found, SWEEP + 2 * len(fresh))
            taken, problems = deciding.place(free, pool, fresh)
            if problems and (more := self._sweep(pool.name, now, found)):
                swept += more
                taken, problems = deciding.place(free, pool, fresh)
        return kept, again, taken, swept, problems

    def _moving(self, pool: Pool, wanted: Mapping[str, Move]) -> tuple[list[str], dict[str, Prefix], list[Problem]]:
        """Which keys have to move, what was taken for those that come to something new, what is wrong."""
        free, taken = self._known(pool), dict[str, Prefix]()
        found = self.entries(deciding.touched(wanted))
        left, problems = deciding.standing(pool, wanted, found)
        if not problems:
            taken, problems = deciding.place(free, pool, deciding.arriving(wanted, found, left))
        return left, taken, problems

    def _undone(self, pool: Pool, taken: Mapping[str, Prefix], swept: Iterable[tuple[str, Entry]]) -> None:
        free = self._free[pool.name]
        for prefix in taken.values():
            free.give(prefix.length, prefix.start)
        for key, entry in swept:
            free.carve(entry.prefix.length, entry.prefix.start)
            self._put(key, entry)

    def _known(self, pool: Pool) -> Free:
        before = self._pools.get(pool.name)
        if before == pool:
            return self._free[pool.name]
        deciding.sound(pool)
        if before is None:
            self._free[pool.name] = Free.of(pool.bits, pool.spans, pool.barred)
            self._ending[pool.name] = []
        else:
            more, problems = deciding.moved(pool, before.spans, before.barred)
            if problems:
                raise Refused(problems)
            for span in more:
                self._free[pool.name].give(span.length, span.start)
        self._pools[pool.name] = pool
        return self._free[pool.name]

    def _put(self, key: str, entry: Entry) -> None:
        self._entries[key] = entry
        if entry.until is not None:
            heappush(self._ending[entry.pool], (entry.until, key))

    def _back(self, key: str, until: float | None) -> None:
        """What was in use before rests; what was only held is free."""
        entry = self._entries[key]
        if entry.state is State.HELD:
            self._drop(key)
        else:
            self._put(key, entry._replace(state=State.RESTING, until=until))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key)
        self._free[entry.pool].give(entry.prefix.length, entry.prefix.start)

    def _sweep(
        self, pool: str, now: float, spare: Mapping[str, Entry] | None = None, most: int | None = None
    ) -> list[tuple[str, Entry]]:
        """Free what has ended, oldest end first. A key that is asked for in this very change keeps what it had."""
        ending = self._ending[pool]
        gone: list[tuple[str, Entry]] = []
        spared: list[tuple[float, str]] = []
        while ending and ending[0][0] <= now and (most is None or len(gone) < most):
            until, key = heappop(ending)
            entry = self._entries.get(key)
            if entry is None or entry.until != until or entry.pool != pool:
                continue
            if spare and key in spare:
                spared.append((until, key))
                continue
            gone.append((key, entry))
            self._drop(key)
        for item in spared:
            heappush(ending, item)
        return gone

    def _done(self, prefixes: dict[str, Prefix], changed: bool) -> Granted:
        self.serial += changed
        return Granted(prefixes, self.serial)
