"""Equal results give equal bytes, in whatever order the estate comes; names of others stay text in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from inventory.places import ROOT
from inventory.problems import Refused
from policies import formats
from policies.formats import markdown, paper, tables
from policies.formats.words import clean
from tests.policies.formats.made import HOSTILE, whole
from tests.report.browser import chinese_font

TEXTS = [name for name in formats.FORMATS if name != "pdf"]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in ("html", "policyreport", "xlsx"))) for name in TEXTS],
)
def test_equal_results_give_equal_bytes_in_any_order(name: str) -> None:
    first = formats.render(whole(HOSTILE), name)
    assert list(first) == list(formats.FORMATS[name])
    assert all(first.values())
    for seed in (1, 2):
        assert formats.render(whole(HOSTILE, seed), name) == first
    if name != "crypto":
        assert formats.render(whole(), name) != first, "and other results other bytes"


@pytest.mark.slow
def test_another_process_writes_the_same_bytes() -> None:
    """No hash seed, no clock, no place of the machine."""
    code = (
        "import hashlib; from policies import formats; from tests.policies.formats.made import whole\n"
        f"for name in {TEXTS!r}:\n"
        "  for file, content in formats.render(whole('x'), name).items(): print(file, hashlib.sha256(content).hexdigest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True,
                       env={"PYTHONHASHSEED": seed, "TZ": zone, "PATH": "/usr/bin:/bin"}).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }  # fmt: skip
    assert len(runs) == 1
    assert len(runs.pop().splitlines()) == 12


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30), st.sampled_from(["", " ", "\t", "\u3000"]), st.sampled_from(tables.FORMULA))
def test_no_cell_of_a_csv_is_a_formula(text: str, space: str, first: str) -> None:
    cell = tables.harmless(f"{space}{first}{text}")
    assert isinstance(cell, str)
    assert cell.startswith("'")
    assert tables.harmless(-5) == -5


@pytest.mark.parametrize("name", ["csv", "gaps", "crypto"])
def test_csv_is_read_back_whole_and_harmless(name: str) -> None:
    (content,) = formats.render(whole(HOSTILE), name).values()
    assert content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert rows
    assert {len(row) for row in rows} == {len(head)}
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(tables.FORMULA)]
    if name == "csv":
        assert any("HYPERLINK" in cell for row in rows for cell in row)
        passes = [check for check in whole(HOSTILE).checks if check.counts["pass"]]
        assert len(rows) == len(whole(HOSTILE).rows) + len(passes)


def test_a_workbook_has_texts_and_numbers_and_nothing_that_runs() -> None:
    (content,) = formats.render(whole(HOSTILE), "xlsx").values()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        sheets = [Xml.fromstring(archive.read(name)) for name in names if name.startswith("xl/worksheets/sheet")]
        shared = "".join(Xml.fromstring(archive.read("xl/sharedStrings.xml")).itertext())
        dates = {info.date_time for info in archive.infolist()}
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert len(sheets) == 6
    assert not [one for sheet in sheets for one in sheet.iter(f"{space}f")], "no formula"
    assert not [one for sheet in sheets for one in sheet.iter(f"{space}hyperlink")]
    assert not [name for name in names if "vba" in name.lower() or "externalLink" in name]
    assert {cell.get("t") for sheet in sheets for cell in sheet.iter(f"{space}c")} <= {"s", None}
    assert "=HYPERLINK" in shared
    assert "符合" in shared
    assert len(dates) == 1, "no clock in the archive"


class Opened(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_self_contained_and_hostile_names_are_text(language: str) -> None:
    files = formats.render(whole(HOSTILE), "html")
    opened = Opened(files[f"results.{language}.html"].decode())
    plain = Opened(formats.render(whole(), "html")[f"results.{language}.html"].decode())
    assert opened.tags.count("script") == plain.tags.count("script") == 1
    assert set(opened.tags) == set(plain.tags)
    assert not [key for key, _ in opened.attributes if key.startswith("on")]
    links = [value for key, value in opened.attributes if key in ("src", "href")]
    assert links
    assert all(value.startswith("#") for value in links)
    assert "form" in opened.tags
    assert files["results.zh.html"].decode().count("<tr") > 277


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_markdown_shows_any_text_as_it_is(text: str) -> None:
    source = f"| a | b |\n|---|---|\n| x{markdown.escaped(text)} | y |\n"
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(source)
    cells = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert len(cells) == 2
    assert not re.search(r"<(?!/?td)", cells[0]), cells[0]
    assert unescape(cells[0]).replace("\\:", ":").split() == f"x{' '.join(clean(text).split())}".split()


def test_markdown_has_every_finding_and_clause() -> None:
    for language in ("zh", "en"):
        text = formats.render(whole(HOSTILE), "markdown")[f"results.{language}.md"].decode()
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        gaps = sum(len(one.gaps) for one in whole().standards)
        tables_ = 2 + len(whole().standards)
        assert len(rows) == len(whole(HOSTILE).verdict.findings) + len(whole(HOSTILE).checks) + gaps + tables_
        assert "<script" not in text
        if language == "en":
            named = [one.id for one in whole().standards]
            heads = [
                line for line in text.splitlines() if line.startswith("#") and not any(id_ in line for id_ in named)
            ]
            assert not re.search("[\u4e00-\u9fff]", "".join(heads))


def test_a_wrong_name_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        formats.chosen(["sarf", "csv", "xml"])
    assert [p.code for p in refused.value.problems] == ["judge.format"] * 2
    assert "sarif" in refused.value.problems[0].en
    assert formats.chosen(["junit", "csv"]) == ("csv", "junit")
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused) as refused:
        formats.write(whole(), tmp_path / "file", ["csv"])
    assert refused.value.problems[0].code == "judge.to"


@pytest.mark.slow
def test_all_are_written(tmp_path: Path) -> None:
    chinese_font()
    written, problems = formats.write(whole(), tmp_path / "new")
    assert not problems
    assert {path.name for path in written} == {name for one in formats.FORMATS.values() for name in one}
    assert json.loads((tmp_path / "new" / "results.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_what_cannot_be_made_here_is_told_and_the_others_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(result: object) -> bytes:
        raise Refused([])

    monkeypatch.setattr(paper, "zh", lambda result: b"%PDF")
    monkeypatch.setattr(paper, "en", refuses)
    written, _ = formats.write(whole(), tmp_path, ["pdf", "csv"])
    assert [path.name for path in written] == ["results.csv"]
