"""The Ansible inventory: a pure function of the published estate, and a program that Ansible can start."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from inventory import hosts
from inventory.estate import Resource, publish
from inventory.places import ROOT, Places
from tests.playbooks import town

AT = Places(Path("/somewhere"))
MADE = hosts.inventory(town.estate(), AT)


def test_groups_by_site_zone_pool_architecture_bureau_system_and_role() -> None:
    expected = {
        "site_a": {"w-web-a-1", "w-db-a-1", "log-a"}, "role_database": {"w-db-a-1", "w-db-b-1", "air-db-b-1"},
        "bureau_civil_affairs": {"w-web-a-1", "w-db-a-1", "w-db-b-1", "w-db-c-1"},
        "system_ecology_air": {"air-app-b-1", "air-db-b-1"}, "zone_management": {"log-a", "monitor-c"},
        "pool_kunpeng": {s.name for s in town.SPOTS}, "arch_x86_64": {s.name for s in town.SPOTS},
    }  # fmt: skip
    assert {name: set(MADE[name]["hosts"]) for name in expected} == expected


def test_hosts_that_are_only_simulated_are_left_out() -> None:
    made = hosts.inventory(town.estate(host_keys={"log-a": "ssh-ed25519 AAAA", "monitor-c": ""}), AT)
    assert set(made["_meta"]["hostvars"]) == {"log-a"}


def test_ssh_is_strict_and_as_the_operator() -> None:
    of = MADE["_meta"]["hostvars"]["w-db-a-1"]
    assert of["ansible_host"] == "3fff:0:7e:a2::10"
    assert of["ansible_user"] == "lzops"
    assert "-o StrictHostKeyChecking=yes" in of["ansible_ssh_common_args"]
    assert f"UserKnownHostsFile={AT.ansible / 'known_hosts'}" in of["ansible_ssh_common_args"]
    assert hosts.known_hosts(town.estate()).splitlines()[0].split() == ["3fff:0:7e:b1::10", "ssh-ed25519", "AAAA4"]


def test_logs_go_to_the_log_host_and_are_kept_as_long_as_the_sink_says() -> None:
    log = MADE["_meta"]["hostvars"]["w-web-a-1"]["lz_log"]
    assert log == {"host": "log-a", "address6": "3fff:0:7e:a0::20", "port": 6514, "retention_days": 200}


def test_no_password_is_in_the_inventory() -> None:
    text = json.dumps(MADE)
    assert "lz_credentials" not in text
    assert "￼" not in text, "a marker of a secret or of an unknown value"


def test_what_looks_like_a_template_is_marked_as_text() -> None:
    marked = hosts.literal({"a": ["{{ x }}", "plain", 5, None], "b": {"c": "{% y %}"}, "d": "{# z #}"})
    text = {"__ansible_unsafe": "{{ x }}"}
    assert marked == {
        "a": [text, "plain", 5, None], "b": {"c": {"__ansible_unsafe": "{% y %}"}}, "d": {"__ansible_unsafe": "{# z #}"},
    }  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    estate = town.estate()
    publish(tmp_path / "demo" / "estate", "civil-affairs.welfare", estate)
    return tmp_path


def asked(home: Path, *command: str, environment: str = "demo") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd="/",
        env={**os.environ, "LIANGZHU_HOME": str(home), "LIANGZHU_ENVIRONMENT": environment, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def test_the_program_answers_as_ansible_asks(home: Path) -> None:
    program = str(ROOT / "inventory" / "hosts.py")
    listed = asked(home, program, "--list")
    assert listed.returncode == 0, listed.stderr
    assert set(json.loads(listed.stdout)["_meta"]["hostvars"]) == {spot.name for spot in town.SPOTS}
    assert asked(home, program, "--host", "log-a").stdout.strip() == "{}"


def test_ansible_reads_it_and_evaluates_nothing_of_it(home: Path) -> None:
    program = str(ROOT / "inventory" / "hosts.py")
    tool = str(ROOT / ".venv" / "bin" / "ansible-inventory")
    if not Path(tool).exists():
        pytest.skip("NO .venv HERE: ansible-inventory is not started")
    done = asked(home, tool, "-i", program, "--list")
    assert done.returncode == 0, done.stderr
    titles = json.loads(done.stdout)["_meta"]["hostvars"]["air-app-b-1"]["lz_title"]
    assert town.TITLE in json.dumps(titles, ensure_ascii=False)


def test_an_unknown_environment_is_a_sentence(home: Path) -> None:
    done = asked(home, str(ROOT / "inventory" / "hosts.py"), "--list", environment="dmeo")
    assert done.returncode != 0
    assert "demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_deployed_is_an_empty_inventory(tmp_path: Path) -> None:
    listed = asked(tmp_path, str(ROOT / "inventory" / "hosts.py"), "--list")
    assert json.loads(listed.stdout)["_meta"]["hostvars"] == {}


def test_time_is_asked_of_hosts_whose_rules_allow_it() -> None:
    from inventory.estate import Estate

    def rule(name: str, group: str, direction: str, peers: list[str]) -> Resource:
        return Resource("net.sg_rule", name, "s", name, {
            "sg": group, "direction": direction, "protocol": "udp", "ports": [123, 123], "peers6": peers,
            "purpose": "time",
        })  # fmt: skip

    more = (
        rule("o", "w-web", "egress", [f"{town.NET}:a0::/64"]),
        rule("i", "city-log", "ingress", [f"{town.NET}::/48"]),
    )
    made = hosts.inventory(Estate((*town.estate(), *more)), AT)["_meta"]["hostvars"]
    assert made["w-web-a-1"]["lz_time"] == {"servers": ["3fff:0:7e:a0::20"], "allow": []}
    assert made["log-a"]["lz_time"] == {"servers": [], "allow": ["3fff:0:7e::/48"]}
    assert made["monitor-c"]["lz_time"] == {"servers": [], "allow": []}
