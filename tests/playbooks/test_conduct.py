"""Conducting without hosts: what is refused before anything runs, what an unreachable host becomes, what is left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.estate import Estate, published
from inventory.places import ROOT, Places
from inventory.problems import Problem, Refused
from inventory.rendering.probes import Probe
from playbooks import conduct, running
from tests.playbooks import town
from tests.playbooks.answers import FOLDER, case


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path)
    made.ansible.mkdir(parents=True)
    (made.ansible / "id_ed25519").write_text("no key\n")
    made.monitoring.mkdir()
    for name in ("prometheus.yml", "alertmanager.yml"):
        (made.monitoring / name).write_text("{}\n")
    return made


def refused(estate: Estate, places: Places, secrets: dict[str, str]) -> list[str]:
    with pytest.raises(Refused) as caught:
        conduct.site(estate, places, netns="", secrets=secrets)
    return [problem.code for problem in caught.value.problems]


def test_a_simulated_estate_says_what_it_would_need(places: Places) -> None:
    assert refused(town.estate(host_keys={}), places, town.PASSWORDS) == ["playbooks.no-hosts"]


def test_a_missing_key_is_named_before_ssh_is(places: Places) -> None:
    (places.ansible / "id_ed25519").unlink()
    assert refused(town.estate(), places, town.PASSWORDS) == ["playbooks.no-key"]


def test_every_database_without_a_password_is_named(places: Places) -> None:
    assert refused(town.estate(), places, {}) == ["playbooks.no-secret"] * 2
    assert refused(town.estate(), places, {"w-db-password": "x"}) == ["playbooks.no-secret"]


def test_a_monitor_without_files_is_refused(places: Places) -> None:
    shutil.rmtree(places.monitoring)
    assert refused(town.estate(), places, town.PASSWORDS) == ["playbooks.no-monitoring"]


def test_the_password_of_a_database_is_the_secret_that_it_depends_on() -> None:
    estate = town.estate()
    for name in ("w-db", "air-db"):
        database = estate.named("db.instance", name)
        assert database
        assert conduct.secret_of(estate, database) == f"{name}-password"


@pytest.fixture
def nobody(places: Places) -> Estate:
    """Two hosts at addresses that nobody has."""
    if not shutil.which("ssh"):
        pytest.skip("NO ssh CLIENT HERE: unreachable hosts are not tested")
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(places.ansible / "key")], check=True, timeout=30
    )
    shutil.move(places.ansible / "key", places.ansible / "id_ed25519")
    return town.estate(host_keys={"w-web-a-1": "ssh-ed25519 AAAA", "air-app-b-1": "ssh-ed25519 AAAA"})


def leavings() -> set[str]:
    return {entry.name for entry in Path("/dev/shm").glob("lz-*")} if Path("/dev/shm").is_dir() else set()


@pytest.fixture
def silence() -> Iterator[str]:
    """A network namespace from which nothing can be reached: this machine's own might route anything anywhere."""
    name = f"lz-test-{os.getpid()}"
    if os.geteuid() or subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        pytest.skip("NO NETWORK NAMESPACES HERE: unreachable hosts are not tested")
    yield f"/run/netns/{name}"
    subprocess.run(["ip", "netns", "del", name], check=True, timeout=30)


