"""`./lz addresses`, as typed: what it says, what it keeps, and the code it ends with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import liangzhu
from inventory import addressing, reading
from inventory.places import ROOT

SAMPLE = ROOT / "tests/cases/exchange/extranet/plan.csv"
DEFECTS = (ROOT / "tests/cases/exchange/extranet/defects.txt").read_text().split("\n")[:-1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own, with the addresses of the demo."""
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path))
    monkeypatch.delenv("LIANGZHU_ENVIRONMENT", raising=False)
    reading.read.cache_clear()
    read = reading.read("demo")
    addressing.save(read.places.addresses, addressing.assign(read, addressing.Allocations()))
    yield tmp_path
    reading.read.cache_clear()


@pytest.mark.usefixtures("home")
def test_check_tells_every_finding_and_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert liangzhu.main(["addresses", "check", str(SAMPLE)]) == 1
    said = capsys.readouterr().out
    assert all(f"plan.csv:{line}:1: " in said and f"[{code}]" in said for line, code in map(str.split, DEFECTS))
    assert "迁移清单" in said


def test_import_keeps_the_inventory_and_check_looks_at_what_is_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert liangzhu.main(["addresses", "import", str(SAMPLE)]) == 0
    kept = reading.read("demo").places.folder / "assets.json"
    assert kept.is_file()
    assert kept.is_relative_to(home)
    capsys.readouterr()
    assert liangzhu.main(["addresses", "check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert sorted(f["code"] for f in told["findings"]) == sorted(code for _, code in map(str.split, DEFECTS))
    assert told["migration"]["moves"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_exported_is_checked_without_a_finding(
    form: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / f"ours.{form}"
    assert liangzhu.main(["addresses", "export", str(path)]) == 0
    assert liangzhu.main(["addresses", "check", str(path)]) == 0
    assert "问题 0 条" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (["imprt", "x.csv"], "asset.verb"), ([], "asset.verb"), (["import"], "asset.verb"), (["export", "a.csv", "b"], "asset.verb"),
        (["check"], "read.missing"), (["check", "nothing.csv"], "read.missing"), (["export", "plan.xlsx"], "asset.form"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_gets_a_sentence(typed: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert liangzhu.main(["addresses", *typed]) == 1
    assert f"[{code}]" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_a_file_with_an_error_is_not_kept() -> None:
    assert liangzhu.main(["addresses", "import", str(ROOT / "tests/cases/exchange/misread/plan.csv")]) == 1
    assert not (reading.read("demo").places.folder / "assets.json").exists()
