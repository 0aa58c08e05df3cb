"""Mends a state on explicit demand: copies it aside, reads what can be read, and writes anew what that still says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from inventory.problems import Problem, Refused
from stacks.engine.state import chain, checking, lease, tables
from stacks.engine.state.lease import Holder
from stacks.engine.state.mending import Mended, mend
from stacks.engine.state.nouns import Repair
from stacks.engine.state.tables import Database

Rows = Mapping[str, Sequence[Sequence[Any]]]
"""table → its rows, the stack's name first"""
_PARTS = ("heads", "journal", "base", "present", "updates")


class Mendable(Protocol):
    """What a place can do for a repair."""

    def open(self, stack: str = "", *, write: bool = False, create: bool = False) -> Database | None: ...
    def salt(self) -> str: ...
    def salvage(self, stack: str) -> Rows:
        """Whatever can still be read: of the stack, and of what lies in the same file."""
        ...

    def aside(self, stack: str, word: str) -> str:
        """Copy it as it is; where to."""
        ...

    def rebuild(self, stack: str, fill: Callable[[Database], None]) -> None:
        """A new file in the place of one that its database cannot work with any more."""
        ...


def repair(place: Mendable, stack: str, holder: Holder, at: str) -> Repair:
    """What was found and done. Refused while somebody works on the stack, or where nothing can be read."""
    problems, workable = _problems(place, stack)
    if not problems:
        return Repair((), "")
    rows = place.salvage(stack)
    if not any(row[0] == stack for part in ("journal", "base", "present") for row in rows[part]):
        raise Refused(problems)
    word = "damaged-" + "".join(c for c in at if c.isalnum())
    salt = place.salt()
    if workable:
        mended = mend(stack, _of(stack, rows), at, salt)
        db = place.open(stack, write=True)
        assert db is not None
        try:
            with db.writing(stack):
                lease.ensure_free(db, stack, holder)
                aside = place.aside(stack, word)
                _install(db, stack, mended, holder, at)
                if not aside:
                    aside = _keep_rows(db, stack, rows, at)
        finally:
            db.close()
        return Repair(problems, aside, mended.lost)
    stacks = sorted({row[0] for part in ("heads", "journal", "present") for row in rows[part]} | {stack}, key=str)
    everything = {name: mend(name, _of(name, rows), at, salt) for name in stacks if isinstance(name, str)}

    def fill(db: Database) -> None:
        with db.writing():
            for name, mended in everything.items():
                _install(db, name, mended, holder, at)
            for key, value in rows["environment"]:
                db.run("INSERT INTO environment VALUES(?,?) ON CONFLICT(key) DO NOTHING", (key, value))
            db.many("INSERT INTO damaged VALUES(?,?,?,?)", rows["damaged"])

    aside = place.aside(stack, word)
    place.rebuild(stack, fill)
    return Repair(problems, aside, tuple(urn for mended in everything.values() for urn in mended.lost))


def _problems(place: Mendable, stack: str) -> tuple[tuple[Problem, ...], bool]:
    """(what is wrong, whether the database itself is sound)"""
    try:
        db = place.open(stack)
    except Refused as refused:
        return refused.problems, False
    if db is None:
        return (), True
    try:
        return checking.check(db, stack), not db.sound()
    finally:
        db.close()


def _of(stack: str, rows: Rows) -> dict[str, list[Sequence[Any]]]:
    found: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for part in _PARTS:
        found[part] = [row[1:] for row in rows[part] if row[0] == stack]
    return found


def _install(db: Database, stack: str, mended: Mended, holder: Holder, at: str) -> None:
    for part in (*_PARTS, "lease"):
        db.run(f"DELETE FROM {part} WHERE stack=?", (stack,))
    now, head = mended.present, (mended.present.seq, mended.present.chain, mended.present.total)
    db.run("INSERT INTO heads VALUES(?,?,?,?,0,?)", (stack, *head, chain.words_digest(stack, *head)))
    tables.rebase(db, stack, mended.base)
    db.many("INSERT INTO journal VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", [(stack, *entry) for entry in mended.entries])
    db.many(
        "INSERT INTO present VALUES(?,?,?,?,?,?,?,?)",
        [(stack, *row, now.digests[key]) for key, row in now.rows.items()],
    )
    db.many("INSERT INTO updates VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", [(stack, *update) for update in mended.updates])
    db.many("INSERT INTO damaged VALUES(?,?,?,?)", [(stack, at, *row) for row in mended.apart])
    note = f"kept apart: {len(mended.apart)} rows; lost: {len(mended.lost)}"
    tables.note_update(db, stack, "repair", holder.name, at, now.seq, note=note)


def _keep_rows(db: Database, stack: str, rows: Rows, at: str) -> str:
    """Where there is no file to copy: every row as it was found, beside the others."""
    found = [(part, row) for part in _PARTS for row in rows[part] if row[0] == stack]
    db.many(
        "INSERT INTO damaged VALUES(?,?,?,?)",
        [(stack, at, f"aside {part}", chain.as_text(row[1:])) for part, row in found],
    )
    return f"damaged ({at})"
