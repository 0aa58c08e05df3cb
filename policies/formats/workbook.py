"""XLSX: the same tables as the CSV files on sheets of one workbook, with filters; every cell is text or a number.

XlsxWriter writes texts as texts, so that nothing in a cell is ever a formula or a link. The date inside the file is the
day of the result, which makes equal results equal bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from policies.formats.tables import CLAUSES, RESULTS, Cell, clause_rows, result_rows
from policies.formats.words import area_text, clean, sentence
from policies.gaps import CRYPTO, MLPS, STATES, summed
from policies.result import ANSWERS, SEVERITIES, Result

LONGEST = 32000
"""letters in a cell; a spreadsheet takes 32,767"""
MOST = 1_000_000
"""rows in a sheet; a spreadsheet takes 1,048,576"""


def workbook(result: Result) -> bytes:
    """The file."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    book: Any = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "检查结果 Findings", "created": datetime.combine(result.on, time())})
    head = book.add_format({"bold": True, "bg_color": "#E6EEF0", "text_wrap": True, "valign": "top"})
    body = book.add_format({"text_wrap": True, "valign": "top"})
    for name, heads, rows in _sheets(result):
        _sheet(book, name, heads, rows, head, body)
    book.close()
    return out.getvalue()


def _sheets(result: Result) -> list[tuple[str, Sequence[str], list[tuple[Cell, ...]]]]:
    sheets: list[tuple[str, Sequence[str], list[tuple[Cell, ...]]]] = [
        ("概要 Summary", ("项 item", "值 value"), _summary(result)),
        ("结果 Findings", RESULTS, result_rows(result)),
        ("检查项 Checks", ("检查项 check", "标题", "title", "方面 area", "严重程度 severity", "程度 assurance",
                        *(f"{zh} {en}" for zh, en in ANSWERS.values()), "条款 clauses"), _checks(result)),
    ]  # fmt: skip
    for name, id_ in (("等保差距 MLPS", MLPS), ("密评 Cryptography", CRYPTO)):
        if found := result.standard(id_):
            sheets.append((name, CLAUSES, clause_rows(found.gaps)))
    if result.verdict.waivers:
        heads = ("检查项 check", "URN", "结论", "standing", "理由 reason", "工单 ticket", "申请人 requester", "批准人 approver",
                 "生效 created", "到期 expires", "补偿 compensating")  # fmt: skip
        sheets.append(("豁免 Waivers", heads, [
            (w.check, w.urn, *one.words, w.reason, w.ticket, w.requester, w.approver, w.created, w.expires, w.compensating)
            for one in result.verdict.waivers if (w := one.waiver)
        ]))  # fmt: skip
    return sheets


def _summary(result: Result) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [
        ("方案 profile", result.verdict.profile), ("日期 day", result.on.isoformat()), ("资源图摘要 estate", result.estate),
        ("资源 resources", result.resources), ("阻断 blocking", len(result.stops)),
    ]  # fmt: skip
    rows += [(f"{zh} {en}", result.totals[key]) for key, (zh, en) in ANSWERS.items()]
    for one in result.standards:
        states = summed(one.gaps)
        text = ", ".join(f"{' '.join(STATES[state])} {number}" for state, number in states.items())
        whole = "" if one.complete else "(目录未收全 catalogue incomplete)"
        out = f"{one.out[0]} {sentence(one.out[1], 'en')} " if one.out else ""
        rows.append((f"{one.id}{whole}", out + text))
    return rows


def _checks(result: Result) -> list[tuple[Cell, ...]]:
    return [
        (
            one.id, one.title_zh, one.title_en, area_text(one.area),
            " ".join(SEVERITIES[one.severity]), one.assurance, *(one.counts.get(key, 0) for key in ANSWERS),
            "; ".join(one.clauses),
        )
        for one in result.checks
    ]  # fmt: skip


def _sheet(book: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], head: Any, body: Any) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, text in enumerate(heads):
        longest = max((len(str(row[column])) for row in rows[:200]), default=4)
        sheet.set_column(column, column, min(48, max(9, longest * 1.6)))
        sheet.write_string(0, column, text, head)
    for number, row in enumerate(rows[:MOST], 1):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(number, column, cell, body)
            else:
                sheet.write_string(number, column, clean(cell)[:LONGEST], body)
    if len(rows) > MOST:
        more = len(rows) - MOST
        sheet.write_string(MOST + 1, 0, f"另有 {more} 行,见 CSV / {more} more rows are in the CSV", body)
    sheet.autofilter(0, 0, max(1, min(len(rows), MOST)), len(heads) - 1)
