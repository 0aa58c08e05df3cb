"""The results of the checks on the page: every answer is there, the clauses are complete, and the lists sift them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from policies.checks.shape import Answer
from policies.judge import Verdict, judge
from policies.report import build
from policies.report.parts.results import results
from policies.report.write import page
from tests.policies.formats.made import HOSTILE, whole
from tests.report.browser import measure
from tests.report.fixture import estate, full


def _of(verdict: Verdict, most: int = 2000) -> dict[str, Any]:
    return results(verdict, most)


@pytest.mark.slow
def test_every_answer_is_counted_once() -> None:
    verdict = whole().verdict
    rows = _of(verdict)["rows"]
    for answer in Answer:
        wanted = sum(counts[answer.value] for counts in verdict.results.values())
        assert sum(row["count"] for row in rows if row["answer"] == answer.value) == wanted, answer
    assert sum(row["blocks"] for row in rows) == len(verdict.blocking)
    cut = _of(verdict, 3)
    assert cut["left"] == len(verdict.findings) - 3
    assert not [row for row in rows if row["area"] not in _of(verdict)["areas"]]


def test_the_report_has_the_results_and_every_clause_of_the_level() -> None:
    for language, words in (
        ("zh", ("检查结果", "等保差距表", "密评对照表", "待人工")),
        ("en", ("Gaps by clause", "for people")),
    ):
        text = page(full(), language)
        assert all(word in text for word in words)
        table = text.partition('id="t-mlps">')[2].partition("</table>")[0]
        assert table.count("<tr data-state") == 277
        assert text.count('class="sift"') == 3
        assert text.count('<form class="sift" data-of="t-results" hidden>') == 1, (
            "without JavaScript there are plain tables"
        )
        for anchor in ("results", "mlps", "crypto"):
            assert f'href="#{anchor}"' in text
            assert f'<section id="{anchor}">' in text


def test_a_report_without_a_verdict_and_one_of_before_have_no_clauses() -> None:
    data = build(None, None, estate(), None)
    assert data["results"] == results(None)
    assert 'id="t-mlps"' not in page(data, "zh")
    old = {key: value for key, value in data.items() if key != "results"}
    assert page(old, "zh") == page(data, "zh")


def test_the_rows_of_hostile_names_are_text() -> None:
    data = full()
    data["results"] = results(whole(HOSTILE).verdict)
    text = page(data, "zh")
    assert "<script>alert('x')" not in text
    assert len(re.findall("<script", text)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_lists_sift_the_rows_in_a_browser(tmp_path: Path, width: int) -> None:
    from policies.formats import render

    (tmp_path / "page.html").write_bytes(render(whole(), "html")["results.zh.html"])
    verdict = judge(estate(), "level3", planned=False)
    assert verdict.findings
    seen = measure(
        tmp_path / "page.html", width,
        """
        var box = page.querySelector('.sift[data-of=t-results]'), rows = page.querySelectorAll('#t-results tbody tr');
        var shown = function () { return Array.prototype.filter.call(rows, function (row) { return !row.hidden; }); };
        var before = shown().length, change = function () { box.dispatchEvent(new view.Event('change', {bubbles: true})); };
        box.answer.value = 'waived'; change();
        var waived = shown().map(function (row) { return row.dataset.answer; });
        box.answer.value = ''; box.words.value = 'CRY-001'; change();
        var words = shown().map(function (row) { return row.textContent.indexOf('CRY-001') >= 0; });
        box.words.value = ''; change();
        var gaps = page.querySelector('.sift[data-of=t-mlps]');
        gaps.state.value = 'manual'; gaps.dispatchEvent(new view.Event('change', {bubbles: true}));
        return {hidden: box.hidden, before: before, all: rows.length, waived: waived, words: words, after: shown().length,
                manual: page.querySelectorAll('#t-mlps tbody tr:not([hidden])').length, told: gaps.querySelector('output').textContent,
                wide: page.documentElement.scrollWidth - view.innerWidth};
        """,
    )  # fmt: skip
    assert "error" not in seen, seen
    assert not seen["hidden"]
    assert seen["before"] == seen["all"] == seen["after"] > 50
    assert seen["waived"] == ["waived"]
    assert seen["words"]
    assert all(seen["words"])
    assert 0 < seen["manual"] < 277
    assert seen["told"] == f"{seen['manual']} / 277 行"
    assert seen["wide"] <= 0, "nothing reaches out of the screen"
