"""PDF of one language, set by Typst: PDF/A-2b with its fonts inside, for the archive.

PDF/A is refused by Typst where a letter has no glyph, so that no report is ever printed with boxes for Chinese: where
the machine has no font for it, that is said. Letters outside of what such a font has (names are other people's) are shown
as their number, <U+1F600>. The date inside is the day of the result: equal results, on equal fonts, give equal bytes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from inventory.problems import refuse
from policies.formats.words import Language, answer, area_text, effect, one_line, sentence, told
from policies.gaps import STATES, summed
from policies.result import ANSWERS, SEVERITIES, Result, leading

TEMPLATE = Path(__file__).with_name("paper.typ")
FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Serif CJK SC",
         "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Microsoft YaHei", "SimSun", "PingFang SC")  # fmt: skip
MOST = 2000
"""findings that are printed; the number of the others is said, and the CSV has them"""
_PLAIN = re.compile(
    "[^\u0020-\u007e\u00a0-\u00ac\u00ae-\u00ff\u2010-\u2015\u2018\u2019\u201c\u201d\u2026\u2030\u2103\u2116\u2160-\u216b"
    "\u2190-\u2193\u2264\u2265\u00d7\u25a0\u25a1\u25b2\u25cb\u25cf\u3000-\u3015\u4e00-\u9fa5\uff01-\uff5e]"
)
"""whatever a font for Chinese may lack"""


def zh(result: Result) -> bytes:
    """In Chinese."""
    return _paper(result, "zh")


def en(result: Result) -> bytes:
    """In English."""
    return _paper(result, "en")


def drawable(text: str) -> str:
    """One line of letters that a font for Chinese has; any other as its number."""
    return _PLAIN.sub(lambda found: f"<U+{ord(found[0]):04X}>", one_line(text))


def _paper(result: Result, language: Language) -> bytes:
    import typst

    texts = json.dumps(data(result, language), ensure_ascii=False)
    try:
        made: Any = typst.compile(str(TEMPLATE), format="pdf", sys_inputs={"data": texts}, pdf_standards=["a-2b"])
    except typst.TypstError as error:
        found = re.search(r'the text `"(.*)"` could not be displayed', str(error))
        if not found:
            raise
        raise refuse(
            "judge.font",
            f"本机没有能显示“{found[1]}”的字体,不生成 PDF:安装中文字体(Debian:apt install fonts-noto-cjk)后重试",
            f"no font of this machine has '{found[1]}', so no PDF was made: install one for Chinese (Debian: apt install "
            "fonts-noto-cjk) and try again",
        ) from None
    return bytes(made)


def data(result: Result, language: Language) -> dict[str, Any]:
    """What the template reads: texts that any font for Chinese has."""
    pick = 0 if language == "zh" else 1

    def say(zh: str, en: str) -> str:
        return (zh, en)[pick]

    verdict = result.verdict
    totals = say("、", ", ").join(f"{words[pick]} {result.totals[key]}" for key, words in ANSWERS.items())
    facts = [
        (say("方案", "Profile"), verdict.profile), (say("日期", "Day"), result.on.isoformat()),
        (say("对象", "Judged"), say("计划", "a plan") if verdict.planned else say("已部署", "what is deployed")),
        (say("资源图", "Estate"), f"{result.resources} · {result.estate}"), (say("阻断", "Blocking"), str(len(result.stops))),
        (say("结论", "Answers"), totals),
    ]  # fmt: skip
    rest = len(verdict.findings) - MOST
    note = say(f"另有 {rest} 条,见 CSV。", f"{rest} more are in the CSV.") if rest > 0 else ""
    parts = [
        _part(
            say("不通过、出错、未知、豁免", "Failures, errors, unknowns, waivers"),
            note if verdict.findings else say("没有。", "None."),
            {say("检查项", "Check"): 3, say("结论", "Answer"): 2, say("资源", "Resource"): 4, say("说明", "What"): 6,
             say("改法", "Fix"): 5, say("位置", "Place"): 4},
            [
                (f"{one.check} {(one.title_zh, one.title_en)[pick]}", f"{answer(one)[pick]}, {effect(result, one)[pick]}",
                 f"{one.kind} {one.name}", told(one, language),
                 (one.fix_zh, one.fix_en)[pick] if one.answer in ("fail", "waived") else "", one.origin or one.stack)
                for one in leading(verdict.findings, MOST)
            ],
        ),
        _part(
            say("各检查项", "The checks"), "",
            {say("检查项", "Check"): 6, say("方面", "Area"): 2, say("严重程度", "Severity"): 1,
             **{words[pick]: 1 for words in ANSWERS.values()}},
            [
                (f"{one.id} {(one.title_zh, one.title_en)[pick]}", area_text(one.area, language), SEVERITIES[one.severity][pick],
                 *(str(one.counts.get(key, 0)) for key in ANSWERS))
                for one in result.checks
            ],
        ),
    ]  # fmt: skip
    for standard in result.standards:
        counts = say("、", ", ").join(
            f"{STATES[state][pick]} {number}" for state, number in summed(standard.gaps).items()
        )
        if not standard.complete:
            counts += say(
                "。目录未收全:只有检查项引用的条款。", ". The catalogue is incomplete: only clauses that checks cite."
            )
        if standard.out:
            counts += say("。", ". ") + sentence(standard.out[pick], language)
        parts.append(_part(
            f"{standard.id} {(standard.title_zh, standard.title_en)[pick]}", counts,
            {say("条款", "Clause"): 3, say("层面", "Area"): 3, say("控制点", "Control point"): 3, say("状态", "State"): 2,
             say("检查项", "Checks"): 3, say("说明", "Why"): 6},
            [
                (one.clause.number + ("" if one.clause.confirmed else say("(待确认)", " (to be confirmed)")), one.clause.area,
                 one.clause.point, one.words[pick], " ".join(one.checks), (one.zh, one.en)[pick])
                for one in standard.gaps
            ],
        ))  # fmt: skip
    return {
        "title": say("检查结果", "Findings of the policy checks"), "language": language, "fonts": list(FONTS),
        "day": [result.on.year, result.on.month, result.on.day], "facts": [[drawable(cell) for cell in row] for row in facts],
        "foot": drawable(f"{verdict.profile} · {result.on.isoformat()} · {result.estate[:19]}"), "parts": parts,
    }  # fmt: skip


def _part(title: str, note: str, heads: dict[str, int], rows: list[tuple[str, ...]]) -> dict[str, Any]:
    return {
        "title": drawable(title), "note": drawable(note), "heads": list(heads), "widths": list(heads.values()),
        "rows": [[drawable(cell) for cell in row] for row in rows],
    }  # fmt: skip
