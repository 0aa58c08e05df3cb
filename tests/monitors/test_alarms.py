"""Alarms of our own in a real Alertmanager on loopback."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.estate import Estate
from monitors import alarms
from monitors.rules import generate
from policies.judge import judge
from stacks.engine import Standing
from tests.monitors.machines import free_port, running, tool, written
from tests.report.fixture import estate

SYSTEM = "civil-affairs.welfare"
LAST = {"kind": "up", "who": "mallory@elsewhere", "started": "2026-11-28T01:00:00Z", "ended": "2026-11-28T01:00:09Z"}
STANDINGS = (
    Standing(SYSTEM, 41, "moved", LAST),
    Standing("city-network", 7, ""),
    Standing("city-platforms", 9, "never"),
)
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def test_only_what_has_no_attestation_is_told_and_whose_it_is() -> None:
    whole = estate()
    verdict = judge(whole, "level2", planned=False)
    told = [one for one in alarms.alarms(STANDINGS, verdict, whole) if one.name == "StateUnattested"]
    assert [(one.labels["stack"], one.labels["bureau"]) for one in told] == [
        (SYSTEM, "civil-affairs"), ("city-platforms", "city"),
    ]  # fmt: skip
    assert all(one.severity == "critical" for one in told)
    assert all("mallory@elsewhere" in text and "41" in text for text in (told[0].zh, told[0].en))


def test_a_stack_on_both_engines_has_an_alarm_for_each() -> None:
    both = (Standing(SYSTEM, 41, "moved", LAST), Standing(SYSTEM, 3, "moved", LAST, engine="pulumi"))
    ours, stock = alarms.alarms(both, judge(Estate(), "level2", planned=True), estate())[:2]
    assert [one.name for one in (ours, stock)] == ["StateUnattested"] * 2
    assert ours.labels != stock.labels
    for ours_text, stock_text in ((ours.zh, stock.zh), (ours.en, stock.en)):
        assert f"./lz stack up {SYSTEM} --engine pulumi" in stock_text
        assert "--engine" not in ours_text


def test_every_finding_that_blocks_is_an_alarm_with_its_check() -> None:
    whole = estate()
    verdict = judge(whole, "level3", planned=False)
    told = alarms.alarms((), verdict, whole)
    assert verdict.blocking
    assert [one.labels["check"] for one in told] == [one.check for one in verdict.blocking]


@pytest.mark.slow
def test_they_reach_alertmanager_and_the_same_people(tmp_path: Path) -> None:
    port, whole = free_port(), estate()
    url = f"http://127.0.0.1:{port}"
    folder = written(tmp_path, generate(whole, interval="1s"))
    command = [
        tool("prometheus-alertmanager"), f"--config.file={folder / 'alertmanager.yml'}", "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}", f"--storage.path={folder / 'alerts'}",
    ]  # fmt: skip
    found = alarms.alarms(STANDINGS, judge(Estate(), "level3", planned=True), whole)
    with running(command, f"{url}/-/ready", folder):
        assert alarms.send(found, whole, datetime.now(UTC), url=url) == ()
        with urllib.request.urlopen(f"{url}/api/v2/alerts", timeout=5) as answer:
            seen = json.load(answer)
    assert {(one["labels"]["alertname"], one["labels"]["stack"], one["status"]["state"]) for one in seen} >= {
        ("StateUnattested", SYSTEM, "active"), ("StateUnattested", "city-platforms", "active"),
    }  # fmt: skip
    mine = next(one for one in seen if one["labels"]["stack"] == SYSTEM)
    assert "civil-affairs" in {receiver["name"].removeprefix("bureau-") for receiver in mine["receivers"]}
    assert "mallory@elsewhere" in mine["annotations"]["summary"]


def test_a_silent_alertmanager_is_a_problem_and_nothing_to_tell_is_none() -> None:
    found = alarms.alarms(STANDINGS, judge(Estate(), "level3", planned=True), estate())
    (problem,) = alarms.send(found, estate(), NOW, url=f"http://127.0.0.1:{free_port()}")
    assert problem.code == "watch.alertmanager"
    assert "./lz watch" in problem.text("zh")
    assert alarms.send((), estate(), NOW, url="http://127.0.0.1:1") == ()
    assert alarms.send(found, Estate(), NOW) == (), "no monitor host: watching says so itself"
