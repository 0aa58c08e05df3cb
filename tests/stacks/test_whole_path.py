"""The whole path on the simulated cloud: the shipped demo planned, made, made again, changed, mended and taken away,
by the embedded engine with the real program and provider."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory import addressing, reading
from inventory.estate import SECRET
from inventory.places import ROOT
from inventory.reading import Read
from stacks import engine, layers
from stacks.drivers.simulator import Simulator, drift, fail
from stacks.engine import Outcome, Program

PHRASE = "a phrase for tests"
Run = Callable[[Read], Outcome]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The demo on the simulator, its state in a folder of this test's own."""
    monkeypatch.setenv("LIANGZHU_HOME", str(tmp_path))
    monkeypatch.setenv("LIANGZHU_ENVIRONMENT", "simulator")
    reading.read.cache_clear()
    found = reading.read("simulator")
    assert found.places.folder.is_relative_to(tmp_path)
    addressing.save(found.places.addresses, addressing.assign(found, addressing.load(found.places.addresses)))
    return found


@pytest.fixture(autouse=True)
def fresh_reading():
    yield
    reading.read.cache_clear()


def up(read: Read) -> Outcome:
    specs, where = layers.stacks(read), read.places
    planned = engine.plan(Program(ROOT), specs, where.stacks, PHRASE)
    assert planned.problems == ()
    return engine.apply(Program(ROOT), specs, where.stacks, PHRASE, publish=where.estate, plan=planned)


def counts(outcome: Outcome) -> Counter[str]:
    total: Counter[str] = Counter()
    for stack in outcome.stacks.values():
        total.update(stack.counts)
    return total


def changed(outcome: Outcome) -> set[str]:
    return {name for name, stack in outcome.stacks.items() if set(stack.counts) - {"same", "read"}}


def cloud(read: Read) -> list[str]:
    driver = Simulator(None, read.places.drivers / "simulator")
    try:
        return [f"{thing.kind}/{thing.name}" for thing in driver.list()]
    finally:
        driver.close()


@pytest.mark.slow
def test_up_twice_and_down(read: Read) -> None:
    first = up(read)
    assert first.problems == ()
    made = [r for r in first.estate if r.kind in {key.partition("/")[0] for key in cloud(read)}]
    assert sorted(f"{r.kind}/{r.name}" for r in made) == sorted(cloud(read))
    password = next(r for r in first.estate if r.kind == "db.instance")["password"]
    assert password == SECRET
    secrets = engine.secrets(read.places.stacks, PHRASE)
    assert secrets
    for path in read.places.folder.rglob("*"):
        if path.is_file():
            assert not [name for name, value in secrets.items() if value.encode() in path.read_bytes()], path
    assert set(counts(up(read))) == {"same"}
    gone = engine.destroy(Program(ROOT), layers.stacks(read), read.places.stacks, PHRASE, publish=read.places.estate)
    assert gone.problems == ()
    assert cloud(read) == []


@pytest.mark.slow
def test_one_edited_request_touches_only_what_it_reaches(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "requests"
    shutil.copytree(ROOT / read.environment.requests, folder)
    # an absolute folder takes the place of the environment's own, in this process and in the forked workers
    environment = reading.environment
    monkeypatch.setattr(
        reading, "environment", lambda name: environment(name).model_copy(update={"requests": str(folder)})
    )
    reading.read.cache_clear()
    assert up(reading.read("simulator")).problems == ()
    request = folder / "Pulumi.ecology.air.yaml"
    text = request.read_text(encoding="utf-8")
    request.write_text(text.replace("rto: 4h", "rto: 3h"), encoding="utf-8")
    assert request.read_text(encoding="utf-8") != text
    reading.read.cache_clear()
    after = up(reading.read("simulator"))
    assert changed(after) == {"ecology.air"}
    assert counts(after)["update"] >= 1
    assert not {"create", "delete", "replace"} & set(counts(after))


@pytest.mark.slow
def test_drift_is_found_and_mended(read: Read) -> None:
    up(read)
    drift(read.places.drivers / "simulator", "compute.host", "ecology-air-app-a-1", cpu=64)
    specs, where = layers.stacks(read), read.places
    seen = engine.refresh(Program(ROOT), specs, where.stacks, PHRASE, publish=where.estate)
    assert seen.problems == ()
    host = seen.estate.named("compute.host", "ecology-air-app-a-1")
    assert host is not None
    assert host["cpu"] == 64
    mended = up(read)
    assert changed(mended) == {"ecology.air"}
    again = mended.estate.named("compute.host", "ecology-air-app-a-1")
    assert again is not None
    assert again["cpu"] != 64


@pytest.mark.slow
def test_a_failure_stops_what_depends_on_it_and_the_next_run_goes_on(read: Read) -> None:
    fail(read.places.drivers / "simulator", "compute.host", "data-resources-identity-app-a-1", reason="denied")
    broken = up(read)
    assert any("driver" in problem.code for problem in broken.problems)
    assert broken.stacks["civil-affairs.welfare"].skipped, "it uses what identity provides"
    before = set(cloud(read))
    assert "compute.host/log-a" in before
    assert up(read).problems == ()
    assert before < set(cloud(read))
    assert set(counts(up(read))) == {"same"}


def test_the_door_leaves_pulumi_alone() -> None:
    code = textwrap.dedent(
        """
        import sys
        import stacks.layers, stacks.blueprint, stacks.flows, stacks.drivers.choice
        print([name for name in ("pulumi", "grpc", "boto3", "kubernetes") if name in sys.modules])
        """
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.skipif(not shutil.which("pulumi"), reason="NOT RUN: the stock pulumi CLI is not on PATH")
def test_the_stock_cli_previews_the_same_program(read: Read, tmp_path: Path) -> None:
    backend = tmp_path / "backend"
    backend.mkdir()
    environment = {
        **os.environ, "PULUMI_BACKEND_URL": f"file://{backend}", "PULUMI_CONFIG_PASSPHRASE": PHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }  # fmt: skip
    settings = ROOT / "inventory" / "requests" / "Pulumi.city-network.yaml"
    assert not settings.exists(), "the CLI would write into it"
    try:
        for words in (("stack", "init", "city-network"), ("preview", "--stack", "city-network", "--non-interactive")):
            told = subprocess.run(
                ["pulumi", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
            )
            assert told.returncode == 0, told.stdout + told.stderr
        assert "core-a" in told.stdout
    finally:
        settings.unlink(missing_ok=True)  # `stack init` notes the salt of its passphrase there