@pytest.mark.slow
def test_a_host_that_does_not_answer_is_a_sentence_about_that_host(
    nobody: Estate, places: Places, silence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before, heard = leavings(), []
    done = conduct.site(nobody, places, netns=silence, secrets={}, observe=heard.append)
    assert not done.ok
    assert {name: recap.unreachable for name, recap in done.hosts.items()} == {"w-web-a-1": 1, "air-app-b-1": 1}
    assert {problem.code for problem in done.failures} == {"playbooks.unreachable"}
    named = {name for problem in done.failures for name in problem.where.split(", ")}
    assert named == {"w-web-a-1", "air-app-b-1"}
    assert {event.what for event in heard} == {"unreachable", "host-done"}
    proofs = conduct.prove(nobody, places, netns=silence)
    assert not proofs.ok
    tried = [c for c in proofs.connections if c.source != "bastion-a"]
    assert tried
    assert {c.seen for c in tried} == {"unanswered"}
    assert capfd.readouterr() == ("", "")
    assert leavings() <= before, "the folder of a run holds passwords: it must be gone"


@pytest.mark.slow
def test_stopping_ends_the_run_and_leaves_nothing(nobody: Estate, places: Places, silence: str) -> None:
    before, stopping = leavings(), threading.Event()
    stopping.set()
    done = conduct.site(nobody, places, netns=silence, secrets={}, stopping=stopping)
    assert done.interrupted
    assert not done.ok
    assert leavings() <= before


@pytest.mark.parametrize("verb", ["prove", "gather"])
def test_whoever_asks_hears_alike(places: Places, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Facts are published, an answer that makes no sense and a host that fails are told, whichever run it was."""
    estate = town.estate(host_keys={"w-web-a-1": "ssh-ed25519 AAAA", "air-app-b-1": "ssh-ed25519 AAAA"})
    line = case(FOLDER / "debian-12-plain.yaml").line
    played: list[str] = []

    def runs(playbook: str, hosts: Any, told: running.Told, **more: Any) -> running.Run:
        played.append(playbook)
        told("ok", "w-web-a-1", "facts : 事实 / facts", {"stdout": line})
        told("ok", "air-app-b-1", "facts : 事实 / facts", {"stdout": "{"})
        told("skipped", "air-app-b-1", "facts : 事实 / facts", {})
        told("ok", "w-web-a-1", "连接 / connections", {"stdout": '["open"]'})
        told("failed", "air-app-b-1", "连接 / connections", {"msg": "disk full"})
        return running.Run("successful")

    monkeypatch.setattr(running, "run", runs)
    done = getattr(conduct, verb)(estate, places, netns="")
    facts = done.facts if verb == "prove" else done
    assert played == [f"{verb}.yml"]
    assert {one["host"] for one in facts.records} == {"w-web-a-1"}
    assert len(published(places.facts)) == len(facts.records) > 0
    assert [problem.code for problem in done.failures] == ["playbooks.facts", "playbooks.failed"]
    assert {problem.where for problem in done.failures} == {"air-app-b-1"}


def test_a_failure_says_what_where_and_what_next() -> None:
    problem = running.failure("failed", "log-a", "基线 / baseline", {"msg": "disk full", "module_stderr": "no space"})
    assert problem.where == "log-a"
    for text in (problem.zh, problem.en):
        assert "disk full" in text
        assert "no space" in text
        assert "./lz up" in text


def test_what_fails_alike_everywhere_is_said_once() -> None:
    one, two = Problem("c", "z", "e", "h1"), Problem("c", "z", "e", "h2")
    other = Problem("c", "z2", "e2", "h3")
    assert conduct._merged([one, two, other]) == (Problem("c", "z", "e", "h1, h2"), other)


@pytest.mark.parametrize(
    ("expected", "seen", "ok"),
    [
        ("allowed", "open", True), ("allowed", "refused", False), ("allowed", "timeout", False),
        ("denied", "timeout", True), ("denied", "refused", True), ("denied", "open", False),
        ("denied", "unanswered", False), ("denied", "error: no route", False),
    ],
)  # fmt: skip
def test_what_could_not_be_tried_proves_nothing(expected: Any, seen: str, ok: bool) -> None:
    assert conduct._as_expected(Probe("a", "b", "::1", 1, expected), seen) is ok


def answers(leader: dict, standby: dict) -> dict:
    return {("w-db-a-1", "replication"): leader, ("w-db-b-1", "replication"): standby}


STREAM = {"name": "w-db-b-1", "state": "streaming", "sync_state": "sync"}
LEADER = {"role": "leader", "written": True, "standbys": [STREAM]}
STANDBY = {"role": "standby", "arrived": True, "seconds": 0.1}


@pytest.mark.parametrize(
    ("leader", "standby", "ok"),
    [
        (LEADER, STANDBY, True),
        (LEADER, {**STANDBY, "arrived": False}, False),
        ({**LEADER, "standbys": [{**STREAM, "sync_state": "async"}]}, STANDBY, False),
        ({**LEADER, "standbys": [{**STREAM, "state": "catchup"}]}, STANDBY, False),
        ({**LEADER, "standbys": []}, STANDBY, False),
        ({}, STANDBY, False),
        (LEADER, {}, False),
    ],
)
def test_replication_is_proved_by_the_row_and_the_leader_together(leader: dict, standby: dict, ok: bool) -> None:
    database = town.estate().named("db.instance", "w-db")
    assert database
    proved = conduct._replication(town.estate(), database, answers(leader, standby))
    assert [p.ok for p in proved] == ([ok] if leader else [False, False])


def test_the_playbooks_are_well_formed() -> None:
    tool = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(tool), "--syntax-check", "-i", "localhost,", "site.yml", "prove.yml"], cwd=ROOT / "playbooks", check=False,
        capture_output=True, text=True, timeout=120, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
