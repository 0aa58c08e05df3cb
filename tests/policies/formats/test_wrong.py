"""What a reader of each format sees of a check that concludes nothing: one that cites an edition which is not in force on
the day, one that broke, one that ran over its time; and of a table of an edition that nobody may cite. Every file is read
back with a reader of its own format."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import yaml
from markdown_it import MarkdownIt
from pypdf import PdfReader

from policies import formats
from policies.checks import Loaded
from policies.checks.shape import Looked, failed
from policies.formats import page, paper
from policies.gaps import CRYPTO, MLPS, State, cites, gaps
from policies.judge import judge
from policies.profiles import Entry, profile
from policies.result import Result, leading, of
from tests.report.browser import chinese_font
from tests.report.fixture import estate

NOW, BEFORE = date(2026, 6, 1), date(2019, 6, 1)
OLD = "网络安全法(2017) 第二十一条(三)"
SUPERSEDED, BROKEN, SLOW = "LOG-004", "CRY-005", "BND-016"
"""checks of the profile, one of which cites what nobody may cite any more; the others serve clauses of the two tables"""


@cache
def result(on: date) -> Result:
    """Of the demo's estate: three checks conclude nothing."""

    def breaks(estate: Any, params: Any) -> Iterator[Looked]:
        raise ValueError("hunter2")
        yield

    def sleeps(estate: Any, params: Any) -> Iterator[Looked]:
        yield from (failed(one, "先说的", "said before") for one in list(estate)[:1])
        for _ in range(500):  # a single long sleep is ended by nobody
            time.sleep(0.01)

    def again(one: Entry) -> Entry:
        check = one.loaded.check
        if check.id == SUPERSEDED:
            return Entry(
                Loaded(replace(check, clauses=(*check.clauses, OLD)), one.loaded.judge, Path("x")), one.mode, one.params
            )
        if check.id == BROKEN:
            return Entry(Loaded(check, breaks, Path("x")), one.mode, one.params)
        if check.id == SLOW:
            return Entry(Loaded(replace(check, seconds=0.05), sleeps, Path("x")), one.mode, one.params)
        return one

    real = profile("level3")
    chosen = replace(real, entries=tuple(map(again, real.entries)))
    return of(judge(estate(), chosen, planned=False, on=on), estate(), on)


