"""Whether a stack's state is what was written: the chain, the rows, and that replaying the one gives the other."""

from __future__ import annotations

from inventory.problems import Problem, Refused
from stacks.engine.state import tables, trouble
from stacks.engine.state.chain import FOLD, WORD, Ledger, Row, genesis, row_digest, sound, words_digest
from stacks.engine.state.tables import UPDATE, Damage, Database


def check(db: Database, stack: str) -> tuple[Problem, ...]:
    """Everything that is wrong, and nothing where all is well. The whole journal is read."""
    problems = [_told(db, stack, "database", said)] if (said := db.sound()) else []
    try:
        with db.reading():
            problems += [_told(db, stack, *finding) for finding in _findings(db, stack)]
    except Refused as refused:
        problems += refused.problems
    return tuple(problems)


def _findings(db: Database, stack: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    try:
        rows = tables.load(db, stack)
    except Damage as damage:
        found.append(("rows", str(damage)))
        rows = None
    else:
        if rows is None:
            return []
    columns = ", ".join(UPDATE)
    for row in db.all(f"SELECT {columns}, digest FROM updates WHERE stack=? ORDER BY number", (stack,)):
        if words_digest(*row[:-1]) != row[-1]:
            found.append(("history", f"update {row[0]}"))
    for row, digest in tables.base(db, stack):
        if row_digest(row) != digest:
            found.append(("base", f"{row.kind} {row.number} {row.urn}"))
    try:
        seq, chain, total = tables.fold(db, stack)
    except Damage as damage:
        return [*found, ("base", str(damage))]
    ledger = Ledger(seq, chain, (row for row, _ in tables.base(db, stack) if not is_fold(row)))
    if ledger.total != total:
        found.append(("base", "its sum"))
    entries = tables.entries(db, stack)
    good, bad = sound(seq, chain, entries)
    found += [("journal", f"entry {entry.seq} {entry.urn}".rstrip()) for entry in bad]
    found += [
        ("journal", f"entry {e.seq}: its digest") for e, g in zip(entries, good, strict=False) if not bad and e != g
    ]
    if found:
        return found
    for entry in good:
        ledger.enter(entry)
    if rows and (ledger.rows, ledger.seq, ledger.chain) != (rows.rows, rows.seq, rows.chain):
        found.append(("rows", "replaying the journal gives others"))
    if not seq and chain != genesis(stack):
        found.append(("journal", "it is another stack's"))
    return found


def is_fold(row: Row) -> bool:
    """Whether a base's row says where the journal was folded, and so is no part of the state."""
    return (row.kind, row.number) == (WORD, FOLD)


_PARTS = {
    "database": "数据库文件", "rows": "当前记录", "history": "历史", "base": "基线", "journal": "日志",
}  # fmt: skip


def _told(db: Database, stack: str, part: str, text: str) -> Problem:
    (problem,) = trouble.sentence("state.corrupt", f"{_PARTS[part]} / {part}: {text}", db.place).problems
    return Problem("state.corrupt", problem.zh, problem.en, stack, problem.file)
