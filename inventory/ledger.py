"""The ledger of addresses: which key has which prefix, kept in one SQLite file that many processes may change at once.

In: pools, keys, the time (seconds since the epoch). Out: prefixes, and after how many changes. The rules are those of
`inventory.allotting`; here they are durable: a change is one transaction in a write-ahead log that is on the disk before
the answer is given, and what threads of one process ask for meanwhile goes to the disk together. A process that is
killed leaves whole changes behind; what it had reserved and not committed is free again when its time is over.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from inventory.allotting import deciding, filing
from inventory.allotting.book import SWEEP
from inventory.allotting.nouns import Entry, Granted, Move, Pool, State
from inventory.allotting.prefixes import BITS, Prefix, parse, text, texts
from inventory.allotting.space import Free
from inventory.allotting.stored import Stored
from inventory.problems import Problem, Refused

_COLUMNS = "t.key, p.name, p.version, t.start, t.length, t.state, t.until"
_ENTRIES = f"SELECT {_COLUMNS} FROM taken t JOIN pools p ON p.id=t.pool"
_ASKED = f"SELECT {_COLUMNS} FROM json_each(?) k JOIN taken t ON t.key=k.value JOIN pools p ON p.id=t.pool"
_SERIAL = "SELECT coalesce(max(serial), 0) FROM history"
_text = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_ENDED = (
    "SELECT key, start, length FROM taken WHERE pool=? AND until IS NOT NULL AND until<=?"
    " AND key NOT IN (SELECT value FROM json_each(?)) ORDER BY until, key LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the ledger's history."""

    serial: int
    at: float
    who: str
    verb: str
    pool: str
    """"" where it is of several"""
    prefixes: Mapping[str, str]
    """key → prefix, text"""


