"""What is generated from the graph: complete, deterministic, accepted by Prometheus' own tools, and firing when it must."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from inventory.estate import UNKNOWN, Estate
from inventory.places import Places
from inventory.rendering import yaml_text
from monitors.rules import alerts, generate, write
from monitors.rules.base import plain, quoted
from monitors.targets import CITY, expected
from tests.monitors.machines import tool, written
from tests.report.fixture import HOSTS, estate, resource


def test_every_target_of_the_estate_is_scraped_with_its_labels() -> None:
    data = yaml.safe_load(generate(estate())["prometheus.yml"])
    jobs = {job["job_name"]: job["static_configs"] for job in data["scrape_configs"]}
    assert list(jobs) == ["host", "postgresql", "prometheus", "alertmanager"]
    assert len(jobs["host"]) == len(HOSTS)
    web = next(t for t in jobs["host"] if t["labels"]["host"] == "civil-affairs-welfare-web-a-1")
    assert web == {
        "targets": ["[3fff:0:111::10]:9100"],
        "labels": {
            "bureau": "civil-affairs", "host": "civil-affairs-welfare-web-a-1", "level": "3", "role": "web", "site": "a",
            "system": "civil-affairs.welfare", "target": "host-civil-affairs-welfare-web-a-1", "workload": "web",
            "zone": "public",
        },
    }  # fmt: skip
    assert {t["labels"]["database"] for t in jobs["postgresql"]} == {"civil-affairs-welfare-db", "ecology-air-db"}
    assert data["global"]["scrape_interval"] == "5s"
    assert data["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == jobs["alertmanager"][0]["targets"]


def test_a_target_of_a_plan_without_address_is_left_out() -> None:
    unknown = [
        replace(r, properties={**r.properties, "address": UNKNOWN}) if r.kind == "mon.target" else r for r in estate()
    ]
    assert {scrape.job for scrape in expected(Estate(tuple(unknown)))} == {"prometheus", "alertmanager"}


def test_the_order_of_the_graph_does_not_matter() -> None:
    resources = list(estate())
    random.Random(1).shuffle(resources)
    assert generate(Estate(tuple(resources))) == generate(estate())


def test_every_rule_says_how_bad_in_both_languages_and_whose_it_is() -> None:
    rules = alerts(estate())
    assert len({rule.alert for rule in rules}) >= 10
    series_have_it = {
        "HostDown",
        "HostMemory",
        "DiskFilling",
        "ClockSkew",
        "LogHostDown",
        "ArbiterDown",
        "DatabaseMemberDown",
    }
    for rule in rules:
        assert rule.severity in ("critical", "warning")
        assert any("\u4e00" <= c <= "\u9fff" for c in rule.zh), rule
        assert rule.en.isascii(), rule
        assert rule.labels.get("bureau") or rule.alert in series_have_it, rule
    assert all(scrape.labels["bureau"] for scrape in expected(estate()))


def test_rules_follow_the_graph() -> None:
    rules = alerts(estate())
    named = {(r.alert, r.labels.get("system") or r.labels.get("site") or r.labels.get("target", "")) for r in rules}
    assert ("SystemDegraded", "civil-affairs.welfare") in named
    # one replica is up or down, never degraded
    assert ("SystemDegraded", "ecology.air") not in named
    assert ("SystemDown", "ecology.air") in named
    synchronous = [r.labels["database"] for r in rules if r.alert == "DatabaseNoSyncStandby"]
    assert synchronous == ["civil-affairs-welfare-db"]
    assert {r.labels["site"] for r in rules if r.alert == "SiteUnreachable"} == {"a", "b", "c"}
    missing = [r for r in rules if r.alert == "TargetMissing"]
    assert len(missing) == len(expected(estate()))


def test_routes_name_every_bureau_and_critical_reaches_the_city() -> None:
    data = yaml.safe_load(generate(estate())["alertmanager.yml"])
    receivers = {receiver["name"] for receiver in data["receivers"]}
    assert receivers == {CITY, "city-critical", "bureau-civil-affairs", "bureau-data-resources", "bureau-ecology"}
    assert {route["receiver"] for route in data["route"]["routes"]} | {data["route"]["receiver"]} == receivers
    assert all(len(receiver) == 1 for receiver in data["receivers"]), "no address of the outside world"


def test_an_empty_estate_makes_a_valid_empty_configuration(tmp_path: Path) -> None:
    files = generate(Estate())
    assert set(files) == {"prometheus.yml", "alertmanager.yml"}
    _check(written(tmp_path, files))


def test_files_of_an_earlier_run_go_away(tmp_path: Path) -> None:
    places = Places(tmp_path)
    write(estate(), places)
    assert {path.name for path in (tmp_path / "monitoring" / "rules").iterdir()} >= {"databases.yml", "hosts.yml"}
    write(Estate(), places)
    assert not list((tmp_path / "monitoring" / "rules").iterdir())


def test_promtool_and_amtool_accept_the_files(tmp_path: Path) -> None:
    folder = written(tmp_path, generate(estate()))
    _check(folder)
    done = subprocess.run(
        [tool("amtool"), "check-config", folder / "alertmanager.yml"], check=False, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("hostile", ['a"b', "{{ template }}", "back\\slash", "行\n行", "<script>"])
def test_names_are_data_not_programs(hostile: str, tmp_path: Path) -> None:
    renamed = [
        replace(r, properties={**r.properties, "title": hostile}) if r.kind == "gov.system" else r for r in estate()
    ]
    renamed.append(
        resource(
            "mon.target", "x.y", name=hostile, of="compute.host/none", job="host", address="3fff::99", port=9100,
            role="app", system=hostile, bureau=hostile, site=hostile,
        )
    )  # fmt: skip
    _check(written(tmp_path, generate(Estate(tuple(renamed)))))


@given(st.text())
def test_quoted_text_has_no_way_out(text: str) -> None:
    inner = quoted(text)[1:-1]
    position = 0
    while position < len(inner):
        assert inner[position] not in '"\n'
        position += 2 if inner[position] == "\\" else 1
    assert position == len(inner)
    # what a Go template prints of it is the text again
    assert plain(text).replace('{{"{{"}}', "\0").count("{{") == 0
    assert plain(text).replace('{{"{{"}}', "{{") == text


def test_rules_fire_when_they_must(tmp_path: Path) -> None:
    """promtool's own unit tests: series in, alerts out."""
    folder = written(tmp_path, generate(estate()))
    labels = {s.name: {"job": s.job, **s.labels} for s in expected(estate()) if "target" in s.labels}
    web_a, web_b = (labels[f"host-civil-affairs-welfare-web-{site}-1"] for site in "ab")
    db_a, db_b = (labels[f"postgresql-civil-affairs-welfare-db-{site}-1"] for site in "ab")
    arbiter, log = labels["host-civil-affairs-welfare-db-c-1"], labels["host-log-a"]
    series = [
        *(_series("up", target, "1x6 0x20") for target in (web_a, arbiter, log)),
        _series("up", web_b, "1x26"),
        _series("up", labels["host-ecology-air-app-a-1"], "1x26"),
        _series("patroni_master", labels["postgresql-ecology-air-db-a-1"], "1x26"),
        # the leader is lost at 30 s, and the standby is still not synchronous when it takes over at 60 s
        _series("patroni_master", db_a, "1x6 stale"),
        _series("patroni_master", db_b, "0x12 1x14"),
        _series("patroni_sync_standby", db_b, "1x6 0x20"),
        _series("patroni_xlog_location", db_a, "100000000x26"),
        _series("patroni_xlog_received_location", db_b, "100000000x6 50000000x20"),
        _series("node_time_seconds", web_b, "0x26"),
        _series("node_filesystem_avail_bytes", {**web_b, "mountpoint": "/", "fstype": "ext4"}, "5x26"),
        _series("node_filesystem_size_bytes", {**web_b, "mountpoint": "/", "fstype": "ext4"}, "100x26"),
        _series("liangzhu_host_memory_used_bytes", web_b, "95x26"),
        _series("liangzhu_host_memory_limit_bytes", web_b, "100x26"),
        # the whole machine's memory, as every host of the lab shows it: must not be counted
        _series("node_memory_MemAvailable_bytes", web_b, "99x26"),
        _series("node_memory_MemTotal_bytes", web_b, "100x26"),
    ]
    quiet, early, late = "20s", "50s", "120s"
    cases = [
        (quiet, "HostDown", []),
        (quiet, "DatabaseNoLeader", []),
        (quiet, "DatabaseNoSyncStandby", []),
        (early, "HostDown", [web_a, arbiter, log]),
        (early, "ArbiterDown", [arbiter]),
        (early, "LogHostDown", [log]),
        (early, "DatabaseNoLeader", [_owner(db_a)]),
        (early, "SystemDegraded", [{**_owner(web_a), "workload": "web"}]),
        (late, "DatabaseNoLeader", []),
        (late, "DatabaseTwoLeaders", []),
        (late, "DatabaseNoSyncStandby", [_owner(db_a)]),
        (late, "DatabaseReplicationLag", [db_b]),
        (late, "SystemDown", []),
        (late, "HostMemory", [web_b]),
        (late, "DiskFilling", [{**web_b, "mountpoint": "/", "fstype": "ext4"}]),
        (late, "ClockSkew", [web_b]),
        (late, "SiteUnreachable", [{"site": "c", "bureau": CITY}]),
    ]
    rules = {rule.alert: rule for rule in reversed(alerts(estate()))}
    test = {
        "rule_files": [str(path) for path in sorted((folder / "rules").glob("*.yml"))],
        "evaluation_interval": "5s",
        "tests": [
            {
                "interval": "5s",
                "input_series": series,
                "alert_rule_test": [
                    {"eval_time": at, "alertname": name, "exp_alerts": [_alert(rules[name], case) for case in labels_]}
                    for at, name, labels_ in cases
                ],
            }
        ],
    }
    # promtool compares annotations too; the sentences are not what is tested here
    for path in (folder / "rules").glob("*.yml"):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in data["groups"]:
            for rule in group["rules"]:
                del rule["annotations"]
        path.write_text(yaml_text(data), encoding="utf-8")
    (folder / "test.yml").write_text(yaml_text(test), encoding="utf-8")
    done = subprocess.run(
        [tool("promtool"), "test", "rules", folder / "test.yml"], check=False, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def _check(folder: Path) -> None:
    command = [tool("promtool"), "check", "config", folder / "prometheus.yml"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def _series(metric: str, labels: dict[str, str], values: str) -> dict[str, str]:
    inner = ",".join(f"{key}={quoted(value)}" for key, value in labels.items())
    return {"series": f"{metric}{{{inner}}}", "values": values}


def _owner(labels: dict[str, str]) -> dict[str, str]:
    return {key: labels[key] for key in ("bureau", "system", "level", "database") if key in labels}


def _alert(rule: object, labels: dict[str, str]) -> dict[str, object]:
    return {"exp_labels": {**labels, "severity": rule.severity}}  # type: ignore[attr-defined]
