"""The page for departments and the page of the city say what the program says: examples are run, tables compared.

`tests/cases/departments/` has the filled-in request of the page and the same file with mistakes; a new mistake is a
new file and a block in the page, and costs no Python.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from inventory import consistency
from inventory.examining import SYSTEM_KEY, examine
from inventory.model import System
from inventory.places import ROOT
from inventory.problems import Language, Problem
from inventory.reading import city

CASES = ROOT / "tests/cases/departments"
PAGE = (ROOT / "docs/departments.md").read_text(encoding="utf-8")
TEMPLATE = ROOT / "inventory/requests/template.yaml.example"
NAME = "inventory/requests/Pulumi.culture-tourism.services.yaml"
BLOCKS = re.findall(r"<!-- errors: (\S+) (zh|en) -->\n((?:    .*\n)+)", PAGE)


def _problems(source: Path, folder: Path) -> list[Problem]:
    path = folder / Path(NAME).name
    shutil.copy(source, path)
    one = examine(path)
    others = [examine(other) for other in sorted((ROOT / "inventory/requests").glob("Pulumi.*.yaml"))]
    assert one.document
    found = [*one.problems]
    found += [p for p in consistency.of_requests(city(), [one, *others]) if p.file == one.document.file]
    return sorted(found, key=lambda p: (p.line, p.col))


def _text(problem: Problem, language: Language) -> str:
    return problem.text(language).replace(problem.file, NAME, 1)


def test_the_page_shows_errors_in_both_languages_and_every_case() -> None:
    shown = {(case, language) for case, language, _ in BLOCKS}
    wrong = {path.name for path in CASES.glob("*.yaml")} - {"services.yaml"}
    assert shown == {(case, language) for case in wrong for language in ("zh", "en")}


@pytest.mark.parametrize(("case", "language", "block"), BLOCKS, ids=[f"{c}-{lang}" for c, lang, _ in BLOCKS])
def test_an_error_on_the_page_is_what_the_checker_says(
    case: str, language: Language, block: str, tmp_path: Path
) -> None:
    said = [_text(problem, language) for problem in _problems(CASES / case, tmp_path)]
    assert [line.strip() for line in block.splitlines()] == said


def test_the_finished_request_on_the_page_has_no_errors(tmp_path: Path) -> None:
    text = (CASES / "services.yaml").read_text(encoding="utf-8")
    assert f"```yaml\n{text}```" in PAGE
    assert _problems(CASES / "services.yaml", tmp_path) == []


def test_the_template_untouched_asks_for_everything_that_is_empty(tmp_path: Path) -> None:
    problems = _problems(TEMPLATE, tmp_path)
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    headings = ("config:", "liangzhu:system:", "workloads:", "flows:", "contacts:")
    empty = {n for n, text in enumerate(lines, 1) if re.search(r"^ +[a-z_]+:$|[a-z]: [,}]", text)}
    untold = {lines[n - 1].strip() for n in empty - {problem.line for problem in problems}} - set(headings)
    assert untold <= {"domain:"}, "an empty domain is asked for once the name is there"
    assert {p.code for p in problems} <= {"schema.empty", "request.pool", "request.item"}


def test_the_template_knows_every_key_of_a_system() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, field in System.model_fields.items():
        assert re.search(rf"^    (# )?{field.alias or name}:", text, re.MULTILINE), f"the template lacks {name}"
    assert SYSTEM_KEY in text


def test_the_template_filled_in_is_a_request_without_errors(tmp_path: Path) -> None:
    filled = TEMPLATE.read_text(encoding="utf-8")
    for blank, given in (
        ("    name:\n", "    name: 智慧文体旅服务平台\n"), ("    bureau:\n", "    bureau: 市文旅广电局\n"),
        ("    domain:\n", "    domain: 民生保障\n"), ("    summary:\n", "    summary: 场馆预约\n"),
        ("    level:\n", "    level: 3\n"), ("    data:\n", "    data: important\n"), ("pool: ,", "pool: x86,"),
        ("unit: }", "unit: 市文旅广电局}"),
    ):  # fmt: skip
        assert blank in filled
        filled = filled.replace(blank, given)
    source = tmp_path / "filled.yaml"
    source.write_text(filled, encoding="utf-8")
    assert _problems(source, tmp_path) == []


def test_the_page_of_the_city_lists_every_unit_item_and_capability() -> None:
    page, known = (ROOT / "docs/city.md").read_text(encoding="utf-8"), city()
    for bureau in known.bureaus:
        assert f"| {bureau.name} | `{bureau.key}` | {bureau.number} |" in page, bureau.name
    for item in known.items:
        assert f"| {item.clause} | {item.name} | {item.en} | `{item.key}` |" in page, item.name
    for platform in known.platforms:
        for capability in platform.capabilities:
            row = next((r for r in page.splitlines() if r.startswith(f"| {capability.name} | {platform.name} |")), "")
            assert f"| {capability.port} |" in row, capability.name
            assert (capability.system or "市级层") in row, capability.name
    keys = set(re.findall(r"\| `([a-z-]+)` \| \d+ \|", page))
    assert keys == {bureau.key for bureau in known.bureaus}, "a unit on the page is not in the data"
