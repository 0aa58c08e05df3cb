"""The page in a real browser: nothing wider than the screen, Chinese letters instead of boxes, the filter works."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.report import write
from tests.report.browser import chinese_font, measure
from tests.report.fixture import full

pytestmark = pytest.mark.slow

_OVERFLOW = """
  var root = page.documentElement, wide = [];
  page.querySelectorAll("body *").forEach(function (element) {
    if (element.closest(".box,.fig,.toc ol,.skip,svg")) { return; }
    if (element.getBoundingClientRect().right > view.innerWidth + 1) { wide.push(element.tagName + "." + element.className); }
  });
  return {scroll: root.scrollWidth, inner: view.innerWidth, wide: wide.slice(0, 5)};
"""

_GLYPHS = """
  var draw = function (text, font) {
    var canvas = page.createElement("canvas");
    canvas.width = canvas.height = 64;
    var pen = canvas.getContext("2d");
    pen.font = "48px " + font;
    pen.fillText(text, 4, 52);
    return canvas.toDataURL();
  };
  var of = function (selector) { return view.getComputedStyle(page.querySelector(selector)).fontFamily; };
  return [of("body"), of("h1")].map(function (font) {
    return {beam: draw("\\u6881", font), pillar: draw("\\u67f1", font), box: draw("\\ue0ff", font)};
  });
"""

_FILTER = """
  var input = page.getElementById("find"), shown = function () {
    return Array.prototype.filter.call(page.querySelectorAll("#t-hosts tbody tr"), function (row) { return !row.hidden; })
      .map(function (row) { return row.cells[0].textContent; });
  };
  var before = shown().length;
  input.value = "ecology 数据库";
  view.setTimeout = function (work) { work(); };
  input.dispatchEvent(new view.Event("input"));
  page.querySelector('.pick [data-key="unit"]').click();
  return {before: before, after: shown(), told: page.getElementById("told").textContent,
          groups: page.querySelectorAll("#t-systems tr.group").length};
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    write(made, full())
    return made


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_the_screen(folder: Path, width: int, language: str) -> None:
    seen = measure(folder / f"report.{language}.html", width, _OVERFLOW)
    assert seen["inner"] == width
    assert seen["wide"] == []
    assert seen["scroll"] <= seen["inner"]


def test_chinese_letters_are_letters_not_boxes(folder: Path) -> None:
    chinese_font()
    for drawn in measure(folder / "report.zh.html", 390, _GLYPHS):
        assert drawn["beam"] != drawn["pillar"]
        assert drawn["box"] not in (drawn["beam"], drawn["pillar"])


def test_one_box_filters_every_table(folder: Path) -> None:
    seen = measure(folder / "report.zh.html", 1440, _FILTER)
    assert seen["before"] > 5
    assert seen["after"] == ["ecology-air-db-a-1"]
    assert "/" in seen["told"]
    assert seen["groups"] > 0
