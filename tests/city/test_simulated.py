"""`./lz up` on the simulator: twice, spoilt, interrupted, killed, and down again."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from inventory import estate, places
from stacks.drivers.simulator import drift, fail, lose
from stacks.engine import state
from tests.city.door import checkout, command, lz, surroundings

pytestmark = pytest.mark.slow
ENVIRONMENT = ("-e", "simulator")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    done = lz(folder, "up", *ENVIRONMENT)
    assert done.returncode == 0, done.stdout
    return folder


def simulator(folder: Path) -> Path:
    return folder / "simulator" / "drivers" / "simulator"


def test_every_step_is_told_and_the_report_is_there(home: Path) -> None:
    data = json.loads((home / "simulator" / "report" / "report.json").read_text(encoding="utf-8"))
    assert data
    page = (home / "simulator" / "report" / "report.zh.html").read_text(encoding="utf-8")
    assert "一体化智慧民政平台" in page
    deployed = estate.published(home / "simulator" / "estate")
    assert {"compute.host", "net.sg_rule", "db.instance", "dr.replication", "kms.key"} <= {r.kind for r in deployed}
    assert len(deployed.kind("compute.host")) <= 14


def test_a_second_run_changes_nothing_and_says_so(home: Path) -> None:
    done = lz(home, "up", *ENVIRONMENT)
    assert done.returncode == 0, done.stdout
    assert "没有任何改动" in done.stdout
    assert "本次没有任何改动" in done.stdout
    for step in ("读取", "编址", "计划", "判定", "供给", "配置", "监测", "报告"):
        assert step in done.stdout
    assert "模拟器不产生真实主机" in done.stdout


def test_drift_is_found_and_mended(home: Path) -> None:
    bucket = next(r for r in estate.published(home / "simulator" / "estate") if r.kind == "kms.key")
    drift(simulator(home), "kms.key", bucket.name, rotation_days=9999)
    found = lz(home, "refresh", *ENVIRONMENT, "-l", "en")
    assert f"~ kms.key {bucket.name}: rotation_days" in found.stdout, found.stdout
    states = [r for r in estate.published(home / "simulator" / "facts") if r.kind == "stack.state"]
    assert {r.name for r in states if r["recorded"] != r["live"]} == {bucket.stack}
    assert all(r["recorded"] == r["exported"] for r in states)
    mended = lz(home, "up", *ENVIRONMENT, "-l", "en")
    assert mended.returncode == 0, mended.stdout
    assert "update 1" in mended.stdout
    assert "no drift" in lz(home, "refresh", *ENVIRONMENT, "-l", "en").stdout


def test_what_was_lost_is_made_again(home: Path) -> None:
    record = estate.published(home / "simulator" / "estate").kind("dns.record")[0]
    lose(simulator(home), "dns.record", record.name)
    assert "is gone" in lz(home, "refresh", *ENVIRONMENT, "-l", "en").stdout
    again = lz(home, "up", *ENVIRONMENT, "-l", "en")
    assert "create 1" in again.stdout, again.stdout


def test_secrets_are_nowhere_in_clear(home: Path) -> None:
    from stacks import engine

    where = places.Places(home / "simulator")
    secrets = engine.secrets(where.stacks, where.passphrase.read_text())
    assert secrets
    files = [path for path in (home / "simulator").rglob("*") if path.is_file()]
    for value in secrets.values():
        assert not [path for path in files if value.encode() in path.read_bytes()]


def test_a_driver_that_fails_half_way_is_told_and_the_next_run_carries_on(tmp_path: Path) -> None:
    assert lz(tmp_path, "plan", *ENVIRONMENT).returncode == 0
    fail(simulator(tmp_path), "compute.host", "ecology-air-db-a-1", reason="unavailable", times=1)
    first = lz(tmp_path, "up", *ENVIRONMENT)
    assert first.returncode == 1, first.stdout
    assert "[driver.unavailable]" in first.stdout
    assert "ecology-air-db-a-1" in first.stdout
    deployed = estate.published(tmp_path / "simulator" / "estate")
    assert "civil-affairs.welfare" in deployed.stacks, "a failed stack stops only what depends on it"
    second = lz(tmp_path, "up", *ENVIRONMENT)
    assert second.returncode == 0, second.stdout


@pytest.mark.parametrize("when", [2.0, 3.0, 4.0, 5.0])
def test_kill_nine_anywhere_and_the_next_up_carries_on(tmp_path: Path, when: float) -> None:
    run = subprocess.Popen(command("up", *ENVIRONMENT), cwd=places.ROOT, env=surroundings(tmp_path),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    time.sleep(when)
    run.kill()
    run.wait(10)
    again = lz(tmp_path, "up", *ENVIRONMENT)
    assert again.returncode == 0, again.stdout
    settled = lz(tmp_path, "up", *ENVIRONMENT, "-l", "en")
    assert "Nothing was changed" in settled.stdout, settled.stdout
    names = [(r.kind, r.name) for r in estate.published(tmp_path / "simulator" / "estate") if r.kind != "component"]
    assert len(names) == len(set(names))


def test_ctrl_c_finishes_what_is_in_flight(tmp_path: Path) -> None:
    run = subprocess.Popen(command("up", *ENVIRONMENT), cwd=places.ROOT, env=surroundings(tmp_path),
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    time.sleep(3)
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    assert run.returncode in (130, 1, 0), said
    assert "Traceback" not in said
    again = lz(tmp_path, "up", *ENVIRONMENT)
    assert again.returncode == 0, again.stdout


def test_two_at_once_and_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    first = subprocess.Popen(command("up", *ENVIRONMENT), cwd=places.ROOT, env=surroundings(tmp_path),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        lock = tmp_path / "simulator" / "lock"
        for _ in range(100):
            if lock.exists() and lock.read_text():
                break
            time.sleep(0.05)
        second = lz(tmp_path, "up", *ENVIRONMENT)
        assert second.returncode == 1
        assert f"pid {first.pid}" in second.stdout
        assert "[environment.held]" in second.stdout
    finally:
        assert first.wait(120) == 0


def test_destroy_leaves_the_addresses_and_nothing_else(tmp_path: Path) -> None:
    assert lz(tmp_path, "up", *ENVIRONMENT).returncode == 0
    before = json.loads((tmp_path / "simulator" / "addresses.json").read_text())
    done = lz(tmp_path, "destroy", *ENVIRONMENT)
    assert done.returncode == 0, done.stdout
    assert {path.name for path in (tmp_path / "simulator").iterdir()} == {
        "addresses.json",
        "addresses.ledger",
        "lock",
        "passphrase",
        "runner.key",
    }
    assert json.loads((tmp_path / "simulator" / "addresses.json").read_text()) == before
    assert lz(tmp_path, "destroy", *ENVIRONMENT).returncode == 0


def test_nothing_is_applied_from_a_city_that_has_an_error(tmp_path: Path) -> None:
    root = checkout(tmp_path / "checkout")
    bad = root / "inventory" / "requests" / "Pulumi.civil-affairs.welfare.yaml"
    bad.write_text(bad.read_text(encoding="utf-8").replace("bureau: 市民政局", "bureau: 市民正局"), encoding="utf-8")
    done = lz(tmp_path / "home", "up", *ENVIRONMENT, root=root)
    assert done.returncode == 1
    assert "Pulumi.civil-affairs.welfare.yaml:" in done.stdout
    assert "是不是 市民政局?" in done.stdout
    assert not (tmp_path / "home" / "simulator" / "stacks").exists()


def test_a_verdict_that_blocks_leaves_everything_as_it_was(tmp_path: Path) -> None:
    root = checkout(tmp_path / "checkout")
    request = root / "inventory" / "requests" / "Pulumi.civil-affairs.welfare.yaml"
    text = request.read_text(encoding="utf-8")
    spoilt = text.replace("mode: dual-active", "mode: single")
    assert spoilt != text
    request.write_text(spoilt, encoding="utf-8")
    done = lz(tmp_path / "home", "up", *ENVIRONMENT, root=root)
    assert done.returncode == 1, done.stdout
    assert "[DR-003]" in done.stdout or "[DR-002]" in done.stdout
    assert "没有改动任何资源" in done.stdout
    assert not estate.published(tmp_path / "home" / "simulator" / "estate").resources


def test_a_plan_of_a_named_system_shows_it_and_builds_nothing(tmp_path: Path) -> None:
    done = lz(tmp_path, "plan", *ENVIRONMENT, "emergency.hazards", "-l", "en")
    assert done.returncode == 0, done.stdout
    assert "emergency.hazards" in done.stdout
    assert not (tmp_path / "simulator" / "estate").exists()


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    done = lz(tmp_path / "home", "up", *ENVIRONMENT)
    assert done.returncode == 1, done.stdout
    assert "LIANGZHU_HOME" in done.stdout


def test_a_state_that_was_written_beside_the_door_is_told_and_judged_again(tmp_path: Path) -> None:
    assert lz(tmp_path, "up", *ENVIRONMENT).returncode == 0
    watched = lz(tmp_path, "watch", *ENVIRONMENT, "--json")
    stacks = json.loads(watched.stdout)["stacks"]
    assert stacks
    assert not [one for one in stacks if one["why"]], watched.stdout
    (record,) = estate.published(tmp_path / "simulator" / "facts").where("system", "civil-affairs.welfare")
    assert (record.kind, record["applied_digest"] != "") == ("stack.update", True)

    where = places.Places(tmp_path / "simulator")
    shelf = state.at(where.stacks)
    shelf.rollback("civil-affairs.welfare", shelf.versions("civil-affairs.welfare")[-1].version - 3)
    watched = lz(tmp_path, "watch", *ENVIRONMENT, "-l", "en")
    assert watched.returncode == 1
    assert "StateUnattested: civil-affairs.welfare" in watched.stdout
    assert "rollback" in watched.stdout
    told = lz(tmp_path, "refresh", *ENVIRONMENT, "-l", "en")
    assert "[state.unattested]" in told.stdout
    assert told.returncode == 1
    again = lz(tmp_path, "up", *ENVIRONMENT, "-l", "en")
    assert "[state.unattested]" in again.stdout, "before it is judged again"
    assert again.returncode == 0, again.stdout
    assert "StateUnattested" not in lz(tmp_path, "watch", *ENVIRONMENT, "-l", "en").stdout
