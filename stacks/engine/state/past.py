"""What a stack was: its history, the versions that can still be gone back to, going back, and folding what is old."""

from __future__ import annotations

from inventory.problems import Refused, refuse
from stacks.engine.state import lease, tables
from stacks.engine.state.chain import ATTESTED, PENDING, RESOURCE, WORD, Entry, Ledger, Row, row_digest, sound
from stacks.engine.state.lease import Holder
from stacks.engine.state.nouns import Seen, Version
from stacks.engine.state.tables import Batch, Damage, Database


def versions(db: Database, stack: str) -> tuple[Version, ...]:
    """The versions with which an update ended, oldest first, of those that were not folded away."""
    first = tables.fold(db, stack)[0]
    found: dict[int, Version] = {}
    for update in tables.updates(db, stack, "version IS NOT NULL"):
        version = update["version"]
        if version >= first and version not in found:
            found[version] = Version(version, update["number"], update["kind"], update["who"],
                                     update["ended"] or update["started"], update["note"])  # fmt: skip
    return tuple(found[version] for version in sorted(found))


def seen(db: Database, stack: str) -> Seen | None:
    """What the stack looks like, by a few rows; None where there is none. Damage where one is not as it was written."""
    standing = tables.head(db, stack)
    if standing is None:
        return None
    version, chain = standing
    word = db.all(
        f"SELECT {tables.ROW}, digest FROM present WHERE stack=? AND kind=? AND number=?", (stack, WORD, ATTESTED)
    )
    if word and row_digest(Row(*word[0][:-1])) != word[0][-1]:
        raise Damage("the attestation")
    count = db.all("SELECT count(*) FROM present WHERE stack=? AND kind=?", (stack, RESOURCE))[0][0]
    last = db.all(f"SELECT {tables.ENTRY} FROM journal WHERE stack=? AND seq=?", (stack, version))
    entry = Entry(*last[0]) if last else None
    by = tables.updates(db, stack, "number=?", entry.update) if entry else []
    return Seen(version, chain, count, word[0][5] if word else "", entry, by[0] if by else None)


def replayed(db: Database, stack: str, until: int | None = None) -> Ledger:
    """What the journal comes to, up to a version. Damage where base or journal are not as written."""
    recorded, base = tables.fold(db, stack), tables.base(db, stack)
    seq, chain, total = recorded
    ledger = Ledger(seq, chain, (row for row, _ in base if (row.kind, row.number) != (WORD, tables.FOLD)))
    if ledger.total != total:
        raise Damage("the base of the journal")
    good, bad = sound(seq, chain, tables.entries(db, stack, until))
    if bad:
        raise Damage(f"entry {bad[0].seq} of the journal")
    for entry in good:
        ledger.enter(entry)
    return ledger


def rollback(db: Database, stack: str, version: int, holder: Holder, now: str, *, force: bool, note: str) -> int:
    """The record, never the cloud, as it was, as new entries of an update of its own; inside a writing transaction.
    The new version. Operations that are pending now stay pending. Refused while there are any unless forced, where the
    version was folded away or never was, and where somebody works on the stack."""
    lease.ensure_free(db, stack, holder)
    ledger = tables.load(db, stack)
    first = tables.fold(db, stack)[0] if ledger else 0
    if ledger is None or not first <= version <= ledger.seq:
        raise _no_version(stack, version, first, ledger.seq if ledger else 0)
    pending = {row.key: row for row in ledger.of(PENDING)}
    if pending and not force:
        raise refuse(
            "state.pending",
            f"有 {len(pending)} 个操作结果未知,不能回退记录:请先运行 up 或 refresh 弄清,或用 force 强制回退(它们仍保留)",
            f"{len(pending)} operations are in doubt, so the record cannot go back: run up or refresh first, or force it "
            "(they stay pending)",
            where=stack,
        )
    then = {key: row for key, row in replayed(db, stack, version).rows.items() if row.kind != WORD}
    before = ledger.seq
    number = tables.open_update(db, stack, "rollback", holder.name, now, "", note or f"to version {version}")
    entries = ledger.become(number, now, "rollback", {**then, **pending})
    tables.write(db, stack, before, None, Batch(ledger, entries))
    tables.close_update(db, stack, number, now, "succeeded", {}, ledger.seq)
    lease.release(db, stack)  # an expired one: its holder may not write over this
    return ledger.seq


def compact(db: Database, stack: str, keep: int, holder: Holder, now: str) -> int:
    """Fold what is older than the last `keep` updates into the base, inside a writing transaction. The version that
    the journal starts from afterwards: what is older cannot be gone back to any more. The history stays."""
    lease.ensure_free(db, stack, holder)
    first = tables.fold(db, stack)[0]
    ended = [update["version"] for update in tables.updates(db, stack, "kind<>'compact' AND version IS NOT NULL")]
    standing = tables.head(db, stack) or (0, "")
    until = standing[0] if not keep else ended[-keep - 1] if len(ended) > keep else first
    if until > first:
        ledger = replayed(db, stack, until)
        tables.rebase(db, stack, ledger)
        db.run("DELETE FROM journal WHERE stack=? AND seq<=?", (stack, until))
    tables.note_update(
        db, stack, "compact", holder.name, now, standing[0], note=f"folded up to version {max(first, until)}"
    )
    return max(first, until)


def _no_version(stack: str, version: int, first: int, last: int) -> Refused:
    if version < first:
        return refuse(
            "state.folded",
            f"版本 {version} 已在压缩时并入基线,无法回退到它:可回退到 {first} 至 {last}",
            f"version {version} was folded away by a compaction and cannot be gone back to: {first} to {last} can",
            where=stack,
        )
    return refuse(
        "state.no-version",
        f"没有版本 {version}:可回退到 {first} 至 {last}",
        f"there is no version {version}: {first} to {last} can be gone back to",
        where=stack,
    )
