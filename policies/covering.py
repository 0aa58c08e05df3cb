"""`./lz explain --coverage`: how much of each standard the checks settle, and what nobody checks, as text and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inventory.problems import nearest, refuse
from policies.clauses import Coverage, coverage, standards, successor
from policies.editions import Standard
from policies.explaining import Language

_MODE = {
    True: ("目录完整", "complete catalogue"),
    False: ("目录不完整", "incomplete catalogue: it has other clauses too"),
}


def covered(words: Sequence[str] = ()) -> list[Coverage]:
    """Of these standards (an id or the beginning of one), of all where none is named. Refused with the nearest."""
    chosen: dict[str, None] = {}
    for word in words:
        found = [id_ for id_ in standards() if id_.startswith(word.strip())]
        if not found:
            near = nearest(word, standards())
            raise refuse(
                "policy.unknown-standard",
                f"目录中没有标准“{word}”:" + (f"是不是 {near}?" if near else f"有 {'、'.join(standards())}"),
                f"the catalogue has no standard '{word}': "
                + (f"did you mean {near}?" if near else f"there are {', '.join(standards())}"),
            )
        chosen |= dict.fromkeys(found)
    return [coverage(id_) for id_ in chosen or standards()]


def text(rows: Sequence[Coverage], language: Language) -> str:
    """For reading: a block for each standard, with the clauses that no check looks at by number."""
    return "\n\n".join(_block(row, standards()[row.standard], language) for row in rows)


def data(rows: Sequence[Coverage]) -> list[dict[str, Any]]:
    """For machines."""
    return [_datum(row, standards()[row.standard]) for row in rows]


def _datum(row: Coverage, standard: Standard) -> dict[str, Any]:
    return {
        "standard": row.standard, "edition": standard.edition, "valid_from": standard.valid_from.isoformat(),
        "valid_to": standard.valid_to.isoformat() if standard.valid_to else None, "complete": row.complete,
        "total": row.total, "full": list(row.full), "partial": list(row.partial), "evidence": list(row.evidence),
        "none": list(row.unchecked),
    }  # fmt: skip


def _block(row: Coverage, standard: Standard, language: Language) -> str:
    chinese = language == "zh"
    later = successor(standard)
    since = f"{standard.valid_from}–{standard.valid_to or ''}"
    lines = [f"{row.standard} {standard.title if chinese else standard.en} [{since}]"]
    if later:
        lines += [f"  已由 {later.id} 代替" if chinese else f"  replaced by {later.id}"]
    counts = (row.total, len(row.full), len(row.partial), len(row.evidence), len(row.unchecked))
    mode = _MODE[row.complete][0 if chinese else 1]
    if chinese:
        lines += ["  {} 条:全部 {},部分 {},只查证据 {},无检查项 {};".format(*counts) + mode]
    else:
        lines += ["  {} clauses: {} in full, {} in part, {} by evidence, {} by no check; ".format(*counts) + mode]
    if row.unchecked:
        numbers = {one.id: one.number for one in standard.clauses}
        head, between = ("  无检查项:", "、") if chinese else ("  no check: ", ", ")
        lines += [head + between.join(numbers[id_] for id_ in row.unchecked)]
    return "\n".join(lines)
