"""CSV: the findings, the table of gaps by clause, and the items for the assessment of cryptography.

With a byte order mark, so that spreadsheets read the Chinese, and lines as RFC 4180 has them. A text cell that a
spreadsheet would take for a formula begins with an apostrophe: names in an estate are other people's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from inventory.problems import placed
from policies.formats.words import answer, area_text, clean, effect
from policies.gaps import CRYPTO, MLPS, Gap
from policies.result import SEVERITIES, Result, area

FORMULA = tuple("=+-@\t\r\n＝＋－＠|")
"""what a cell must not begin with; the wide forms are formulas to some spreadsheets too"""
RESULTS = (
    "检查项 check", "标题", "title", "方面 area", "结论", "answer", "作用 effect", "严重程度 severity", "类型 kind",
    "资源 resource", "栈 stack", "文件 file", "行 line", "说明", "what", "改法", "fix", "条款 clauses", "URN",
)  # fmt: skip
CLAUSES = (
    "标准 standard", "条款 clause", "条款号待确认 to be confirmed", "部分 part", "层面 area", "控制点 control point", "结论", "state",
    "检查项 checks", "通过 pass", "不通过 fail", "未知 unknown", "出错 error", "豁免 waived", "不适用 n/a", "说明", "why",
)  # fmt: skip
Cell = str | int


def results(result: Result) -> str:
    """Every answer that is not a pass, and a row a check with the number of what passed."""
    return _csv((RESULTS, *result_rows(result)))


def mlps(result: Result) -> str:
    """等保差距表: every clause of the level."""
    return _csv((CLAUSES, *clause_rows(_gaps(result, MLPS))))


def crypto(result: Result) -> str:
    """密评: every item of the catalogue."""
    return _csv((CLAUSES, *clause_rows(_gaps(result, CRYPTO))))


def result_rows(result: Result) -> list[tuple[Cell, ...]]:
    """Cells of `RESULTS`."""
    rows: list[tuple[Cell, ...]] = []
    for one in result.rows:
        (zh, en), (effect_zh, effect_en), (file, line, _) = answer(one), effect(result, one), placed(one.origin)
        rows.append((
            one.check, one.title_zh, one.title_en, area_text(area(one.check)), zh, en, f"{effect_zh} {effect_en}",
            _severity(one.severity), one.kind, one.name, one.stack, file, line or "", one.zh, one.en, one.fix_zh, one.fix_en,
            "; ".join(one.clauses), one.urn,
        ))  # fmt: skip
    for check in result.checks:
        if number := check.counts.get("pass", 0):
            rows.append((
                check.id, check.title_zh, check.title_en, area_text(check.area), "通过", "pass", "", _severity(check.severity), "",
                "", "", "", "", f"{number} 个资源通过", f"{number} resources pass", "", "", "; ".join(check.clauses), "",
            ))  # fmt: skip
    return rows


def clause_rows(gaps: Iterable[Gap]) -> list[tuple[Cell, ...]]:
    """Cells of `CLAUSES`."""
    kinds = ("pass", "fail", "unknown", "error", "waived", "not-applicable")
    return [
        (
            one.clause.standard, one.clause.number, "" if one.clause.confirmed else "待确认", one.clause.part, one.clause.area,
            one.clause.point, *one.words, " ".join(one.checks), *(one.counts.get(kind, 0) for kind in kinds), one.zh, one.en,
        )
        for one in gaps
    ]  # fmt: skip


def harmless(cell: Cell) -> Cell:
    """The cell as text that no spreadsheet runs; numbers as they are."""
    if isinstance(cell, int):
        return cell
    text = clean(cell)
    return f"'{text}" if text.lstrip(" \u3000\u00a0").startswith(FORMULA) or text.startswith(FORMULA) else text


def _csv(rows: Iterable[Sequence[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _gaps(result: Result, standard: str) -> tuple[Gap, ...]:
    found = result.standard(standard)
    return found.gaps if found else ()


def _severity(key: str) -> str:
    return " ".join(SEVERITIES.get(key, (key, key)))
