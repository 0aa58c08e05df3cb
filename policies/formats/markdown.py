"""Markdown of one language: what blocks, every finding, every check, and each clause; texts of others are escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from policies.formats.words import Language, answer, area_text, effect, one_line, sentence, told
from policies.gaps import STATES, summed
from policies.result import ANSWERS, SEVERITIES, Covered, Result

_MARKS = re.compile(r"([\\`*_\[\]|~$])")
_LINKS = re.compile(r"(?i)\b(https?|ftp|mailto|www)(:|\.)")
"""what some readers make links of by themselves"""


def zh(result: Result) -> str:
    """In Chinese."""
    return _document(result, "zh")


def en(result: Result) -> str:
    """In English."""
    return _document(result, "en")


def escaped(text: str) -> str:
    """A text on one line that Markdown, and HTML within it, shows as it is."""
    line = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _LINKS.sub(r"\1\\\2", _MARKS.sub(r"\\\1", line))
    return line.replace("@", "&#64;")


def _document(result: Result, language: Language) -> str:
    pick = 0 if language == "zh" else 1

    def say(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    verdict = result.verdict
    lines = [say("# 检查结果", "# Findings of the policy checks"), ""]
    lines += [
        f"- {say('方案', 'Profile')}: {escaped(verdict.profile)}",
        f"- {say('日期', 'Day')}: {result.on.isoformat()}",
    ]
    lines += [f"- {say('资源', 'Resources')}: {result.resources} ({result.estate})"]
    lines += [
        f"- {say('对象', 'Judged')}: "
        + (say("计划", "a plan") if verdict.planned else say("已部署", "what is deployed"))
    ]
    lines += [f"- {say('阻断', 'Blocking')}: {len(result.stops)}"]
    lines += [f"- {ANSWERS[key][pick]}: {result.totals[key]}" for key in ANSWERS]
    lines += ["", say("## 不通过、出错、未知、豁免", "## Failures, errors, unknowns, waivers"), ""]
    lines += _table(
        [say("检查项", "Check"), say("结论", "Answer"), say("严重程度", "Severity"), say("资源", "Resource"), say("说明", "What"),
         say("改法", "Fix"), say("位置", "Place")],
        [
            (f"{one.check} {(one.title_zh, one.title_en)[pick]}", f"{answer(one)[pick]}, {effect(result, one)[pick]}",
             SEVERITIES[one.severity][pick], f"{one.kind} {one.name}", told(one, language),
             (one.fix_zh, one.fix_en)[pick] if one.answer in ("fail", "waived") else "", one.origin)
            for one in verdict.findings
        ],
        say("没有。", "None."),
    )  # fmt: skip
    lines += ["", say("## 各检查项", "## The checks"), ""]
    lines += _table(
        [say("检查项", "Check"), say("方面", "Area"), say("严重程度", "Severity"), *(words[pick] for words in ANSWERS.values())],
        [
            (f"{one.id} {(one.title_zh, one.title_en)[pick]}", area_text(one.area, language), SEVERITIES[one.severity][pick],
             *(str(one.counts.get(key, 0)) for key in ANSWERS))
            for one in result.checks
        ],
        say("没有。", "None."),
    )  # fmt: skip
    for standard in result.standards:
        lines += ["", *_standard(standard, language)]
    return "\n".join(lines) + "\n"


def _standard(standard: Covered, language: Language) -> list[str]:
    pick = 0 if language == "zh" else 1
    states = summed(standard.gaps)
    title = (standard.title_zh, standard.title_en)[pick]
    heads = (
        ("条款", "层面", "控制点", "状态", "检查项", "说明"),
        ("Clause", "Area", "Control point", "State", "Checks", "Why"),
    )[pick]
    mark = ("(条款号待确认)", " (number to be confirmed)")[pick]
    lines = [f"## {escaped(standard.id)} {escaped(title)}", ""]
    if not standard.complete:
        lines += [
            ("目录未收全:只有检查项引用的条款。", "The catalogue is incomplete: only clauses that checks cite.")[pick],
            "",
        ]
    if standard.out:
        lines += [escaped(sentence(standard.out[pick], language)), ""]
    lines += [("、", ", ")[pick].join(f"{STATES[state][pick]} {number}" for state, number in states.items()), ""]
    rows = [
        (one.clause.number + ("" if one.clause.confirmed else mark), one.clause.area, one.clause.point, one.words[pick],
         " ".join(one.checks), (one.zh, one.en)[pick])
        for one in standard.gaps
    ]  # fmt: skip
    return lines + _table(heads, rows, "")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], none: str) -> list[str]:
    body = ["| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows]
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *body] if body else [none]
