"""Any program's folder: its configuration is what the stock CLI makes of it, and what cannot be run is a sentence.

`tests/cases/engine/config/*` were recorded with the stock CLI (`expected.json` names its version) and are asked of it
again where it is there; `tests/cases/engine/refused/*` list codes and places of what is wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.problems import Refused
from stacks.engine import Program
from stacks.engine.scalars import as_json, typed
from tests.engine.conftest import PASSPHRASE

CASES = Path(__file__).parent.parent / "cases" / "engine"
CONFIG = sorted((CASES / "config").iterdir())
REFUSED = sorted((CASES / "refused").iterdir())


def named(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("case", CONFIG, ids=named)
def test_a_program_sees_what_it_sees_under_the_stock_cli(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text())["config"]
    config = Program(case).config("dev", PASSPHRASE)
    assert dict(config.values) == {key: entry["value"] for key, entry in expected.items()}
    assert config.secret_keys == {key for key, entry in expected.items() if entry["secret"]}


@pytest.mark.parametrize("case", CONFIG, ids=named)
def test_the_recorded_configuration_is_still_the_stock_clis(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("pulumi"):
        pytest.skip("no stock `pulumi` on PATH: the recorded results stand alone")
    program = tmp_path / "program"
    shutil.copytree(case, program)
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'state'}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "1")

    def stock(*args: str) -> str:
        done = subprocess.run(["pulumi", *args], cwd=program, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    declared = (program / "Pulumi.yaml").read_text()
    (program / "Pulumi.yaml").write_text("name: cfg\nruntime: python\n")
    stock("stack", "init", "dev")
    shutil.copy(case / "Pulumi.dev.yaml", program)
    (program / "Pulumi.yaml").write_text(declared)
    found = json.loads(stock("config", "--json", "--show-secrets", "--stack", "dev"))
    expected = json.loads((case / "expected.json").read_text())["config"]
    assert {k: {"value": v["value"], "secret": v["secret"]} for k, v in found.items()} == expected


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_what_is_wrong_is_told_at_once(case: Path) -> None:
    with pytest.raises(Refused) as refused:
        Program(case).config("dev", PASSPHRASE)
    found = sorted(f"{problem.code} {problem.where}".strip() for problem in refused.value.problems)
    assert found == (case / "expected.txt").read_text().splitlines()
    assert all(problem.file for problem in refused.value.problems)
    assert "clear" not in str(refused.value)  # a value of the file


def test_the_older_form_of_config_names_a_folder(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: cfg\nruntime: python\nconfig: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {a: 1}\n")
    assert Program(tmp_path).config("dev", "").values == {"cfg:a": "1"}
    (tmp_path / "Pulumi.yaml").write_text("name: cfg\nruntime: python\nstackConfigDir: stacks\n")
    assert Program(tmp_path).config("organization/cfg/dev", "").values == {"cfg:a": "1"}


def test_overrides_are_stronger_than_the_file_and_are_not_saved(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: cfg\nruntime: python\nconfig: {a: {type: integer}}\n")
    stack = "config: {cfg:a: 1, cfg:b: 2}\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(stack)
    config = Program(tmp_path, ("a=5", "other:c=x=y")).config("dev", "")
    assert config.values == {"cfg:a": "5", "cfg:b": "2", "other:c": "x=y"}
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == stack
    for wrong, code in (("a", "config.override"), ("=5", "config.override"), ("a=x", "config.type")):
        with pytest.raises(Refused) as refused:
            Program(tmp_path, (wrong,)).config("dev", "")
        assert [problem.code for problem in refused.value.problems] == [code]


def test_secrets_inside_of_values_are_known_as_such() -> None:
    config = Program(CASES / "config" / "secrets").config("dev", PASSPHRASE)
    assert config.hidden == {"open-sesame", 'nested "word" <&>', "22"}
    with pytest.raises(Refused) as refused:
        Program(CASES / "config" / "secrets").config("dev", "wrong")
    assert {problem.code for problem in refused.value.problems} == {"state.passphrase"}


def test_a_virtual_environment_of_its_own_is_refused(tmp_path: Path) -> None:
    text = "name: cfg\nruntime: {{name: python, options: {{virtualenv: {}}}}}\n"
    (tmp_path / "Pulumi.yaml").write_text(text.format("venv"))
    assert Program(tmp_path).settings["name"] == "cfg"  # not made yet: nothing of its own
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    with pytest.raises(Refused) as refused:
        Program(tmp_path).config("dev", "")
    assert [problem.code for problem in refused.value.problems] == ["engine.virtualenv"]
    (tmp_path / "Pulumi.yaml").write_text(text.format(os.path.relpath(sys.prefix, tmp_path)))
    assert Program(tmp_path).settings["name"] == "cfg"


def test_plugins_are_listed_from_both_places(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "Pulumi.yaml").write_text(
        "name: cfg\nruntime: python\nplugins: {providers: [{name: one, path: one, version: 1.10}]}\n"
        "packages: {two: ./two, aws: aws@7.0.0}\noptions: {refresh: always}\n"
    )
    program = Program(tmp_path)
    assert [(p.name, p.path, p.version) for p in program.listed] == [
        ("one", tmp_path / "one", "1.10"),
        ("two", tmp_path / "two", ""),
    ]
    assert program.refreshes


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1, "0.1"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (1e21, "1e+21"),
        (123e18, "123000000000000000000"),
        (-2.0, "-2"),
    ],
)
def test_numbers_are_written_as_go_writes_them(number: float, text: str) -> None:
    assert as_json(number) == text
    assert as_json({"b": [number], "a": "<"}) == f'{{"a":"\\u003c","b":[{text}]}}'


def test_quoted_scalars_stay_text() -> None:
    assert [typed(text, plain=False) for text in ("5", "true", "")] == ["5", "true", ""]