class Ledger:
    """An open ledger; for all threads of one process. Refused where the file is none of ours, damaged or held up."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._db = filing.opened(path, create=create)
        self._queue: list[_Job] = []
        self._taken: list[_Job] = []
        """what the leader does now"""
        self._leader: _Job | None = None
        self._asking, self._writing = threading.Lock(), threading.Lock()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the last who does folds the log into it."""
        with self._writing, suppress(sqlite3.Error):
            self._db.close()

    def reserve(
        self, pool: Pool, wanted: deciding.Wanted, now: float, hold: float | None = None, who: str = ""
    ) -> Granted:
        """A prefix for each key: the one it has, or a new one. Held for `hold` seconds; for good where that is None.
        Refused, and nothing changed, where one of them cannot be had."""
        return self.reserve_all([(pool, wanted)], now, hold, who)

    def reserve_all(
        self, asked: Iterable[tuple[Pool, deciding.Wanted]], now: float, hold: float | None = None, who: str = ""
    ) -> Granted:
        """The same of several pools in one change; a key is in one of them."""
        pools = list(asked)

        def work() -> Granted:
            prefixes: dict[str, Prefix] = {}
            problems: list[Problem] = []
            for pool, wanted in pools:
                try:
                    prefixes |= self._reserve(pool, wanted, now, hold, who)
                except Refused as refused:
                    problems += refused.problems
            if problems:
                raise Refused(problems)
            return Granted(prefixes, self._serial())

        return self._run(work)

    def commit(self, claims: Mapping[str, Prefix], now: float, who: str = "") -> Granted:
        """What is held is used from now on. Refused, and nothing changed, where one is not held any more."""

        def work() -> Granted:
            found = self._found(claims)
            if problems := deciding.lapsed(claims, found, now):
                raise Refused(problems)
            held = {key: entry for key, entry in found.items() if entry.state is not State.USED}
            self._change({key: entry._replace(state=State.USED, until=None) for key, entry in held.items()})
            self._note("commit", now, who, {key: entry.prefix for key, entry in held.items()})
            return Granted(dict(claims), self._serial())

        return self._run(work)

    def cancel(self, claims: Mapping[str, Prefix], now: float, who: str = "") -> Granted:
        """Take back what is still held as claimed; the rest is left alone. What was taken back."""

        def work() -> Granted:
            back = {
                key: entry
                for key, entry in self._found(claims).items()
                if entry.prefix == claims[key] and entry.state in (State.HELD, State.AGAIN)
            }
            self._back({key: (entry, entry.until) for key, entry in back.items()}, "cancel", now, who)
            return Granted({key: entry.prefix for key, entry in back.items()}, self._serial())

        return self._run(work)

    def release(self, keys: Iterable[str], now: float, who: str = "") -> Granted:
        """What is used goes to rest for as long as its pool says; what is only held is free at once. What that was."""
        asked = dict.fromkeys(keys)

        def work() -> Granted:
            rests = dict(self._db.execute("SELECT name, rest FROM pools"))
            gone = {key: entry for key, entry in self._found(asked).items() if entry.state is not State.RESTING}
            self._back({key: (entry, now + rests[entry.pool]) for key, entry in gone.items()}, "release", now, who)
            return Granted({key: entry.prefix for key, entry in gone.items()}, self._serial())

        return self._run(work)

    def move(self, asked: Iterable[tuple[Pool, Mapping[str, Move]]], now: float, who: str = "") -> Granted:
        """Each key has another prefix from now on, and is used; what it had rests as the key's own, to which it may come
        back meanwhile. All in one change. What the keys have. Refused, and nothing changed, where one has moved otherwise
        or cannot."""
        pools = list(asked)

        def work() -> Granted:
            prefixes: dict[str, Prefix] = {}
            problems: list[Problem] = []
            for pool, wanted in pools:
                problems += self._move(pool, wanted, now, who)
                prefixes |= {key: move.after for key, move in wanted.items() if move.after}
            if problems:
                raise Refused(problems)
            return Granted(prefixes, self._serial())

        return self._run(work)

    def rest(self, keys: Iterable[str], now: float, who: str = "") -> Granted:
        """What rests begins its rest anew. What that was."""
        asked = dict.fromkeys(keys)

        def work() -> Granted:
            rests = dict(self._db.execute("SELECT name, rest FROM pools"))
            again = {key: entry for key, entry in self._found(asked).items() if entry.state is State.RESTING}
            self._change({key: entry._replace(until=now + rests[entry.pool]) for key, entry in again.items()})
            done = {key: entry.prefix for key, entry in again.items()}
            self._note("rest", now, who, done)
            return Granted(done, self._serial())

        return self._run(work)

    def sweep(self, now: float, who: str = "") -> Granted:
        """Free everything whose reservation or rest has ended."""

        def work() -> Granted:
            for row in self._db.execute("SELECT id, version, name FROM pools").fetchall():
                free = Stored(self._db, row[0], BITS[row[1]])
                self._sweep(free, row[0], row[2], now, {}, -1, who)
                free.write()
            return Granted({}, self._serial())

        return self._run(work)

    def entries(self, keys: Iterable[str] | None = None) -> dict[str, Entry]:
        """What is known of the keys, of all where none are named, in whatever state."""
        with self._writing, filing.trouble(self.path):
            return dict(map(_entry, self._db.execute(_ENTRIES))) if keys is None else self._found(dict.fromkeys(keys))

    def history(self, since: int = 0) -> Iterator[Change]:
        """Every change after the `since`-th, oldest first."""
        with self._writing, filing.trouble(self.path):
            rows = self._db.execute("SELECT * FROM history WHERE serial>? ORDER BY serial", (since,)).fetchall()
        for serial, at, who, verb, pool, prefixes in rows:
            yield Change(serial, at, who, verb, pool, json.loads(prefixes))

    def audit(self) -> tuple[str, ...]:
        """What is wrong with the whole: prefixes of a pool that meet, lie outside, or are neither free nor anybody's.
        Empty where all is well; reads everything."""
        with self._writing, filing.trouble(self.path):
            return filing.audit(self._db)

    def _reserve(
        self, pool: Pool, wanted: deciding.Wanted, now: float, hold: float | None, who: str
    ) -> dict[str, Prefix]:
        number, free = self._known(pool)
        found = self._found(wanted)
        kept, again, problems = deciding.known(pool, wanted, found)
        fresh = {key: want for key, want in wanted.items() if key not in found} if found else wanted
        taken: dict[str, Prefix] = {}
        if fresh and not problems:
            self._sweep(free, number, pool.name, now, found, SWEEP + 2 * len(fresh), who)
            taken, problems = deciding.place(free, pool, fresh)
            if problems and self._sweep(free, number, pool.name, now, found, -1, who):
                taken, problems = deciding.place(free, pool, fresh)
        if problems:
            raise Refused(problems)
        free.write()
        until = None if hold is None else now + hold
        state, width = int(State.USED if hold is None else State.HELD), pool.bits // 8
        rows = [(key, number, start.to_bytes(width, "big"), n, state, until) for key, (_, start, n) in taken.items()]
        rows.sort()
        self._db.executemany("INSERT INTO taken(key, pool, start, length, state, until) VALUES(?,?,?,?,?,?)", rows)
        self._change({key: deciding.held(pool.name, kept[key], found[key], until) for key in again})
        self._note("reserve", now, who, {**taken, **{key: kept[key] for key in again}}, pool.name)
        return {**kept, **taken}

    def _move(self, pool: Pool, wanted: Mapping[str, Move], now: float, who: str) -> list[Problem]:
        number, free = self._known(pool)
        found = self._found(deciding.touched(wanted))
        left, problems = deciding.standing(pool, wanted, found)
        if not problems:
            _, problems = deciding.place(free, pool, deciding.arriving(wanted, found, left))
        if problems:
            return problems
        noted: dict[str, Prefix] = {}
        for key in left:
            before, after = found[key], wanted[key].after
            if before.prefix != after:
                rests = deciding.former(key, before.prefix) if after else key
                self._leave(free, key, rests, before, deciding.leaving(before, now, pool.rest))
                noted[rests] = before.prefix
            if after:
                here = (number, after.start.to_bytes(pool.bits // 8, "big"))
                self._db.execute("DELETE FROM taken WHERE pool=? AND start=?", here)
                self._db.execute(
                    "INSERT INTO taken(key, pool, start, length, state) VALUES(?,?,?,?,?)",
                    (key, *here, after.length, int(State.USED)),
                )
                noted[key] = after
        free.write()
        self._note("move", now, who, noted, pool.name)
        return []

    def _leave(self, free: Free, key: str, rests: str, entry: Entry, stays: Entry | None) -> None:
        """A key has its prefix no more: it rests under another, or was only held and is free."""
        if stays:
            row = (rests, int(stays.state), stays.until, key)
            self._db.execute("UPDATE taken SET key=?, state=?, until=? WHERE key=?", row)
        else:
            self._db.execute("DELETE FROM taken WHERE key=?", (key,))
            free.give(entry.prefix.length, entry.prefix.start)

    def _known(self, pool: Pool) -> tuple[int, Stored]:
        """The pool's number and its free blocks; made, or widened, where it is not there as it is declared."""
        row = self._db.execute("SELECT id, spans, barred, rest FROM pools WHERE name=?", (pool.name,)).fetchone()
        spans, barred = _listed(pool.spans), _listed(pool.barred)
        if row and (spans, barred, pool.rest) == row[1:]:
            return row[0], Stored(self._db, row[0], pool.bits)
        deciding.sound(pool)
        if row is None:
            row = self._db.execute(
                "INSERT INTO pools(name, version, spans, barred, rest) VALUES(?,?,?,?,?) RETURNING id",
                (pool.name, pool.version, spans, barred, pool.rest),
            ).fetchone()
            free = Stored(self._db, row[0], pool.bits, new=True)
            for length, start in Free.of(pool.bits, pool.spans, pool.barred).blocks():
                free.add(length, start)
            return row[0], free
        more, problems = deciding.moved(pool, map(parse, json.loads(row[1])), map(parse, json.loads(row[2])))
        if problems:
            raise Refused([replace(problem, file=str(self.path)) for problem in problems])
        self._db.execute("UPDATE pools SET spans=?, barred=?, rest=? WHERE id=?", (spans, barred, pool.rest, row[0]))
        free = Stored(self._db, row[0], pool.bits)
        for span in more:
            free.give(span.length, span.start)
        return row[0], free

    def _found(self, keys: Iterable[str]) -> dict[str, Entry]:
        wanted = list(keys)
        if len(wanted) == 1:
            return dict(map(_entry, self._db.execute(f"{_ENTRIES} WHERE t.key=?", wanted)))
        return dict(map(_entry, self._db.execute(_ASKED, (_text(wanted),))))

    def _change(self, entries: Mapping[str, Entry]) -> None:
        """Keys that are there are in another state."""
        if not entries:
            return
        rows = [(int(entry.state), entry.until, key) for key, entry in sorted(entries.items())]
        self._db.executemany("UPDATE taken SET state=?, until=? WHERE key=?", rows)

    def _back(self, entries: Mapping[str, tuple[Entry, float | None]], verb: str, now: float, who: str) -> None:
        """What was in use before rests until its time; what was only held is free."""
        resting = {
            key: entry._replace(state=State.RESTING, until=until)
            for key, (entry, until) in entries.items()
            if entry.state is not State.HELD
        }
        self._change(resting)
        self._note(verb, now, who, {key: entry.prefix for key, entry in resting.items()})
        gone = {key: entry for key, (entry, _) in entries.items() if entry.state is State.HELD}
        for name in sorted({entry.pool for entry in gone.values()}):
            number, version = self._db.execute("SELECT id, version FROM pools WHERE name=?", (name,)).fetchone()
            free = Stored(self._db, number, BITS[version])
            self._drop(
                free, {key: entry.prefix for key, entry in gone.items() if entry.pool == name}, verb, now, who, name
            )
            free.write()

    def _sweep(self, free: Free, number: int, name: str, now: float, spare: Iterable[str], most: int, who: str) -> int:
        """Free what has ended, oldest end first. A key that is asked for in this very change keeps what it had."""
        rows = self._db.execute(_ENDED, (number, now, _text(list(spare)), most)).fetchall()
        version = 6 if free.bits == 128 else 4
        gone = {key: Prefix(version, int.from_bytes(start, "big"), length) for key, start, length in rows}
        self._drop(free, gone, "ended", now, who, name)
        return len(gone)

    def _drop(self, free: Free, gone: Mapping[str, Prefix], verb: str, now: float, who: str, pool: str) -> None:
        if gone:
            self._db.executemany("DELETE FROM taken WHERE key=?", [(key,) for key in gone])
            for prefix in gone.values():
                free.give(prefix.length, prefix.start)
            self._note(verb, now, who, gone, pool)

    def _note(self, verb: str, now: float, who: str, prefixes: Mapping[str, Prefix], pool: str = "") -> None:
        if prefixes:
            words = _text(texts(prefixes))
            self._db.execute(
                "INSERT INTO history(at, who, verb, pool, prefixes) VALUES(?,?,?,?,?)", (now, who, verb, pool, words)
            )

    def _serial(self) -> int:
        return self._db.execute(_SERIAL).fetchone()[0]

    def _run(self, work: Callable[[], Granted]) -> Granted:
        """Do it in a transaction, together with whatever other threads have asked for by then: one leads, the others
        wait, and the first who has come meanwhile leads next. Who is interrupted takes back what nobody has begun; what
        was begun is made or not, as after a kill, and asking again tells."""
        job = _Job(work)
        try:
            with self._asking:
                self._queue.append(job)
            while not self._done(job):
                job.wait()
        finally:
            self._left(job)
        if job.error is not None:
            raise job.error
        assert job.granted is not None
        return job.granted

    def _done(self, job: _Job) -> bool:
        """Whether it is done; where nobody leads, by leading oneself."""
        with self._asking:
            if job.done or self._leader is not None:
                return job.done
            self._leader, self._taken, self._queue = job, self._queue, []
        jobs = self._taken
        try:
            with self._writing, filing.trouble(self.path):
                filing.transaction(self._db, self.path, jobs)
        except Exception as error:
            for each in jobs:
                each.error = each.error or error
        for each in jobs:
            each.done = True
        return True

    def _left(self, job: _Job) -> None:
        """Nobody waits for one who is gone: what it led and has not done is asked for again, and the next one leads."""
        with self._asking:
            woken: list[_Job] = []
            if self._leader is job:
                self._queue = [*(each for each in self._taken if not each.done and each is not job), *self._queue]
                woken = [each for each in self._taken if each.done and each is not job]
                self._leader, self._taken = None, []
            elif not job.done and job in self._queue:
                self._queue.remove(job)
            if self._leader is None:
                woken += self._queue[:1]
            for each in woken:
                each.wake()


class _Job:
    """What a thread has asked for, and what came of it."""

    __slots__ = ("_signal", "done", "error", "granted", "work")

    def __init__(self, work: Callable[[], Granted]) -> None:
        self.work = work
        self.done = False
        self.granted: Granted | None = None
        self.error: BaseException | None = None
        self._signal = threading.Lock()
        self._signal.acquire()

    def wait(self) -> None:
        """Until it is done, or has to be done by who waits."""
        self._signal.acquire()

    def wake(self) -> None:
        """Once is enough. Only under the ledger's own lock."""
        if self._signal.locked():
            self._signal.release()


def _entry(row: tuple[Any, ...]) -> tuple[str, Entry]:
    key, pool, version, start, length, state, until = row
    return key, Entry(pool, Prefix(version, int.from_bytes(start, "big"), length), State(state), until)


@lru_cache(maxsize=1024)
def _listed(prefixes: tuple[Prefix, ...]) -> str:
    return json.dumps([text(prefix) for prefix in prefixes])
