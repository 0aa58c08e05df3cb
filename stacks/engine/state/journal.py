"""The state of one stack, open for writing: a journal that is only appended to, and the rows that follow from it.

In: records of what was done. Out: the same, after any crash. Every change is durable when its future resolves; many
changes share one sync (group commit). Secrets are sealed before they come near the database.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inventory.problems import Refused
from stacks.engine.records import Pending, Record
from stacks.engine.sealing import Sealer
from stacks.engine.state import lease, tables
from stacks.engine.state.chain import AFTER, ATTESTED, NAMES, PENDING, RESOURCE, WORD, Entry, Key, Ledger, Row
from stacks.engine.state.lease import Holder
from stacks.engine.state.tables import Batch, Damage, Database
from stacks.engine.values import SECRET

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Journal:
    """A stack's state on one connection, with a thread of its own to write. `now`: the time, ISO 8601, UTC."""

    def __init__(self, db: Database, stack: str, ledger: Ledger, passphrase: str, now: Callable[[], str]) -> None:
        self.stack, self._db, self._ledger, self._now = stack, db, ledger, now
        self.sealer = Sealer(passphrase, ledger.words().get("salt", ""))
        self._written = ledger.seq
        self._update = 0
        self._renewed = 0.0
        self._queue: list[tuple[list[Entry], asyncio.Future[None]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._broken: Refused | None = None

    @property
    def version(self) -> int:
        return self._ledger.seq

    # ------------------------------------------------------------------ reading

    def records(self) -> list[Record]:
        """Every resource, secrets opened; dependencies come before what needs them only by sorting."""
        return records(self._ledger, self.sealer)

    def pending(self) -> list[Pending]:
        return pending(self._ledger, self.sealer)

    # ------------------------------------------------------------------ updates and the lease

    def begin(self, kind: str, holder: Holder, reason: str, plan: str = "", note: str = "") -> None:
        """Take the lease and open an update in the history, in one commit. Refused where another holds it."""
        db, stack = self._db, self.stack
        with db.writing(stack):
            lease.ensure_free(db, stack, holder)
            if tables.head(db, stack) != (self._ledger.seq, self._ledger.chain):  # another has written since we read
                fresh = tables.load(db, stack)
                if fresh is None:
                    raise Damage("the stack is gone")
                self._ledger, self._written = fresh, fresh.seq
            self._update = tables.open_update(db, stack, kind, holder.name, self._now(), plan, note)
            lease.take(db, stack, holder, reason, self._now(), self._update)
        self._renewed = time.monotonic()

    async def renew(self) -> str:
        """Keep the lease, where a third of its time has gone: to be called about every second. Who has asked this run
        to stop, "" where nobody has. Refused where the lease is another's by now."""
        loop = asyncio.get_running_loop()
        due = time.monotonic() - self._renewed > lease.SECONDS / 3
        asked = await loop.run_in_executor(self._writer, self._renew, due)
        if due:
            self._renewed = time.monotonic()
        return asked

    def _renew(self, due: bool) -> str:
        db, stack = self._db, self.stack
        if due:
            with db.writing(stack):
                if not lease.renew(db, stack, self._update):
                    raise lease.lost(db, stack)
        with db.reading():
            now = lease.lease_of(db, stack)
            if now is None or now.token != self._update:
                raise lease.lost(db, stack)
            return now.asked

    async def finish(self, result: str, counts: Mapping[str, int]) -> None:
        """Close the update in the history and give the lease back."""
        await self.flush()
        await asyncio.get_running_loop().run_in_executor(self._writer, self._finish, result, counts)

    def _finish(self, result: str, counts: Mapping[str, int]) -> None:
        db, stack = self._db, self.stack
        with db.writing(stack):
            if not lease.renew(db, stack, self._update):
                raise lease.lost(db, stack)
            tables.close_update(db, stack, self._update, self._now(), result, counts, self._written)
            lease.release(db, stack)

    # ------------------------------------------------------------------ writing

    def put(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]:
        """Record a resource as it now is; a pending operation that this settles is closed with it."""
        self._check()
        entry = self._entry("put", op, record.urn, record.number, body=self._body(record.body), settles=settles)
        record.number = entry.number
        return self._submit([entry])

    def drop(self, op: str, record: Record, settles: tuple[int, ...] = ()) -> asyncio.Future[None]:
        """Record that a resource is no more."""
        self._check()
        return self._submit([self._entry("drop", op, record.urn, record.number, settles=settles)])

    def intend(self, op: str, body: dict[str, Any], record: int) -> tuple[int, asyncio.Future[None]]:
        """Record that an operation is about to begin: (its number, when that is durable)."""
        self._check()
        entry = self._entry("intend", op, body["urn"], record=record, body=self._body(body))
        return entry.number, self._submit([entry])

    def settle(self, numbers: tuple[int, ...]) -> asyncio.Future[None]:
        """Close a pending operation of which it is known that it did nothing."""
        self._check()
        return self._submit([self._entry("settle", "settle", "", settles=numbers)])

    def replace(self, records: Iterable[Record], pending: Iterable[Pending] = ()) -> asyncio.Future[None]:
        """Put a whole other record in place of the present one, all at once. What is the same already stays as it is;
        a record or operation without a number, or with one that is another's, gets a new one."""
        self._check()
        self.records()  # the sealer learns which ciphertext belongs to what, and keeps it
        wanted: dict[Key, Row] = {}
        known = {(row.kind, row.op, row.urn, row.body): row for row in self._ledger.rows.values()}
        new: list[tuple[str, str, str, int, str]] = []
        whole = [("", record.urn, record.number, 0, self._body(record.body), RESOURCE) for record in records]
        whole += [(p.op, p.urn, p.number, p.record, self._body(p.body), PENDING) for p in pending]
        for op, urn, number, record, body, kind in whole:
            same = known.get((kind, op, urn, body))
            present = self._ledger.rows.get((kind, number))
            if same is not None and same.key not in wanted:
                wanted[same.key] = same
            elif present is not None and present.urn == urn and present.key not in wanted:
                wanted[present.key] = Row(kind, number, op, urn, record, body)
            else:
                new.append((kind, op, urn, record, body))
        entries = self._ledger.become(self._update, self._now(), "replace", wanted)
        for kind, op, urn, record, body in new:
            what, word = ("put", "replace") if kind == RESOURCE else ("intend", op)
            entries.append(self._entry(what, word, urn, record=record, body=body))
        return self._submit(entries)

    def remember_after(self, stacks: tuple[str, ...]) -> None:
        """Which stacks this one comes after, so that it can be destroyed in order when nobody names it any more."""
        self._check()
        row, body = self._ledger.rows.get((WORD, AFTER)), json.dumps(stacks)
        if (row.body if row else "[]") != body:
            self._submit([self._entry("word", "after", NAMES[AFTER], AFTER, body=body)])

    def attest(self, statement: Callable[[int, int, str], str]) -> asyncio.Future[None]:
        """Record who vouches for the state as it is now. `statement`: the text, of the update's number, the version and
        the digest of all that led to it."""
        self._check()
        body = statement(self._update, self._ledger.seq, self._ledger.chain)
        return self._submit([self._entry("word", "attest", NAMES[ATTESTED], ATTESTED, body=body)])

    def words(self) -> Mapping[str, str]:
        return self._ledger.words()

    async def flush(self) -> None:
        """Return when everything is durable. Refused where something could not be written."""
        while self._draining:
            await asyncio.shield(self._draining)
        if self._broken:
            raise self._broken

    def close(self) -> None:
        self._writer.shutdown(wait=True)
        self._db.close()

    # ------------------------------------------------------------------ parts

    def _body(self, body: dict[str, Any]) -> str:
        text = _encode(body)
        return _encode(self.sealer.seal(body, body["urn"])) if SECRET in text else text

    def _entry(
        self, what: str, op: str, urn: str, number: int = 0, record: int = 0, body: str = "",
        settles: tuple[int, ...] = (),
    ) -> Entry:  # fmt: skip
        return self._ledger.append(self._update, self._now(), what, op, urn, number, record, body, settles)

    def _check(self) -> None:
        if self._broken:
            raise self._broken
        if not self._update:
            raise RuntimeError("begin() first: only the lease's holder writes")

    def _submit(self, entries: list[Entry]) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # flush() reports it
        self._queue.append((entries, future))
        if self._draining is None:
            self._draining = loop.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            queued, self._queue = self._queue, []
            batch = Batch(self._ledger, [entry for entries, _ in queued for entry in entries])
            try:
                await loop.run_in_executor(self._writer, self._write, batch)
            except Refused as refused:
                self._broken = refused
                for _, future in queued + self._queue:
                    if not future.done():
                        future.set_exception(refused)
                self._queue = []
            else:
                for _, future in queued:
                    if not future.done():
                        future.set_result(None)
        self._draining = None

    def _write(self, batch: Batch) -> None:
        with self._db.writing(self.stack):
            if not tables.write(self._db, self.stack, self._written, self._update, batch):
                raise lease.lost(self._db, self.stack)
        self._written = batch.seq


def records(ledger: Ledger, sealer: Sealer) -> list[Record]:
    """The resources among the rows, by number, secrets in clear and marked."""
    return [Record(_opened(row, sealer), row.number) for row in ledger.of(RESOURCE)]


def pending(ledger: Ledger, sealer: Sealer) -> list[Pending]:
    """The pending operations among the rows, by number."""
    return [Pending(row.number, row.op, _opened(row, sealer), row.record) for row in ledger.of(PENDING)]


def _opened(row: Row, sealer: Sealer) -> dict[str, Any]:
    body = json.loads(row.body)
    return sealer.open(body, row.urn) if SECRET in row.body else body
