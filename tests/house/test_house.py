"""The rules of the house that a machine can hold."""

from __future__ import annotations

import statistics
import subprocess
import sys

import pytest

from inventory import schema
from inventory.places import ROOT

ROOMS = ("inventory", "stacks", "policies", "playbooks", "monitors")
TOP = {"LICENSE", "README.md", "README.en.md", "CHANGELOG.md", "Pulumi.yaml", "pyproject.toml", "requirements.lock", "lz",
       "liangzhu.py", ".gitignore", ".ci", "docs", "tests", *ROOMS}  # fmt: skip


def tracked(*patterns: str) -> list[str]:
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in out.splitlines() if (ROOT / name).exists()]


def test_exactly_these_rooms() -> None:
    assert {name.split("/")[0] for name in tracked()} <= TOP


def test_files_stay_small(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {
        name: len((ROOT / name).read_text(encoding="utf-8").splitlines())
        for name in tracked("*.py")
        if not name.startswith("tests/")
    }
    sizes = {name: size for name, size in sizes.items() if size > 1}
    ordered = sorted(sizes.values())
    ninetieth = ordered[int(len(ordered) * 0.9)]
    with capsys.disabled():
        biggest = sorted(sizes.items(), key=lambda item: -item[1])[:3]
        print(f"\nhouse: {len(sizes)} files, median {statistics.median(ordered)}, 90th {ninetieth}, largest {biggest}")
    assert statistics.median(ordered) <= 120
    assert ninetieth <= 300
    assert ordered[-1] <= 500
    assert sizes["liangzhu.py"] < 120


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_what_it_is(room: str) -> None:
    text = (ROOT / room / "__init__.py").read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text) > 150


def test_layers_and_owners_of_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
                          cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_help_loads_neither_pulumi_nor_kubernetes() -> None:
    code = (
        "import sys, contextlib, io, liangzhu\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): liangzhu.main(['--help'])\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'pulumi','kubernetes','boto3','grpc','ansible_runner','rich'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_six_libraries_that_were_asked_for_import_together() -> None:
    code = "import pulumi, kubernetes, ansible_runner, prometheus_api_client, netaddr, boto3"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_schemas_are_fresh() -> None:
    stale = [
        name for name, text in schema.texts().items() if (schema.FOLDER / name).read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run ./lz schema: {stale}"


def test_no_host_and_no_path_of_a_machine_in_set_up_files() -> None:
    names = tracked("lz", "requirements.lock", "pyproject.toml", ".ci/*", "*.cfg", "*.sh")
    for name in names:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "http://" not in text, name
        assert "https://" not in text, name


def test_style() -> None:
    says_nothing("ruff", "check", ".")
    says_nothing("ruff", "format", "--check", ".")


@pytest.mark.slow
def test_types() -> None:
    says_nothing("basedpyright", "--level", "error")


def says_nothing(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-4000:]}{done.stderr[-1000:]}"
