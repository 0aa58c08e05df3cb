"""A real town, configured and proved: eight systemd hosts on three sites, made by the lab driver, reached over SSH.

One town for the whole file, and the tests in their order: each leaves it right for the next.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from inventory import estate
from inventory.estate import Estate, Resource
from inventory.hosts import inventory
from inventory.places import Places
from monitors.rules import generate
from playbooks import conduct
from playbooks.runs import Conducted, Event, Gathered, Proofs
from policies.judging import Around, judged
from policies.profiles import profile
from stacks.drivers.base import Thing
from stacks.drivers.lab import cgroups, left, machine, names, teardown
from tests.drivers import labs
from tests.drivers.labs import City
from tests.playbooks import town

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@dataclass
class Town:
    city: City
    estate: Estate
    netns: str

    @property
    def places(self) -> Places:
        return Places(self.city.folder)

    def site(self, secrets: dict[str, str] | None = None, **more: object) -> Conducted:
        return conduct.site(self.estate, self.places, netns=self.netns, secrets=secrets or town.PASSWORDS, **more)

    def prove(self) -> Proofs:
        return conduct.prove(self.estate, self.places, netns=self.netns)

    def gather(self) -> Gathered:
        return conduct.gather(self.estate, self.places, netns=self.netns)

    def run(self, host: str, command: str) -> str:
        done = self.city.ssh(host, command)
        assert done.returncode == 0, f"{host}: {command}: {done.stderr}"
        return done.stdout

    def monitoring(self, **spoilt: str) -> None:
        for name, text in generate(self.estate).items():
            place = self.places.monitoring / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(spoilt.get(place.stem, text))


def sentences(done: Conducted | Proofs | Gathered) -> str:
    return "\n".join(map(str, done.failures))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    labs.ready()
    made = City(tmp_path_factory.mktemp("town"))
    yield made
    teardown(made.place)
    assert left(made.place) == ()


@pytest.fixture(scope="module")
def there(city: City) -> Town:
    lab = city.lab
    made = [lab.create(Thing(kind, p["name"], p)) for kind, p in town.network()]
    netns = next(thing.properties["netns"] for thing in made if thing.kind == "sec.bastion")
    with ThreadPoolExecutor(4) as several:
        hosts = list(several.map(lambda p: lab.create(Thing("compute.host", p["name"], p)), town.hosts()))
    return Town(city, town.estate({host.name: host.properties["host_key"] for host in hosts}, netns), netns)


@pytest.fixture(scope="module")
def first(there: Town) -> tuple[Conducted, list[Event]]:
    there.monitoring()
    heard: list[Event] = []
    return there.site(observe=heard.append), heard


@pytest.fixture(scope="module")
def right(there: Town, first: tuple[Conducted, list[Event]]) -> Town:
    assert first[0].ok, sentences(first[0])
    return there


def test_the_first_run_makes_every_host_right(first: tuple[Conducted, list[Event]]) -> None:
    done, heard = first
    assert done.ok, sentences(done)
    assert done.changed == len(town.SPOTS)
    assert {event.host for event in heard if event.what == "host-done"} == {spot.name for spot in town.SPOTS}
    assert not any(password in str(heard) for password in town.PASSWORDS.values())


def test_the_second_run_changes_nothing(right: Town) -> None:
    done = right.site()
    assert done.ok, sentences(done)
    assert {name: recap.changed for name, recap in done.hosts.items()} == dict.fromkeys(done.hosts, 0)


def test_replication_and_every_declared_flow_are_proved(right: Town) -> None:
    proofs = right.prove()
    assert (proofs.facts.hosts, proofs.facts.asked) == (len(town.SPOTS), len(town.SPOTS))
    assert proofs.ok, [c for c in proofs.connections if not c.ok] or proofs
    assert [(r.database, r.state, r.sync_state, r.arrived) for r in proofs.replication] == [
        ("w-db", "streaming", "sync", True)
    ]
    assert (proofs.replication[0].leader, proofs.replication[0].standby) == ("w-db-a-1", "w-db-b-1")
    for expected in ("allowed", "denied"):
        sources = {c.source for c in proofs.connections if c.expected == expected}
        assert {"bastion-a", "w-web-a-1"} <= sources


def test_a_hole_in_a_filter_is_seen_by_the_proof_and_closed_by_the_next_run(right: Town) -> None:
    right.run("air-db-b-1", "sudo nft delete table inet liangzhu")
    open_ = [c for c in right.prove().connections if not c.ok]
    assert ("bastion-a", "air-db-b-1", 5432) in {(c.source, c.target, c.port) for c in open_}
    assert all(c.seen == "open" and c.target == "air-db-b-1" for c in open_)
    done = right.site()
    assert done.ok, sentences(done)
    assert {name for name, recap in done.hosts.items() if recap.changed} == {"air-db-b-1"}
    assert right.prove().ok


def test_clients_reach_the_leader_over_tls_with_the_password_and_not_without(right: Town) -> None:
    script = (
        "import psycopg2, sys\n"
        "c = psycopg2.connect(host='{hosts}', dbname='postgres', user='liangzhu', password=sys.stdin.read(),"
        " target_session_attrs='read-write', sslmode='{ssl}', connect_timeout=5)\n"
        "k = c.cursor(); k.execute('select ssl, inet_server_addr()::text from pg_stat_ssl where pid = pg_backend_pid()')\n"
        "print(k.fetchone())"
    )
    members = ",".join(spot.address for spot in town.SPOTS if spot.group == "w-db")

    def ask(password: str, ssl: str) -> str:
        code = script.format(hosts=members, ssl=ssl)
        done = right.city.ssh("w-web-a-1", f'printf %s "{password}" | python3 -c "{code}"')
        return done.stdout + done.stderr

    assert "(True, '3fff:0:7e:a2::10/128')" in ask(town.PASSWORDS["w-db-password"], "require")
    assert "password authentication failed" in ask("wrong", "require")
    assert "no encryption" in ask(town.PASSWORDS["w-db-password"], "disable")


def test_a_page_names_its_system_and_a_title_is_never_a_program(right: Town) -> None:
    page = right.run("w-web-a-1", "curl -sk https://[3fff:0:7e:b1::10]:8443/")
    assert f"<h1>{town.TITLE}</h1>" in page


def test_logs_leave_the_host_and_are_kept_under_the_address_that_sent_them(right: Town) -> None:
    word = f"word-{os.getpid()}"
    right.run("w-web-a-1", f"logger -t somebody-else {word}")
    found = right.run("log-a", f"for i in $(seq 100); do sudo grep -rl {word} /var/log/hosts && break; sleep 0.1; done")
    assert [Path(path).parent.name for path in found.split()] == ["w-web-a-1"]
    kept = right.run("log-a", "cat /etc/tmpfiles.d/liangzhu-logs.conf")
    assert "200d" in kept


def test_only_keys_open_a_host(right: Town) -> None:
    settings = right.run("w-db-c-1", "sudo sshd -T").lower()
    for line in ("permitrootlogin no", "passwordauthentication no", "x11forwarding no", "allowusers lzops"):
        assert line in settings
    states = right.run("w-db-c-1", "sudo passwd -S root; sudo passwd -S lzops").splitlines()
    assert [line.split()[1] for line in states] == ["L", "L"]
    assert "pam_faillock.so" in right.run("w-db-c-1", "cat /etc/pam.d/common-auth")


def facts(of: Gathered, kind: str) -> dict[str, Resource]:
    return {one.name: one for one in of.records.kind(kind)}


def test_facts_agree_with_what_the_roles_configured(right: Town) -> None:
    done = right.gather()
    assert done.ok, sentences(done)
    assert (done.hosts, len(done.records)) == (len(town.SPOTS), 9 * len(town.SPOTS))
    assert estate.to_data(estate.published(right.places.facts)) == estate.to_data(done.records)
    variables = inventory(right.estate, right.places)["_meta"]["hostvars"]
    for name, record in facts(done, "host.sshd").items():
        policy, settings = variables[name]["lz_policy"], record["settings"]
        wanted = {"permitrootlogin": "no", "passwordauthentication": "no", "allowusers": "lzops", "x11forwarding": "no",
                  "maxauthtries": str(min(policy["lockout_tries"], 4)), "clientaliveinterval": "60"}  # fmt: skip
        assert wanted.items() <= settings.items(), name
    for name, record in facts(done, "host.pam").items():
        policy = variables[name]["lz_policy"]
        assert {key: record[key] for key in policy} == policy, name
    for name, record in facts(done, "host.sockets").items():
        reached = {row.split("/")[2] for row in record["listens"] if row.split("/")[1] not in ("127.0.0.1", "::1")}
        declared = {str(port) for rule in town.rules() if rule["direction"] == "ingress" and rule["sg"] in group(name)
                    for port in range(rule["ports"][0], rule["ports"][1] + 1)}  # fmt: skip
        assert {"22", "9100"} <= reached, name
        assert reached <= declared | {"9093", *map(str, variables[name]["lz_ports"])}, (
            f"{name} listens where no rule lets anybody in"
        )
    packages = facts(done, "host.packages")
    assert {one["role"] for one in packages.values()} == {spot.role for spot in town.SPOTS}
    assert all("openssh-server" in one["names"] for one in packages.values())


def group(name: str) -> set[str]:
    return {spot.group for spot in town.SPOTS if spot.name == name}


def test_a_host_changed_by_hand_is_seen_at_the_next_gathering_and_judged(right: Town) -> None:
    before, host = estate.to_data(right.gather().records), "air-app-b-1"
    right.run(
        host,
        "sudo sed -i 's/PermitRootLogin no/PermitRootLogin yes/' /etc/ssh/sshd_config.d/00-liangzhu.conf;"
        " sudo sed -i 's/PASS_MAX_DAYS .*/PASS_MAX_DAYS 999/' /etc/login.defs;"
        " sudo nft add rule inet liangzhu input tcp dport 8081 accept;"
        " sudo systemd-run -q --unit=stray python3 -m http.server 8081",
    )
    right.run(host, "for i in $(seq 100); do ss -Hltn | grep -q :8081 && exit; sleep 0.1; done; exit 1")
    seen = right.gather()
    assert seen.ok, sentences(seen)
    assert facts(seen, "host.sshd")[host]["settings"]["permitrootlogin"] == "yes"
    assert facts(seen, "host.pam")[host]["max_age_days"] == 999
    assert any(row.endswith("/8081/python3") for row in facts(seen, "host.sockets")[host]["listens"])
    around = Around(profile("level3"), date(2026, 6, 1), facts=seen.records)
    wrong = {
        (one.check, one.name) for one in judged(around, right.estate, planned=False).findings if one.answer == "fail"
    }
    assert ("IAM-001", host) in wrong
    assert ("HST-002", host) in wrong
    hosts = {spot.name for spot in town.SPOTS}
    assert {name for check, name in wrong if check == "CRY-001"} & hosts == {host}
    assert not {name for check, name in wrong if check == "IAM-001"} - {host}
    right.run(host, "sudo systemctl stop stray")
    done = right.site()
    assert {name for name, recap in done.hosts.items() if recap.changed} == {host}
    assert estate.to_data(right.gather().records) == before


def test_weak_passwords_are_refused_and_wrong_ones_lock_the_account(right: Town) -> None:
    good, host = "Five-Green-Boats-7", "w-db-c-1"
    right.run(host, "sudo useradd -M clerk")
    try:
        assert right.city.ssh(host, "echo clerk:weak | sudo chpasswd").returncode != 0
        right.run(host, f"echo 'clerk:{good}' | sudo chpasswd")
        enter = f"echo '{good}' | su clerk -c true"
        right.run(host, enter)
        right.run(host, "for i in 1 2 3 4 5; do echo wrong | su clerk -c true && exit 1; done; true")
        assert right.city.ssh(host, enter).returncode != 0, "five wrong passwords lock"
        right.run(host, "sudo faillock --user clerk --reset")
        right.run(host, enter)
    finally:
        right.run(host, "sudo userdel clerk")


def test_passwords_are_nowhere_in_clear(right: Town) -> None:
    secret = town.PASSWORDS["w-db-password"]
    for path in right.places.ansible.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()
    # the brackets keep the search itself, which sudo writes down, from being what is found
    pattern = f"[{secret[0]}]{secret[1:]}"
    for host in ("w-db-a-1", "w-web-a-1", "log-a"):
        assert right.run(host, f"sudo grep -rl -- '{pattern}' /var/log /etc /tmp || true") == ""
    mode = right.run("w-db-a-1", "sudo stat -c '%U %a' /etc/patroni/config.yml")
    assert mode.strip() == "postgres 600"


def test_a_new_password_reaches_the_accounts(right: Town) -> None:
    done = right.site(secrets={**town.PASSWORDS, "w-db-password": "another-password-2"})
    assert done.ok, sentences(done)
    assert {name for name, recap in done.hosts.items() if recap.changed} == {"w-db-a-1", "w-db-b-1"}
    assert right.prove().ok
    assert right.site().ok


def test_rules_that_prometheus_would_refuse_never_reach_it(right: Town) -> None:
    before = right.run("monitor-c", "cat /etc/prometheus/rules/hosts.yml")
    right.monitoring(hosts="groups: [{name: hosts, rules: [{alert: Broken, expr: 'sum('}]}]\n")
    done = right.site()
    assert [problem.where for problem in done.failures] == ["monitor-c"]
    assert "promtool" in str(done.failures[0])
    assert right.run("monitor-c", "cat /etc/prometheus/rules/hosts.yml") == before
    right.monitoring()
    done = right.site()
    assert done.ok, sentences(done)
    assert done.changed == 0


def test_stopping_in_the_middle_leaves_nothing_running_and_the_next_run_finishes(right: Town) -> None:
    stopping = threading.Event()

    def stop(event: Event) -> None:
        if event.what == "task":
            stopping.set()

    before = set(Path("/dev/shm").glob("lz-*"))
    done = right.site(stopping=stopping, observe=stop)
    assert done.interrupted
    assert set(Path("/dev/shm").glob("lz-*")) <= before, "a run's folder holds passwords and open SSH connections"
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            assert b"ANSIBLE_HOME=/dev/shm/lz-" not in environ.read_bytes(), environ.parent
    assert right.site().ok


def test_a_lost_host_is_named_and_the_others_go_on(right: Town) -> None:
    lab = names.lab_id(right.city.place)
    machine.stop(lab, "air-app-b-1")
    assert cgroups.first(cgroups.processes(lab, "air-app-b-1")) is None
    done = right.site()
    assert [(p.code, p.where) for p in done.failures] == [("playbooks.unreachable", "air-app-b-1")]
    assert {n for n, r in done.hosts.items() if r.unreachable} == {"air-app-b-1"}
    assert all(r.ok for n, r in done.hosts.items() if n != "air-app-b-1")
    right.city.lab.restore()
    assert right.site().ok
