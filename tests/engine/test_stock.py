"""The same stacks on a stock CLI: what it makes is what ours makes. Loudly skipped where no `pulumi` is on PATH."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from inventory.places import ROOT
from stacks import engine
from stacks.engine.stream import schema
from tests.city.door import command, lz, surroundings
from tests.engine.conftest import PASSPHRASE, Bench, thing

NO_CLI = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
    reason="NOT RUN: no stock pulumi CLI with its Python language host on PATH",
)
NO_VENV = pytest.mark.skipif(
    not (ROOT / ".venv").exists(), reason="NOT RUN: Pulumi.yaml names .venv, which ./lz makes, and there is none"
)
SIMULATOR = ("-e", "simulator", "-l", "en")
CHECKER = jsonschema.Draft202012Validator(schema())


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The program in a place of its own, its plugin with the Python of this run: a plugin folder that names no
    virtualenv is run by the stock CLI with the one in its own folder `venv`."""
    root = bench.folder / "program"
    shutil.copytree(bench.program.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    runtime = {"runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (root / "provider" / "PulumiPlugin.yaml").write_text(json.dumps(runtime), encoding="utf-8")
    bench.program = engine.Program(root)
    return bench


def typed(bench: Bench, verb: str, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """`./lz engine VERB` on the bench's program; standard output and error apart."""
    return subprocess.run(
        line(bench, verb, *words), cwd=ROOT, env=variables(bench) | ({"PATH": path} if path else {}), text=True,
        capture_output=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def line(bench: Bench, verb: str, *words: str) -> list[str]:
    where = ("--program", str(bench.program.root), "--stack", "one", "--state", str(bench.state))
    return command("engine", verb, *where, "-l", "en", *words)


def variables(bench: Bench) -> dict[str, str]:
    return {**surroundings(bench.folder / "home"), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, "GRAPH": os.environ["GRAPH"],
            "CLOUD": os.environ["CLOUD"]}  # fmt: skip


def events(text: str) -> list[dict[str, Any]]:
    told = [json.loads(one) for one in text.splitlines()]
    for one in told:
        CHECKER.validate(one)
    return told


def test_without_a_cli_a_sentence_says_so(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    done = typed(bench, "preview", "--engine", "pulumi", path=str(bench.folder))
    assert done.returncode == 1
    assert "[engine.no-stock-cli]" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_what_only_our_engine_has_is_refused(bench: Bench) -> None:
    bench.want(one=[])
    plan = typed(bench, "preview", "--engine", "pulumi", "--save-plan", str(bench.folder / "plan.json"))
    assert "[engine.stock-plan]" in plan.stdout


@NO_CLI
@pytest.mark.slow
def test_a_program_lives_on_the_stock_engine_as_on_ours(bench: Bench) -> None:
    stock = ("--engine", "pulumi")
    bench.want(
        one={
            "things": [thing("a", size=1, secret={"$secret": "open-sesame"}), thing("b", depends=("a",))],
            "exports": {"where": ["a", "address"], "word": ["a", "secret"]},
        }
    )
    preview = typed(bench, "preview", *stock)
    assert preview.returncode == 0, preview.stdout + preview.stderr
    assert "+ test:index:Thing a" in preview.stdout
    assert not bench.things()

    done = typed(bench, "up", *stock, "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = events(done.stdout)
    assert {one["engine"] for one in told if one["event"] == "run-started"} == {"pulumi"}
    assert told[-1]["result"] == "succeeded"
    (outputs,) = [one["outputs"] for one in told if one["event"] == "outputs" and one["run"] == told[-1]["run"]]
    assert outputs == {"where": "3fff::a", "word": {"$": "secret"}}
    assert bench.things() == {"a": {"size": 1, "secret": "open-sesame"}, "b": {}}
    assert "open-sesame" not in done.stdout + done.stderr
    for path in (bench.state / "pulumi").rglob("*"):
        assert not path.is_file() or b"open-sesame" not in path.read_bytes(), path

    same = typed(bench, "preview", *stock, "--expect-no-changes")
    assert same.returncode == 0, same.stdout
    exported = typed(bench, "export", *stock)
    ours = bench.folder / "exported.json"
    ours.write_text(exported.stdout, encoding="utf-8")
    taken = typed(bench, "import", "--file", str(ours))
    assert taken.returncode == 0, taken.stdout
    assert typed(bench, "preview", "--expect-no-changes").returncode == 0, "ours goes on where the stock engine was"

    bench.want(one=[thing("a", size=2)])
    changed = typed(bench, "up", *stock, "--yes")
    assert changed.returncode == 0, changed.stdout
    assert "~ size: 1 → 2" in changed.stdout
    assert "- test:index:Thing b" in changed.stdout
    bench.faults(update_a="denied")
    bench.want(one=[thing("a", size=3)])
    failed = typed(bench, "up", *stock, "--yes")
    assert failed.returncode == 1
    assert "denied" in failed.stdout
    bench.faults()
    gone = typed(bench, "destroy", *stock, "--yes")
    assert gone.returncode == 0, gone.stdout
    assert not bench.things()


@NO_CLI
@pytest.mark.slow
def test_configuration_for_one_run_is_not_saved(bench: Bench) -> None:
    bench.want(one=[thing("a")])
    assert typed(bench, "up", "--engine", "pulumi", "--yes").returncode == 0
    before = sorted(path.name for path in bench.program.root.iterdir())
    moved = typed(bench, "preview", "--engine", "pulumi", "-c", "test:region=north")
    assert "± test:index:Thing a" in moved.stdout, moved.stdout
    assert typed(bench, "preview", "--engine", "pulumi", "--expect-no-changes").returncode == 0
    assert sorted(path.name for path in bench.program.root.iterdir()) == before, "nothing is written to the program"


@NO_CLI
@pytest.mark.slow
def test_ctrl_c_lets_the_stock_engine_finish_what_is_in_flight(bench: Bench) -> None:
    bench.want(one=[thing("a", delay=4), thing("b", depends=("a",))])
    run = subprocess.Popen(
        line(bench, "up", "--engine", "pulumi", "--yes", "--json"), cwd=ROOT, env=variables(bench), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert run.stdout
    told = []
    for text in run.stdout:
        told.append(json.loads(text))
        if told[-1]["event"] == "step-started" and told[-1]["name"] == "a" and told[-1]["run"] != told[0]["run"]:
            run.send_signal(signal.SIGINT)
    run.communicate(timeout=120)
    assert run.returncode == 130
    assert told[-1]["result"] == "interrupted"
    assert set(bench.things()) == {"a"}


@NO_CLI
@NO_VENV
@pytest.mark.slow
def test_our_stacks_come_out_alike_policies_included(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    before = sorted(path.name for path in (ROOT / "inventory" / "requests").iterdir())
    outputs: dict[Path, dict[str, Any]] = {ours: {}, theirs: {}}
    for home, more in ((ours, ()), (theirs, ("--engine", "pulumi"))):
        for stack in ("city-network", "city-trust"):
            previewed = lz(home, "stack", "preview", stack, *SIMULATOR, *more)
            assert previewed.returncode == 0, previewed.stdout
            done = subprocess.run(
                command("stack", "up", stack, *SIMULATOR, *more, "--yes", "--json"), cwd=ROOT, env=surroundings(home),
                capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            told = events(done.stdout)
            outputs[home][stack] = [one for one in told if one["event"] == "outputs"][-1]["outputs"]
            if more and stack == "city-trust":
                judged = [one["text"] for one in told if (one["event"] == "log" and one["level"] == "XC-003") or
                          (one["event"] == "log" and one["level"] == "advisory")]  # fmt: skip
                assert any("XC-003" in text for text in judged), "the policy pack was asked"
    assert outputs[ours] == outputs[theirs]
    published = [(home / "simulator" / "estate" / "city-network.json") for home in (ours, theirs)]
    mine, stock = ({(r["kind"], r["name"]) for r in json.loads(path.read_text(encoding="utf-8"))} for path in published)
    assert mine == stock
    assert sorted(path.name for path in (ROOT / "inventory" / "requests").iterdir()) == before, (
        "no salt beside the requests"
    )
    assert engine.stacks(theirs / "simulator" / "stacks") == (), "the two records do not mix"
    refused = lz(theirs, "destroy", "-e", "simulator")
    assert "[environment.stock]" in refused.stdout, "a record of the stock engine is not thrown away"
    for stack in ("city-trust", "city-network"):
        gone = lz(theirs, "stack", "destroy", stack, *SIMULATOR, "--engine", "pulumi", "--yes")
        assert gone.returncode == 0, gone.stdout
    assert lz(theirs, "destroy", "-e", "simulator").returncode == 0
