"""Facts of hosts: the texts of systems become the records that the checks read; what is no answer is refused; what was not
asked for never leaves a host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inventory.estate import Estate, published
from inventory.kinds import kinds
from inventory.places import ROOT, Places
from inventory.problems import Refused
from playbooks.facts import Garbled, answer, records, systems
from playbooks.facts.asked import question
from playbooks.facts.hearing import Hearing
from playbooks.facts.systems import system
from playbooks.facts.systems import systems as described
from tests.playbooks import answers, town

CASES = [answers.case(path) for path in answers.paths()]
KINDS = ("host.packages", "host.sockets", "host.sshd", "host.pam", "host.auditd", "host.filter", "host.integrity", "host.repositories",
         "host.boot")  # fmt: skip
SHARED = {"name", "host", "role", "level", "site", "zone"}


def told(case: answers.Case) -> dict[str, dict[str, Any]]:
    """kind → fields, beside those that every record has."""
    made = records(case.host, case.line)
    assert tuple(one.kind for one in made) == KINDS
    assert {one.name for one in made} == {answers.HOST}
    return {one.kind: {key: value for key, value in one.properties.items() if key not in SHARED} for one in made}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_texts_become_records(case: answers.Case) -> None:
    found = told(case)
    for kind, fields in case.expect.items():
        model = kinds()[kind].model_validate({"name": "n", **fields})
        assert found[kind] == model.model_dump(mode="json", exclude_unset=True, exclude={"name"}), kind
    for kind, fields in case.has.items():
        for key, part in fields.items():
            whole = found[kind][key]
            assert part.items() <= whole.items() if isinstance(whole, dict) else set(part) <= set(whole), (kind, key)


def test_every_described_system_has_a_case_and_no_case_is_of_another() -> None:
    seen = [system(json.loads(case.line)["files"]["/etc/os-release"]) for case in CASES]
    assert {one.title if one else None for one in seen} == {*(one.title for one in described().values()), None}


def test_records_say_whose_they_are_and_for_which_role() -> None:
    made = {one.kind: one for one in records(CASES[0].host, CASES[0].line)}
    for one in made.values():
        assert (one["host"], one["level"], one["site"], one["zone"]) == (answers.HOST, 3, "a", "dedicated")
    assert made["host.packages"]["role"] == "database"
    assert "role" not in made["host.pam"]


def test_logins_in_addresses_and_in_files_of_sources_stay_on_the_host() -> None:
    texts = [case for case in CASES if "only-for-this-test" in case.raw]
    assert len(texts) >= 3
    for case in texts:
        assert "only-for-this-test" not in case.line, case.name
        assert "only-for-this-test" not in str(records(case.host, case.line)), case.name


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/pam.d/common-auth", "auth sufficient pam_ldap.so bindpw=only-for-this-test host=x"),
        ("/etc/pam.d/common-password", "password required pam_mysql.so user=root passwd=only-for-this-test"),
        ("/etc/profile.d/proxy.sh", "export https_proxy=http://u:only-for-this-test@proxy TMOUT=60"),
        (
            "/etc/yum.repos.d/x.repo",
            "[x]\nusername=u\npassword=only-for-this-test\nproxy_password = only-for-this-test",
        ),
        ("/etc/apt/sources.list", "deb https://u:only-for-this-test@mirror/debian bookworm main"),
        ("/etc/login.defs", "PASS_MAX_DAYS 90 # only-for-this-test"),
        ("/proc/cmdline", "ima_hash=sm3 rd.luks.key=only-for-this-test"),
    ],
)
def test_of_a_file_only_what_is_asked_for_leaves_the_host(path: str, text: str) -> None:
    kept = answers.COLLECTOR.reduced(text, answers._pattern(path))
    assert kept
    assert "only-for-this-test" not in kept


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "no json", '{"files": {}}', "[" * 100_000, '{"files": [], "unread": [], "there": [], "commands": {}}',
     '{"files": {"/etc/profile": 1}, "unread": [], "there": [], "commands": {}}',
     '{"files": {}, "unread": [1], "there": [], "commands": {}}', '"' + "x" * answer.MOST + '"'],
)  # fmt: skip
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(Garbled):
        records(answers.host(), text)


def test_a_host_cannot_hand_in_what_it_was_not_asked_for_nor_turn_a_line_round() -> None:
    line = json.dumps(
        {
            "files": {"/etc/shadow": "root:$6$x", "/etc/os-release": "ID=debian\u202e\x1b[2J\nVERSION_ID=12"},
            "unread": [], "there": [], "commands": {},
        }
    )  # fmt: skip
    read = answer.read(line)
    assert set(read.files) == {"/etc/os-release"}
    assert read.files["/etc/os-release"] == "ID=debian[2J\nVERSION_ID=12"


def test_a_program_cannot_hide_its_port_behind_its_name() -> None:
    out = 'tcp LISTEN 0 5 0.0.0.0:23 0.0.0.0:* users:(("x/22/in.telnetd",pid=1,fd=3))'
    line = json.dumps({"files": {}, "unread": [], "there": [], "commands": {"sockets": {"code": 0, "out": out}}})
    sockets = next(one for one in records(answers.host(), line) if one.kind == "host.sockets")
    assert sockets["listens"] == ["tcp/0.0.0.0/23/x-22-in.telnetd"]


def test_what_is_published_replaces_what_was_and_a_silent_host_is_forgotten(tmp_path: Path) -> None:
    estate, places = town.estate(), Places(tmp_path)
    both: dict[str, dict[str, Any]] = {"w-web-a-1": {}, "log-a": {}}
    first = Hearing(estate, both)
    assert [of["lz_asked"] for of in both.values()] == [question()] * 2
    assert [first.hear(name, CASES[0].line) for name in both] == [None, None]
    done = first.publish(places)
    assert (done.hosts, done.asked, len(done.records), done.ok) == (2, 2, 2 * len(KINDS), True)
    second = Hearing(estate, both)
    assert second.hear("w-web-a-1", CASES[0].line) is None
    odd = second.hear("log-a", "no json")
    assert odd
    assert (odd.code, odd.where) == ("playbooks.facts", "log-a")
    assert not second.publish(places).ok
    assert {one["host"] for one in published(places.facts)} == {"w-web-a-1"}


def test_the_collector_answers_on_this_machine_and_writes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-", question()], input=(ROOT / "playbooks" / "files" / "facts.py").read_text(),
        capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    made = records(answers.host(level=3), done.stdout)
    assert len(made) == len(KINDS)
    assert list(tmp_path.iterdir()) == []
    again = {path: text for path, text in json.loads(done.stdout)["files"].items() if text}
    for path, text in again.items():
        assert answers.COLLECTOR.reduced(text, answers._pattern(path)) == text, (
            "what was handed over is what was asked for"
        )


def test_too_much_is_not_handed_over_at_all(tmp_path: Path) -> None:
    (tmp_path / "long.conf").write_text("deny = 3\n" * 40_000)
    (tmp_path / "short.conf").write_text("# deny = 9\ndeny = 3\n")
    (tmp_path / "folder.conf").mkdir()
    texts, unread = answers.COLLECTOR.files({f"{tmp_path}/*.conf": "deny = .*"})
    assert texts == {f"{tmp_path}/short.conf": "deny = 3"}
    assert unread == [f"{tmp_path}/folder.conf", f"{tmp_path}/long.conf"]
    assert answers.COLLECTOR.command(["head", "-c", "300000", "/dev/zero"]) == {"code": 0, "out": None}
    assert answers.COLLECTOR.command(["no-such-command"]) is None


def test_a_profile_that_is_wrong_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = tmp_path / "systems.yaml"
    spoilt.write_text(
        "one:\n  title: One\n  match: {ID: one}\n  seen: guessed\n  packages: apk\n  auth: []\n  password: []\n  aide: x\n"
    )
    monkeypatch.setattr(systems, "FILE", spoilt)
    with pytest.raises(Refused) as caught:
        described.__wrapped__()
    assert [problem.line for problem in caught.value.problems] == [4, 5]


def test_an_empty_estate_withdraws_the_facts(tmp_path: Path) -> None:
    places = Places(tmp_path)
    hearing = Hearing(town.estate(), {"log-a": {}})
    hearing.hear("log-a", CASES[0].line)
    hearing.publish(places)
    Hearing(Estate(), {}).publish(places)
    assert list(published(places.facts)) == []
