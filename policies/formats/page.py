"""HTML of one language: one self-contained page with search and filters, whole without JavaScript."""

from __future__ import annotations

from policies.formats.words import Language
from policies.report.parts.results import results
from policies.report.parts.words import plain
from policies.report.write import results_page
from policies.result import Result

MOST = 20_000
"""single answers on the page; the CSV has all"""


def zh(result: Result) -> str:
    """In Chinese."""
    return _page(result, "zh")


def en(result: Result) -> str:
    """In English."""
    return _page(result, "en")


def _page(result: Result, language: Language) -> str:
    data = {
        "profile": result.verdict.profile, "planned": result.verdict.planned, "on": result.on.isoformat(),
        "estate": result.estate, "resources": result.resources, "blocking": len(result.stops), "totals": result.totals,
        "results": results(result.verdict, MOST),
    }  # fmt: skip
    return results_page(plain(data), language)
