"""A database's cluster: the numbers fit, addresses are bracketed, nobody is let in beyond the rules, no passwords."""

from __future__ import annotations

import json

import pytest

from inventory.estate import Estate, Resource
from inventory.rendering import patroni
from tests.playbooks import town

TOWN = town.estate()


def database(name: str) -> Resource:
    found = TOWN.named("db.instance", name)
    assert found is not None
    return found


CLUSTER = patroni.patroni(TOWN, database("w-db"))
SINGLE = patroni.patroni(TOWN, database("air-db"))


def test_an_isolated_leader_has_given_up_before_its_key_is_gone() -> None:
    assert patroni.LOOP_WAIT + 2 * patroni.RETRY_TIMEOUT <= patroni.TTL
    assert patroni.TTL < 10, "a request may ask for recovery in ten seconds"
    dynamic = CLUSTER["w-db-a-1"]["bootstrap"]["dcs"]
    assert (dynamic["ttl"], dynamic["loop_wait"], dynamic["retry_timeout"]) == (
        patroni.TTL, patroni.LOOP_WAIT, patroni.RETRY_TIMEOUT,
    )  # fmt: skip


def test_only_a_database_of_two_sites_waits_for_its_standby() -> None:
    assert CLUSTER["w-db-b-1"]["bootstrap"]["dcs"]["synchronous_mode"] is True
    assert SINGLE["air-db-b-1"]["bootstrap"]["dcs"]["synchronous_mode"] is False


def test_every_member_knows_all_three_voters_in_brackets() -> None:
    voters = [f"[{spot.address}]:2379" for spot in town.SPOTS if spot.group in ("w-db", "w-db-arbiter")]
    assert set(CLUSTER) == {"w-db-a-1", "w-db-b-1"}
    for name, member in CLUSTER.items():
        assert sorted(member["etcd3"]["hosts"]) == sorted(voters)
        assert member["name"] == name
        assert member["postgresql"]["listen"].startswith("[3fff:")
    for name in ("w-db-a-1", "w-db-b-1", "w-db-c-1"):
        told = patroni.etcd(TOWN, database("w-db"), name)
        assert told["ETCD_INITIAL_CLUSTER"].count("http://[3fff:") == 3
        assert told["ETCD_NAME"] == name


def test_a_single_database_keeps_its_state_on_the_loopback_address() -> None:
    told = patroni.etcd(TOWN, database("air-db"), "air-db-b-1")
    assert {v for k, v in told.items() if "URLS" in k} == {"http://[::1]:2379", "http://[::1]:2380"}
    assert SINGLE["air-db-b-1"]["etcd3"]["hosts"] == ["[::1]:2379"]


def test_clients_come_from_exactly_the_declared_prefixes_over_tls() -> None:
    lines = CLUSTER["w-db-a-1"]["postgresql"]["pg_hba"]
    assert [line for line in lines if line.startswith("hostssl all all")] == [
        "hostssl all all 3fff:0:7e:a1::10/128 scram-sha-256"
    ]
    assert all(line.startswith("hostssl ") for line in lines[1:])
    assert lines[0] == "local all postgres peer"
    assert not any("trust" in line or "md5" in line or "::/0" in line for line in lines)


def test_a_rule_for_another_port_lets_nobody_into_the_database() -> None:
    def move(resource: Resource) -> Resource:
        if resource.kind == "net.sg_rule" and resource.get("purpose") == "declared" and resource["sg"] == "w-db":
            return Resource(
                resource.kind,
                resource.name,
                resource.stack,
                resource.urn,
                {**resource.properties, "ports": [5433, 5433]},
            )
        return resource

    moved = patroni.patroni(Estate(tuple(map(move, TOWN))), database("w-db"))
    assert not any(line.startswith("hostssl all all") for line in moved["w-db-a-1"]["postgresql"]["pg_hba"])


def test_no_password_is_in_what_is_rendered() -> None:
    text = json.dumps([CLUSTER, SINGLE])
    assert '"password"' not in text
    assert "secret" not in text


@pytest.mark.parametrize("password", ["one", "two"])
def test_accounts_have_passwords_of_their_own_and_all_change_with_the_secret(password: str) -> None:
    made = patroni.credentials(password, "w-db")
    assert made["admin"] == password
    assert len(set(made.values())) == 4
    assert not set(made.values()) & set(patroni.credentials(password + "!", "w-db").values())
    other = patroni.credentials(password, "air-db")
    assert {other[k] for k in ("replication", "rewind", "restapi")}.isdisjoint(made.values())
