"""`./lz check`: requests are judged before anything runs, and told by their lines.

`tests/cases/departments/judged/` has requests with nothing wrong in how they are written; what is said of them stands on
the page for departments. A new one is a new file and a block there, and costs no Python.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from inventory import addressing, reading
from inventory.places import ROOT, places
from inventory.problems import Language, Refused
from monitors.narrator import Narrator
from policies import asking, linting
from policies.judge import Finding, Verdict, judge
from policies.judging import CHINA, around, judged, whole
from stacks import drafting

CASES = ROOT / "tests/cases/departments"
PAGE = (ROOT / "docs/departments.md").read_text(encoding="utf-8")
NAME = "inventory/requests/Pulumi.culture-tourism.services.yaml"
BLOCKS = re.findall(r"<!-- judged: (\S+) (zh|en) -->\n((?:    .*\n)*)", PAGE)
DAY = datetime(2026, 11, 28, 12, tzinfo=CHINA)


class _Told(Narrator):
    def clock(self) -> datetime:
        return DAY


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path / "home"))
    reading.read.cache_clear()
    yield tmp_path / "home"
    reading.read.cache_clear()


def check(*files: Path, language: Language = "zh", json_: bool = False) -> tuple[str, int]:
    screen = io.StringIO()
    tell = _Told("check", "simulator", language, Console(file=screen, width=1000))
    options = argparse.Namespace(
        what=[str(file) for file in files], environment="simulator", language=language, json=json_
    )
    linting.check(tell, options, drafting.proposed)
    return screen.getvalue(), tell.code


def asked(case: str, folder: Path) -> Path:
    """A case under the name of the page's request."""
    path = folder / Path(NAME).name
    shutil.copy(CASES / case, path)
    return path


def test_the_page_shows_every_case_in_both_languages() -> None:
    cases = {path.name for path in (CASES / "judged").glob("*.yaml")}
    assert {(case, language) for case, language, _ in BLOCKS} == {
        (case, lang) for case in cases for lang in ("zh", "en")
    }


@pytest.mark.parametrize(("case", "language", "block"), BLOCKS, ids=[f"{c}-{lang}" for c, lang, _ in BLOCKS])
def test_what_stands_on_the_page_is_what_is_said(case: str, language: Language, block: str, tmp_path: Path) -> None:
    path = asked(f"judged/{case}", tmp_path)
    text, code = check(path, language=language)
    assert code == 1
    said = [line.replace(str(path), NAME) for line in text.splitlines()]
    assert [line.removeprefix("    ") for line in block.splitlines()] == said


def test_the_finished_request_of_the_page_may_be_planned_and_nothing_is_written(tmp_path: Path, home: Path) -> None:
    text, code = check(asked("services.yaml", tmp_path))
    assert code == 0
    assert text.splitlines()[-1] == "下一步 ./lz plan culture-tourism.services"
    assert {path.name for path in home.rglob("*") if path.is_file()} <= {"proof.supposed"}


def test_machines_are_told_what_people_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, code = check(asked("judged/single-site.yaml", tmp_path), json_=True)
    data = json.loads(capsys.readouterr().out)
    assert code == 1
    assert text == ""
    assert data["blocking"] == 2
    assert data["elsewhere"] == []
    assert data["on"] == "2026-11-28"
    stopping = [one for one in data["findings"] if one["mandatory"] and one["answer"] == "fail"]
    assert {one["check"] for one in stopping} == {"DR-003"}
    assert all(re.fullmatch(rf"{re.escape(str(tmp_path))}/.*yaml:\d+", one["origin"]) for one in stopping)


def test_what_is_written_wrong_is_told_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused) as refused:
        check(asked("spelling.yaml", tmp_path))
    assert len(refused.value.problems) > 3
    _, code = check(asked("spelling.yaml", tmp_path), json_=True)
    data = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [(one["code"], one["line"]) for one in data["problems"]] == [
        (one.code, one.line) for one in refused.value.problems
    ]
    with pytest.raises(Refused) as refused:
        check(tmp_path / "Pulumi.culture-tourism.nothing.yaml")
    assert [one.code for one in refused.value.problems] == ["read.missing"]


def test_errors_of_other_files_are_not_told_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's file is broken: it is left out, and mine is judged."""
    folder = tmp_path / "requests"
    shutil.copytree(ROOT / "inventory/requests", folder)
    air = folder / "Pulumi.ecology.air.yaml"
    air.write_text(air.read_text(encoding="utf-8").replace("level: 2", "level: two"), encoding="utf-8")
    there = reading.environment("simulator").model_copy(update={"requests": str(folder)})
    monkeypatch.setattr(reading, "environment", lambda name: there)
    read, named = reading.proposed("simulator", [asked("services.yaml", tmp_path)])
    assert [one.stack for one in named] == ["culture-tourism.services"]
    assert "ecology.air" not in {one.stack for one in read.requests}
    with pytest.raises(Refused):
        reading.proposed("simulator", [air])


@pytest.mark.slow
def test_what_others_are_guilty_of_does_not_stop_mine_and_what_mine_does_to_others_does(tmp_path: Path) -> None:
    broken, _ = reading.proposed("simulator", [asked("judged/single-site.yaml", tmp_path)])
    given = around(broken.environment, DAY)
    verdict = judged(given, drafting.proposed(broken), planned=True)
    assert verdict.blocking
    mine = next(one for one in broken.requests if one.stack == "ecology.air")
    found = linting.lint(given, broken, (mine,), verdict, drafting.proposed)
    assert found.stops == ()
    assert {one.check for one in found.elsewhere} == {"DR-003"}
    culprit = next(one for one in broken.requests if one.stack == "culture-tourism.services")
    away = [_moved(one) for one in verdict.findings]  # as if it showed at things of the city's alone
    shown = linting.lint(given, broken, (culprit,), _with(verdict, away), drafting.proposed)
    assert {one.check for one in shown.stops} == {"DR-003"}
    assert shown.elsewhere == ()


def _moved(one: Finding) -> Finding:
    return replace(one, stack="city-pools", origin="")


def _with(verdict: Verdict, findings: list[Finding]) -> Verdict:
    return replace(verdict, findings=tuple(findings))


def test_requests_are_judged_by_the_other_verb_too_and_alike(capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    tell = _Told("judge", "simulator", "zh", Console(file=screen, width=1000))
    options = argparse.Namespace(what=["--requests"], environment="simulator", language="zh", json=True)
    asking.judge(tell, options, drafting.proposed)
    data = json.loads(capsys.readouterr().out)
    read = reading.read("simulator")
    given = around(read.environment, DAY)
    estate = whole(given, drafting.estate(read, addressing.proposed(read)), planned=True)
    mine = judge(estate, given.profile, planned=True, on=given.on, waivers=given.waivers).data()
    assert {key: data[key] for key in mine} == json.loads(json.dumps(mine))
    assert not places(read.environment.state).estate.exists()