class _Shown(HTMLParser):
    """What a page shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._dark = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._dark += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._dark -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._dark:
            self.words.append(data)


def _html(content: bytes) -> str:
    return "".join(_Shown(content.decode()).words)


def _markdown(content: bytes) -> str:
    return _html(MarkdownIt("gfm-like", {"linkify": False}).render(content.decode()).encode())


def _pdf(content: bytes) -> str:
    return "".join(one.extract_text() for one in PdfReader(io.BytesIO(content)).pages)


def _csv(content: bytes) -> str:
    return "\n".join(
        " ".join(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    )


def _xlsx(content: bytes) -> str:
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        shared = ["".join(one.itertext()) for one in Xml.fromstring(archive.read("xl/sharedStrings.xml"))]
        sheets = [Xml.fromstring(archive.read(n)) for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
    cells = [one for sheet in sheets for one in sheet.iter(f"{space}c") if one.get("t") == "s"]
    return "\n".join(shared[int(one.findtext(f"{space}v") or "")] for one in cells)


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)
    else:
        yield str(value)


def _json(content: bytes) -> str:
    return "\n".join(_words(json.loads(content)))


def _yaml(content: bytes) -> str:
    return "\n".join(_words(yaml.load(content, yaml.CSafeLoader)))


def _xml(content: bytes) -> str:
    root = Xml.fromstring(content)
    return "\n".join(text for one in root.iter() for text in (*one.attrib.values(), one.text or ""))


READERS: dict[str, Callable[[bytes], str]] = {
    "html": _html, "pdf": _pdf, "markdown": _markdown, "csv": _csv, "gaps": _csv, "crypto": _csv, "xlsx": _xlsx,
    "sarif": _json, "junit": _xml, "oscal": _json, "policyreport": _yaml,
}  # fmt: skip
CLAUSES = ("gaps", "crypto")
"""formats that tell of clauses alone"""
SAID = {
    "zh": ("网络安全法(2017) 自 2026-01-01 起由 网络安全法 代替,不能再引用:改引 网络安全法 第二十三条(三)", "检查项自身出错(ValueError,",
           "检查项运行超过 0.05 秒,没有结论"),
    "en": ("网络安全法(2017) was replaced by 网络安全法 on 2026-01-01 and is cited no more: cite 网络安全法 第二十三条(三)",
           "the check itself broke (ValueError at ", "the check ran for more than 0.05 s and concludes nothing"),
}  # fmt: skip
"""of each of the three checks, on a day"""
EARLY = {
    "zh": {MLPS: "该版本自 2019-12-01 起施行,2019-06-01 不在有效期内", CRYPTO: "该版本自 2021-10-01 起施行,2019-06-01 不在有效期内"},
    "en": {MLPS: "his edition came into force on 2019-12-01 and was not in force on 2019-06-01",
           CRYPTO: "his edition came into force on 2021-10-01 and was not in force on 2019-06-01"},
}  # fmt: skip
"""of each of the two tables, on a day before both"""
TABLED = {
    "html": (MLPS, CRYPTO), "pdf": (MLPS, CRYPTO), "markdown": (MLPS, CRYPTO), "gaps": (MLPS,), "crypto": (CRYPTO,),
    "xlsx": (MLPS, CRYPTO), "sarif": (MLPS, CRYPTO), "oscal": (MLPS, CRYPTO),
}  # fmt: skip
"""formats that have tables of clauses, or say on what they rest"""


def _files() -> list[Any]:
    return [
        pytest.param(
            name, file, marks=[pytest.mark.slow] * (name in ("html", "pdf", "xlsx", "oscal", "markdown")), id=file
        )
        for name, files in formats.FORMATS.items()
        for file in files
    ]


def _flat(text: str) -> str:
    """Without spaces: pages break lines where they like."""
    return "".join(text.split())


def _read(on: date, name: str, file: str) -> str:
    if name == "pdf":
        chinese_font()
    return _flat(READERS[name](formats.render(result(on), name)[file]))


def _languages(file: str) -> list[str]:
    return [word for word in ("zh", "en") if f".{word}." in file] or ["zh", "en"]


@pytest.mark.parametrize(("name", "file"), _files())
def test_every_format_says_what_concludes_nothing(name: str, file: str) -> None:
    text = _read(NOW, name, file)
    assert "hunter2" not in text, "what an error holds is nobody's to see"
    for language in _languages(file):
        if name in CLAUSES:
            broken = "没有结论:未知0,检查出错1" if language == "zh" else "noconclusion:0unknown,1broken"
            assert (broken if name == "crypto" else f"{'检查出错1' if language == 'zh' else '1broken'}") in text
            continue
        for sentence in SAID[language]:
            assert _flat(sentence) in text
        word = {"zh": "检查出错", "en": "check broke"}[language]
        assert _flat({"sarif": "error", "junit": "error"}.get(name, word)) in text


@pytest.mark.parametrize(("name", "file"), _files())
def test_every_table_says_that_its_edition_is_not_in_force(name: str, file: str) -> None:
    text = _read(BEFORE, name, file)
    for language in _languages(file):
        for standard in TABLED.get(name, ()):
            assert _flat(EARLY[language][standard]) in text
        if name not in CLAUSES:
            early = {
                "zh": "GB/T 39786-2021 自 2021-10-01 起施行,2019-06-01 还不能引用",
                "en": "GB/T 39786-2021 comes into force on 2021-10-01 and cannot be cited on 2019-06-01",
            }
            assert _flat(early[language]) in text, "and the checks that cite it"
    now = _read(NOW, name, file)
    assert not [one for both in EARLY.values() for one in both.values() if _flat(one) in now]
    assert "不在有效期内" not in now


@pytest.mark.parametrize(("on", "cited", "not_cited"), [(NOW, "第二十三条(三)", OLD), (BEFORE, OLD, "第二十三条(三)")])
def test_what_may_not_be_cited_is_no_clause_of_any_row(on: date, cited: str, not_cited: str) -> None:
    """Not of the checks that passed either, nor of the tables."""
    found = result(on)
    named = {clause for one in found.checks for clause in one.clauses}
    assert any(cited in one for one in named)
    assert not any(not_cited in one for one in named)
    assert all(set(one.clauses) == set(cites(found.verdict, one.id)) for one in found.checks)
    shown = {gap.clause.id for one in found.standards for gap in one.gaps if gap.checks}
    assert any(cited in one for one in shown)
    assert not any(not_cited in one for one in shown)
    rows = list(csv.reader(io.StringIO(formats.render(found, "csv")["results.csv"].decode("utf-8-sig"))))
    assert not any(not_cited in row[16] for row in rows[1:])


def test_of_an_edition_that_is_not_in_force_nothing_is_concluded() -> None:
    for standard in (MLPS, CRYPTO):
        assert {one.state for one in gaps(result(BEFORE).verdict, standard)} == {State.MANUAL}
        assert not any(one.checks or one.counts for one in gaps(result(BEFORE).verdict, standard))
        assert {one.state for one in gaps(result(NOW).verdict, standard)} > {State.MANUAL}


@pytest.mark.parametrize("made", [page.zh, lambda it: str(paper.data(it, "zh"))])
def test_what_broke_is_never_left_out_of_a_report_that_is_cut(
    made: Callable[[Result], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST", 3)
    monkeypatch.setattr(paper, "MOST", 3)
    found = result(NOW)
    assert len(found.verdict.findings) > 3
    assert [one.answer for one in leading(found.verdict.findings, 3)] == ["error"] * 3
    text = _flat(made(found))
    for sentence in SAID["zh"]:
        assert _flat(sentence) in text
