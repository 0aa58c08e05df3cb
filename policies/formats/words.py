"""What formats say alike: how an answer is told, and text that is safe where it is put."""

from __future__ import annotations

import re
from typing import Literal

from policies.judge import Finding
from policies.result import ANSWERS, Result, area_words

Language = Literal["zh", "en"]
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
"""what XML 1.0 forbids, and what no reader can see"""


def clean(text: str) -> str:
    """Without characters that XML has no place for; each becomes the sign that says that one was there."""
    return _CONTROL.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Clean, and on one line."""
    return " ".join(clean(text).split())


def sentence(text: str, language: Language) -> str:
    """A clause as a sentence of its own."""
    return f"{text}。" if language == "zh" else f"{text[:1].upper()}{text[1:]}."


def told(one: Finding, language: Language) -> str:
    """The sentence; where there is none, the title."""
    if language == "zh":
        return one.zh or one.title_zh
    return one.en or one.title_en


def effect(result: Result, one: Finding) -> tuple[str, str]:
    """What an answer comes to, in Chinese and English."""
    if one in result.stops:
        return "阻断", "blocks"
    if one.answer == "waived":
        return "豁免放行", "let through"
    if one.known:
        return "基线内", "in the baseline"
    return ("不计", "does not count") if one.answer == "not-applicable" else ("只报告", "reported")


def answer(one: Finding) -> tuple[str, str]:
    """The answer in Chinese and English."""
    return ANSWERS[one.answer.value]


def area_text(key: str, language: Language | None = None) -> str:
    """An area's name in one language, or in both."""
    zh, en = area_words(key)
    return {"zh": zh, "en": en}[language] if language else " ".join(dict.fromkeys((zh, en)))
