"""Data → files: `report.json`, and `report.<language>.html` for each language, one self-contained page.

Jinja escapes every text; the drawings escape their own; CSS and JavaScript are this folder's files, inlined. Nothing
is fetched by the page, and equal data make equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from inventory.replacing import SHARED, replace
from policies.report import charts, drawings
from policies.report.parts import assurance, results, words, zones
from policies.result import SEVERITIES

_PAGE = Path(__file__).parent / "page"
LANGUAGES = ("zh", "en")


def write(folder: Path, data: dict[str, Any], languages: Iterable[str] = LANGUAGES) -> tuple[Path, ...]:
    """Write the files, each replaced at once, and return their paths; `data` is what `build` made."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"report.{language}.html": page(data, language) for language in languages}
    texts["report.json"] = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    for name, text in texts.items():
        replace(folder / name, text, mode=SHARED)
    return tuple(folder / name for name in texts)


def page(data: dict[str, Any], language: str) -> str:
    """The HTML of one language; of a report.json that was written before it had all of these parts, too."""
    data = {"plan": {"known": False}, "zones": zones.unproved(), "results": results.results(None), **data}
    return _environment().get_template("page.html.j2").render(
        d=data, lang=language, zh=language == "zh", map=drawings.city_map(data["map"], language), number=charts.number,
        charts={
            "ruler": charts.ruler(data["plan"], language), "occupancy": charts.occupancy(data["plan"], language),
            "matrix": charts.matrix(data["zones"], language),
        },
        anchor=charts.anchor, figure=partial(charts.figure, language=language), **_words(language),
    )  # fmt: skip


def results_page(data: dict[str, Any], language: str) -> str:
    """The results of the checks alone, as a page of its own; `data` as `policies.formats.page` makes it."""
    template = _environment().get_template("results-page.html.j2")
    return template.render(d=data, lang=language, zh=language == "zh", **_words(language))


def _words(language: str) -> dict[str, Any]:
    pick = 0 if language == "zh" else 1

    def say(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    def text(pair: Any) -> str:
        return pair[language] if isinstance(pair, dict) else str(pair)

    def named(table: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        return {key: both[pick] for key, both in table.items()}

    return {
        "_": say, "t": text, "roles": named(words.ROLES), "answers": named(assurance.ANSWERS),
        "severities": named(SEVERITIES),
    }  # fmt: skip


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined,
        keep_trailing_newline=True,
    )  # fmt: skip
    environment.globals["asset"] = lambda name: Markup((_PAGE / name).read_text(encoding="utf-8"))
    return environment
