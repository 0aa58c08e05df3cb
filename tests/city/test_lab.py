"""`./lz up` with real hosts on this machine: built, configured, proved, watched; changed by nothing the second time;
gone without a trace afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from inventory import estate
from inventory.rendering import services
from inventory.rendering.unbound import DISCOVERY
from inventory.vantage import inside
from monitors.probes.dns import AAAA, PTR, Answer, Server, ask
from stacks.drivers.lab import left, names
from tests.city.door import lz
from tests.drivers import labs

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory):
    labs.ready()
    folder = tmp_path_factory.mktemp("home")
    done = lz(folder, "up", seconds=900)
    try:
        assert done.returncode == 0, done.stdout[-6000:]
        yield folder
    finally:
        lz(folder, "destroy", seconds=300)


def test_the_proofs_were_made_from_inside_the_hosts(home: Path) -> None:
    proofs = json.loads((home / "demo" / "report" / "report.json").read_text(encoding="utf-8"))
    text = json.dumps(proofs, ensure_ascii=False)
    assert "streaming" in text
    deployed = estate.published(home / "demo" / "estate")
    hosts = deployed.kind("compute.host")
    assert 0 < len(hosts) <= 13
    assert all(host["host_key"].startswith("ssh-ed25519 ") for host in hosts)


def test_facts_of_every_host_were_gathered_and_judged(home: Path) -> None:
    deployed, facts = estate.published(home / "demo" / "estate"), estate.published(home / "demo" / "facts")
    hosts = {host.name for host in deployed.kind("compute.host")}
    for kind in ("host.packages", "host.sockets", "host.sshd", "host.pam", "host.filter"):
        assert {fact["host"] for fact in facts.kind(kind)} == hosts
    again = lz(home, "facts", "-l", "en")
    assert again.returncode == 0, again.stdout
    assert f"facts of {len(hosts)}/{len(hosts)} hosts" in again.stdout
    done = lz(home, "judge", "--json")
    found = json.loads(done.stdout[done.stdout.index("{") :])["findings"]
    of_hosts = {"IAM-001", "IAM-002", "IAM-003", "HST-002", "CRY-001", "CRY-003"}
    wrong = [(one["check"], one["name"]) for one in found if one["check"] in of_hosts and one["name"] in hosts]
    assert wrong == [], "the roles make hosts of which these checks have nothing to say"


def test_a_second_run_changes_nothing_and_every_target_is_up(home: Path) -> None:
    again = lz(home, "up", "-l", "en", seconds=600)
    assert again.returncode == 0, again.stdout[-6000:]
    assert "Nothing was changed" in again.stdout
    assert ", 0 changed" in again.stdout
    assert "synchronous replication 1/1" in again.stdout
    up, _, expected = again.stdout.partition(" targets up")[0].rpartition("watch")[2].strip().partition("/")
    assert up == expected
    assert int(up) >= 13


def test_a_host_asks_the_resolvers_for_names_over_ipv6(home: Path) -> None:
    """From inside the host, through its own filter and the resolver's: a system's AAAA, a host's PTR, and the name by
    which it finds the NAT64 prefix out."""
    deployed = estate.published(home / "demo" / "estate")
    lab = names.lab_id(home / "demo" / "drivers" / "lab")
    client, record = (
        deployed.named("compute.host", "ecology-air-app-a-1"),
        deployed.named("dns.record", "civil-affairs-welfare-web"),
    )
    assert client
    assert record
    here = names.path(names.netns(lab, "compute.host", client.name))

    def asked(place: str, server: str, name: str, type_: int) -> Answer | None:
        question = ask(Server(server), name, type_, ids=lambda: 4711, seconds=3)
        return inside(place, lambda: asyncio.run(question))

    resolvers = services.resolvers(deployed)
    assert [resolver["site"] for resolver in resolvers] == ["a", "b"]
    for resolver in resolvers:
        found = asked(here, resolver["address6"], record["fqdn"], AAAA)
        assert found
        assert {each.value for each in found.records} == set(record["values"])
        found = asked(here, resolver["address6"], ip_address(client["address6"]).reverse_pointer, PTR)
        assert found
        assert [each.value for each in found.records] == [f"{client.name}.changsha.gov.example"]
        prefix = ip_network(services.translators(deployed, resolver["site"])[0]["nat64"])
        found = asked(here, resolver["address6"], DISCOVERY, AAAA)
        assert found
        assert {each.value for each in found.records} == {
            str(prefix[int(ip_address(f"192.0.0.{n}"))]) for n in (170, 171)
        }


def test_the_inventory_is_executable_and_ansible_reads_it(home: Path) -> None:
    from inventory.places import ROOT

    env = {**os.environ, "LIANGZHU_HOME": str(home), "LIANGZHU_ENVIRONMENT": "demo"}
    done = subprocess.run([str(ROOT / ".venv" / "bin" / "python"), str(ROOT / "inventory" / "hosts.py"), "--list"],
                          env=env, capture_output=True, text=True, check=True, cwd=ROOT)  # fmt: skip
    listed = json.loads(done.stdout)
    for group in ("site_a", "zone_dedicated", "arch_aarch64", "bureau_civil_affairs", "role_database"):
        assert group in listed


def test_destroy_leaves_no_namespace_process_mount_or_group(
    tmp_path_factory: pytest.TempPathFactory, home: Path
) -> None:
    done = lz(home, "destroy", seconds=300)
    assert done.returncode == 0, done.stdout
    assert left(home / "demo" / "drivers" / "lab") == ()
    assert {path.name for path in (home / "demo").iterdir()} == {
        "addresses.json",
        "addresses.ledger",
        "lock",
        "passphrase",
        "runner.key",
    }
