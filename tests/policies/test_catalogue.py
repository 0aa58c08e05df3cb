"""The catalogue: every file in order, editions that follow one another, coverage that flatters nobody."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inventory.problems import Refused
from policies import covering, editions, verbs
from policies.checks import CHECKS, load
from policies.clauses import (
    ASSURANCES,
    FOLDER,
    HIGH_RISK,
    assurance,
    checks_of,
    cited,
    clause,
    clauses,
    coverage,
    high_risk,
    standards,
    successor,
    successors,
)
from policies.explaining import explanation

LAW, LAW_2017 = "网络安全法 第二十三条(三)", "网络安全法(2017) 第二十一条(三)"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != HIGH_RISK)
LINE = re.compile(r"^  (\S.*?): \{part: .+, area: .+, point: .+, quality: (read|derived|title|memory)(, [^}]+)?\}$")


def _natural(number: str) -> list[tuple[int, int, str]]:
    """8.2 before 8.10, and letters before names."""
    return [(0, int(it), "") if it.isdigit() else (1, 0, it) for it in re.findall(r"\d+|\D+", number)]


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8").splitlines()
    return text[text.index("clauses:") + 1 :]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_one_line_a_clause_in_order_and_none_twice(path: Path) -> None:
    lines = _lines(path)
    found = [LINE.match(line) for line in lines]
    assert all(found), [line for line, match in zip(lines, found, strict=True) if not match]
    numbers = [match[1] for match in found if match]
    assert numbers == sorted(numbers, key=_natural), "sort the clauses: 8.2 before 8.10, numbers before names"
    assert len(set(numbers)) == len(numbers)
    read = editions.read(path)
    assert [one.number for one in read.clauses] == numbers


def test_the_order_that_files_keep() -> None:
    wanted = ["8.2 a)", "8.2 h)", "8.2 名称", "8.2.1", "8.10", "附录 G"]
    assert sorted(reversed(wanted), key=_natural) == wanted


def test_no_clause_stands_in_two_files() -> None:
    read = [one.id for path in FILES for one in editions.read(path).clauses]
    assert len(read) == len(set(read)) == len(clauses())
    ids = [editions.read(path).id for path in FILES]
    assert sorted(ids) == sorted(standards())


def _file(tmp_path: Path, head: str, *rows: str) -> Path:
    path = tmp_path / "x.yaml"
    fields = {
        "standard": "X",
        "title": "试",
        "en": "trial",
        "edition": "1",
        "valid_from": "2020-01-01",
        "complete": "no",
    }
    fields |= dict(line.split(": ", 1) for line in head.splitlines())
    path.write_text("\n".join([*(f"{k}: {v}" for k, v in fields.items()), "clauses:", *rows]) + "\n", encoding="utf-8")
    return path


ROW = "  1: {part: general, area: a, point: p, quality: read}"


def test_what_is_wrong_in_a_file_is_refused_with_its_line(tmp_path: Path) -> None:
    assert editions.read(_file(tmp_path, "standard: X", ROW)).clauses[0].id == "X 1"
    for head, rows, line in (
        ("standard: X", (ROW, ROW), 9),
        ("standard: X", (ROW.replace("read", "guessed"),), 8),
        ("standard: X", (ROW.replace("area", "aria"),), 8),
        ("valid_from: soon", (ROW,), 5),
        ("valid_to: 2019-12-31", (ROW,), 7),
        ("since: 2020", (ROW,), 7),
        ("complete: perhaps", (ROW,), 6),
    ):
        with pytest.raises(Refused) as refused:
            editions.read(_file(tmp_path, head, *rows))
        assert line in {problem.line for problem in refused.value.problems}, (head, rows, str(refused.value))
        assert all(problem.zh != problem.en for problem in refused.value.problems)


def test_level_3_is_whole() -> None:
    found = standards()["GB/T 22239-2019"]
    parts = [sum(one.part == part for one in found.clauses) for part in ("general", "cloud", "iot")]
    assert parts == [211, 46, 20]
    assert found.complete
    assert [one.id for one in standards().values() if one.complete] == ["GB/T 22239-2019"]


def test_level_2_names_control_points_of_level_3_and_claims_no_letters() -> None:
    points = {one.number.partition(" ")[0]: one.point for one in standards()["GB/T 22239-2019"].clauses}
    low = standards()["GB/T 22239-2019 第二级"]
    assert not low.complete
    assert len(low.clauses) == 85
    renamed = {"7.1.3.4"}  # 恶意代码防范, of level 3 恶意代码和垃圾邮件防范
    for one in low.clauses:
        assert not one.confirmed
        assert " " not in one.number
        assert one.number in renamed or points[one.counterpart] == one.point, one
    assert len({one.counterpart for one in low.clauses}) == len(low.clauses)


def test_level_2_is_looked_at_by_the_checks_of_its_profile() -> None:
    assert {"IAM-001", "IAM-002"} <= set(checks_of("GB/T 22239-2019 7.1.4.1"))
    assert "IAM-004" in checks_of("GB/T 22239-2019 8.1.4.1 d)"), "two factors: of level 3 only"
    assert "IAM-004" not in checks_of("GB/T 22239-2019 7.1.4.1")


def test_editions_follow_one_another_without_a_gap_or_an_overlap() -> None:
    replaced = [one for one in standards().values() if one.replaces]
    assert {one.replaces for one in replaced} == {one.id for one in standards().values() if one.valid_to}
    assert len(replaced) >= 2
    for later in replaced:
        before = standards()[later.replaces]
        assert successor(before) == later
        assert before.valid_to is not None
        assert before.valid_to + timedelta(1) == later.valid_from
        for one in before.clauses:
            assert one.now, f"{one.id} says not what carries it on"
            assert len(successors(one)) == len(one.now), f"{one.id}: {one.now}"


def test_coverage_counts_every_clause_once_and_calls_nothing_full_that_is_not() -> None:
    for standard in standards().values():
        row = coverage(standard.id)
        assert sorted((*row.checked, *row.unchecked)) == sorted(one.id for one in standard.clauses)
        for id_ in row.full:
            assert "full" in {load(check).check.assurance for check in checks_of(id_)}
            assert clause(id_).quality in ("read", "derived")
        assert not [id_ for id_ in row.unchecked if checks_of(id_)]
        assert not [id_ for id_ in row.unchecked if id_ in cited()]
    assert coverage("GB/T 22239-2019").unchecked, "fire doors are looked at by people"
    assert assurance("GB/T 22239-2019 8.1.1.5 a)") == "none"
    assert assurance("GB/T 22239-2019 8.1.2.1 c)") == "full"
    assert assurance("GB/T 22239-2019 7.1.4.1") == "partial"
    assert assurance("GB/T 43697-2024 6.1") == "partial", "its text was not read"


def test_coverage_is_told_in_both_languages_and_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[tuple[str, str]] = []
    tell = SimpleNamespace(say=lambda zh, en: said.append((zh, en)))
    verbs.explain(tell, Namespace(what=[], coverage=True, json=False, language="zh"))
    ((zh, en),) = said
    assert all(name in zh and name in en for name in standards())
    assert "8.1.1.5 a)" in zh, "what nobody checks is listed"
    assert "by no check" in en
    assert "无检查项" in zh
    verbs.explain(tell, Namespace(what=["GB/T 20988"], coverage=True, json=True, language="zh"))
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [row["standard"] for row in rows] == ["GB/T 20988-2007", "GB/T 20988-2025"]
    for row in rows:
        assert row["total"] == sum(len(row[word]) for word in ASSURANCES)
    assert rows[0]["valid_to"] == "2025-12-31"
    with pytest.raises(Refused):
        covering.covered(["GB/T 99999"])


def test_a_superseded_clause_explains_what_replaced_it() -> None:
    assert LAW in explanation(LAW_2017, "en")
    assert "LOG-004" in explanation(LAW_2017)
    assert "2025-12-31" in explanation(LAW_2017)
    assert "第三级中的同名控制点: 8.1.4.1" in explanation("7.1.4.1")
    assert ": 5" in explanation("GB/T 20988-2025 能力等级 5")


def test_high_risk_items_have_words_in_both_languages() -> None:
    assert len(high_risk()) >= 12
    assert all(zh and en and zh != en for zh, en in high_risk().values())
    lines = (FOLDER / HIGH_RISK).read_text(encoding="utf-8").splitlines()
    items = [line.split(":")[0].strip() for line in lines[lines.index("items:") + 1 :]]
    assert len(items) == len(set(items)) == len(high_risk())


@pytest.mark.parametrize("id_", CHECKS)
def test_what_rests_on_the_list_of_high_risks_is_high(id_: str) -> None:
    check = load(id_).check
    assert check.severity_basis == "project" or check.severity == "high", "the list says high: a lower severity is ours"
