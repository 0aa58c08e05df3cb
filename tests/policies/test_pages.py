"""Every check has its page in both languages, clauses that the catalogue knows, and a line in the overview."""

from __future__ import annotations

import re

import pytest

from inventory.places import ROOT
from policies.checks import CHECKS, load
from policies.clauses import FOLDER, cited, clauses, coverage, high_risk
from policies.explaining import explanation, overview, page

BEGIN, END = "<!-- generated: checks -->\n", "<!-- end -->"


@pytest.mark.parametrize("id_", CHECKS)
def test_a_check_is_described_as_the_house_wants(id_: str) -> None:
    loaded = load(id_)
    check = loaded.check
    assert check.id == id_
    assert loaded.page.stem == id_.lower().replace("-", "_")
    assert page(id_, "zh").startswith(f"# {id_} {check.title_zh}\n")
    assert page(id_, "en").startswith(f"# {id_} {check.title_en}\n")
    for word in ("看什么:", "看不到:"):
        assert word in page(id_, "zh")
    for word in ("Looks at:", "Does not see:"):
        assert word in page(id_, "en")
    assert not re.search(r"[\u4e00-\u9fff]", page(id_, "en")), "the English half is in English"
    assert check.clauses
    assert not [one for one in check.clauses if one not in clauses()], "cited, and not in the catalogue"
    assert check.severity_basis == "project" or check.severity_basis in high_risk()
    assert check.fix_zh
    assert check.fix_en
    assert explanation(id_, "zh") != explanation(id_, "en")


def test_the_catalogue_holds_what_checks_cite() -> None:
    assert coverage("GB/T 22239-2019").total == 277
    assert len(cited()) >= 40
    assert (FOLDER / "high-risk.yaml").exists()


def test_the_overview_is_fresh() -> None:
    text = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(BEGIN)
    table, _, _ = rest.partition(END)
    assert table == overview(), "docs/policies.md is stale: replace its table with policies.explaining.overview()"
