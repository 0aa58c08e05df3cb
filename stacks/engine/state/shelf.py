"""Where an environment's stacks lie, and everything that can be asked of them without holding one.

A shelf is a plain value: it can be pickled and goes through a fork; each question opens a connection and closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

from inventory.problems import Problem, Refused, refuse
from stacks.engine.sealing import Sealer, new_salt
from stacks.engine.state import checking, lease, past, repairing, tables
from stacks.engine.state.chain import RESOURCE, Ledger
from stacks.engine.state.files import Folder, OneFile
from stacks.engine.state.journal import Journal, pending, records
from stacks.engine.state.lease import Cancelled, Holder, Lease
from stacks.engine.state.nouns import Repair, Seen, Snapshot, Store, Version
from stacks.engine.state.postgres import Server
from stacks.engine.state.tables import Damage, Database


class Place(Protocol):
    """A kind of store: what differs between a folder, one file and a server."""

    shared: ClassVar[bool]
    """whether several stacks lie in one database"""

    def names(self) -> tuple[str, ...]: ...
    def holds(self, stack: str) -> bool: ...
    def open(self, stack: str = "", *, write: bool = False, create: bool = False) -> Database | None: ...
    def salt(self) -> str: ...
    def keep_salt(self, salt: str) -> None: ...
    def forget(self, stack: str) -> None: ...
    def salvage(self, stack: str) -> Mapping[str, Sequence[Sequence[Any]]]: ...
    def aside(self, stack: str, word: str) -> str: ...
    def rebuild(self, stack: str, fill: Callable[[Database], None]) -> None: ...


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The stacks of one environment."""

    place: Place

    def __str__(self) -> str:
        return str(self.place)

    # ------------------------------------------------------------------ stacks

    def stacks(self) -> tuple[str, ...]:
        """The stacks that have a state, by name."""
        return self.place.names()

    def exists(self, stack: str) -> bool:
        return self.place.holds(stack)

    def open(self, stack: str, passphrase: str, salt: str, now: Callable[[], str] = now) -> Store:
        """A stack to be written to, begun where it is not there yet. Refused where anything of what it holds is not as
        it was written, and then left as it is."""
        reading = self.place.open(stack)
        ledger = None
        if reading is not None:
            try:
                with reading.reading():
                    ledger = self._load(reading, stack)
            finally:
                reading.close()
        db = self.place.open(stack, write=True, create=True)
        assert db is not None
        try:
            if ledger is None:
                with db.writing(stack):
                    tables.found(db, stack, salt)
                    ledger = tables.load(db, stack)
            assert ledger is not None
            return Journal(db, stack, ledger, passphrase, now)
        except BaseException:
            db.close()
            raise

    def snapshot(self, stack: str, passphrase: str) -> Snapshot:
        """The state at this moment, without holding it."""
        with self._reading(stack) as db:
            ledger = self._load(db, stack) if db else None
        if ledger is None:
            return Snapshot()
        words = ledger.words()
        sealer = Sealer(passphrase, words.get("salt", ""))
        return Snapshot(records(ledger, sealer), pending(ledger, sealer), ledger.seq, words, sealer.salt)

    def remove(self, stack: str, *, force: bool = False, holder: Holder | None = None) -> None:
        """Forget a stack, its history too. Refused while somebody works on it, and where it still records resources
        unless forced."""
        with self._writing(stack) as db:
            lease.ensure_free(db, stack, holder or Holder.me())
            count = db.all("SELECT count(*) FROM present WHERE stack=? AND kind=?", (stack, RESOURCE))[0][0]
            if count and not force:
                raise refuse(
                    "state.not-empty",
                    f"该栈还记录着 {count} 个资源:请先 destroy,或用 force 只删除记录(资源会留在云上)",
                    f"the stack still records {count} resources: destroy it first, or force it to remove the record "
                    "alone (the resources stay where they are)",
                    where=stack,
                )
            for table in tables.OF_STACK:
                db.run(f"DELETE FROM {table} WHERE stack=?", (stack,))
        self.place.forget(stack)

    # ------------------------------------------------------------------ the environment's salt

    def salt(self, passphrase: str, *, create: bool) -> str:
        """The environment's salt; made on first use, kept with `create`. Refused where the passphrase is another."""
        salt = self.place.salt()
        if not salt:
            salt = new_salt(passphrase)
            if not create:
                return salt
            self.place.keep_salt(salt)
            salt = self.place.salt()  # somebody may have been first
        Sealer(passphrase, salt).unlock()
        return salt

    # ------------------------------------------------------------------ the lease

    def lease(self, stack: str) -> Lease | None:
        """Who holds it, since when, why and for how long; None where nobody does."""
        with self._reading(stack) as db:
            return lease.lease_of(db, stack) if db else None

    def cancel(self, stack: str, holder: str = "") -> tuple[Cancelled, Lease | None]:
        """Ask the holder to stop, as Ctrl-C once does, or free the lease of one who is gone. Named (`who@host`), a
        holder who was asked before loses it. What was done, and to whom."""
        if not self.exists(stack):
            return "free", None
        with self._writing(stack) as db:
            return lease.cancel(db, stack, holder, Holder.me())

    # ------------------------------------------------------------------ the past

    def history(self, stack: str) -> list[dict[str, Any]]:
        """Every update, oldest first: number, kind, who, started, ended, result, plan, counts, version, note."""
        with self._reading(stack) as db:
            return tables.updates(db, stack) if db else []

    def unchanged(
        self, stack: str, version: int, holder: Holder, now: str, plan: str, counts: Mapping[str, int], note: str = ""
    ) -> bool:
        """Note in the history that an update had nothing to do. False where the state is not of this version any more;
        Refused where somebody is working on it."""
        if not self.exists(stack):
            return False
        with self._writing(stack) as db:
            lease.ensure_free(db, stack, holder)
            if (tables.head(db, stack) or (0, ""))[0] != version:
                return False
            tables.note_update(db, stack, "up", holder.name, now, version, plan=plan, note=note, counts=counts)
            return True

    def standing(self, stack: str) -> Seen | None:
        """What a stack looks like from outside; None where it is not there."""
        with self._reading(stack) as db:
            return past.seen(db, stack) if db else None

    def versions(self, stack: str) -> tuple[Version, ...]:
        """The versions that `rollback` can go back to, oldest first."""
        with self._reading(stack) as db:
            return past.versions(db, stack) if db and tables.head(db, stack) else ()

    def rollback(
        self, stack: str, version: int, *, force: bool = False, note: str = "", holder: Holder | None = None,
        at: str = "",
    ) -> int:  # fmt: skip
        """The record, never the cloud, as it was at an earlier version. The new version. Refused while operations are
        pending unless forced, and where the version is not to be had any more."""
        with self._writing(stack) as db:
            me = holder or Holder.me()
            return past.rollback(db, stack, version, me, at or now(), force=force, note=note)

    def compact(self, stack: str, keep: int, holder: Holder | None = None, at: str = "") -> int:
        """Fold the journal of all but the last `keep` updates. The oldest version that can be gone back to now."""
        with self._writing(stack) as db:
            first = past.compact(db, stack, keep, holder or Holder.me(), at or now())
        db = self.place.open(stack, write=True)
        if db is not None:
            try:
                db.tidy()
            finally:
                db.close()
        return first

    # ------------------------------------------------------------------ damage

    def check(self, stack: str) -> tuple[Problem, ...]:
        """Everything that is not as it was written; empty where all is well. Reads the whole journal."""
        try:
            db = self.place.open(stack)
        except Refused as refused:
            return refused.problems
        if db is None:
            return ()
        try:
            return checking.check(db, stack)
        finally:
            db.close()

    def repair(self, stack: str, holder: Holder | None = None, at: str = "") -> Repair:
        """Mend what `check` finds, after copying the state aside: rows from the journal, or a new base from the rows
        where the journal is damaged. Refused where nothing can be read any more."""
        return repairing.repair(self.place, stack, holder or Holder.me(), at or now())

    # ------------------------------------------------------------------ connections

    def _load(self, db: Database, stack: str) -> Ledger | None:
        ledger = tables.load(db, stack)
        if ledger is None and not self.place.shared and (other := db.all("SELECT stack FROM heads LIMIT 1")):
            raise Damage(f"the file is of the stack {other[0][0]}")
        return ledger

    @contextmanager
    def _reading(self, stack: str) -> Iterator[Database | None]:
        db = self.place.open(stack)
        if db is None:
            yield None
            return
        try:
            with db.reading():
                yield db
        finally:
            db.close()

    @contextmanager
    def _writing(self, stack: str) -> Iterator[Database]:
        db = self.place.open(stack, write=True)
        if db is None:
            raise refuse(
                "state.no-stack", "该栈没有状态:请核对名字", "the stack has no state: check its name", where=stack
            )
        try:
            with db.writing(stack):
                yield db
        finally:
            db.close()


def at(location: str | Path | Shelf) -> Shelf:
    """The shelf at a location: `postgresql://…`, one file (it is one, or its name has a suffix), otherwise a folder."""
    if isinstance(location, Shelf):
        return location
    if str(location).startswith(("postgresql://", "postgres://")):
        return Shelf(Server.at(str(location)))
    path = Path(location)
    one = path.is_file() or (not path.exists() and bool(path.suffix))
    return one_file(path) if one else Shelf(Folder(path))


def one_file(path: Path) -> Shelf:
    """The shelf that is one file, whatever its name."""
    return Shelf(OneFile(path))
