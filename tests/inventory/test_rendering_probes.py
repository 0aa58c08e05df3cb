"""Probes: what is to be proved is what the rules say, from both ends."""

from __future__ import annotations

import random

import pytest

from inventory.estate import Estate, Resource
from inventory.rendering import flows, yaml_text
from inventory.rendering.probes import probes
from tests.playbooks import town

TOWN = town.estate()
PROBES = probes(TOWN)


def rule_between(source: str, target: str, port: int) -> bool:
    """Worked out from the town's own table, not from the code under test."""
    spots = {s.name: s for s in town.SPOTS}

    def side(group: str, direction: str, other: str) -> bool:
        return any(
            r["sg"] == group and r["direction"] == direction and r["ports"][0] <= port <= r["ports"][1]
            and (f"{other}/128" in r["peers6"] or f"{town.NET}::/48" in r["peers6"])
            for r in town.rules()
        )  # fmt: skip

    there = side(spots[target].group, "ingress", spots[source].address if source in spots else town.BASTION)
    return there and (source not in spots or side(spots[source].group, "egress", spots[target].address))


def test_each_probe_expects_what_both_ends_declare() -> None:
    for probe in PROBES:
        expected = rule_between(probe.source, probe.target, probe.port)
        assert probe.expected == ("allowed" if expected else "denied"), probe


def test_every_allowed_pair_is_tried_and_every_open_port_is_refused_to_somebody() -> None:
    names = [s.name for s in town.SPOTS]
    tried = {(p.source, p.target, p.port) for p in PROBES}
    for target in names:
        for port in flows.listening(TOWN, flows.host(TOWN, target)):
            for source in names:
                if source != target and rule_between(source, target, port):
                    assert (source, target, port) in tried
            denied = any(p.expected == "denied" for p in PROBES if (p.target, p.port) == (target, port))
            # every machine of the town may send its logs, the bastion too
            assert denied == ((target, port) != ("log-a", 6514))


def test_ports_that_nobody_opens_are_not_probed() -> None:
    ports = {spot.name: {p.port for p in PROBES if p.target == spot.name} for spot in town.SPOTS}
    assert ports["w-web-a-1"] == {22, 443, 9100}
    assert ports["air-app-b-1"] == {22, 8443, 9100}
    assert ports["w-db-a-1"] == {22, 2379, 2380, 5432, 8008, 9100}
    assert ports["w-db-c-1"] == {22, 2379, 2380, 9100}
    assert ports["air-db-b-1"] == {22, 5432, 8008, 9100}, "a single database's etcd is on the loopback address"
    assert ports["log-a"] == {22, 6514, 9100}
    assert ports["monitor-c"] == {22, 9090, 9093, 9100}


def test_the_choice_does_not_depend_on_the_order_of_the_graph() -> None:
    resources = list(TOWN)
    random.Random(7).shuffle(resources)
    assert probes(Estate(tuple(resources))) == PROBES


def test_simulated_hosts_are_no_targets() -> None:
    assert probes(town.estate(host_keys={})) == ()


def test_a_udp_rule_is_no_tcp_connection() -> None:
    more = [
        Resource("net.sg_rule", "t", "s", "t", {
            "sg": "air-app", "direction": direction, "protocol": "udp", "ports": [9100, 9100],
            "peers6": [f"{town.NET}::/48"], "purpose": "time",
        }) for direction in ("ingress", "egress")
    ]  # fmt: skip
    assert probes(Estate((*TOWN, *more))) == PROBES


def test_yaml_survives_what_plain_yaml_would_misread() -> None:
    import yaml

    data = {"a": "no", "b": ("22:30", "1.10", "0443"), "c": "one\ntwo\n", "中": {"d": [1, None, True, 2.5]}}
    text = yaml_text(data)
    assert yaml.safe_load(text) == {**data, "b": list(data["b"])}
    assert text.index("a:") < text.index("中:")
    assert "|" in text


@pytest.mark.parametrize("name", ["w-db-a-1", "w-db-b-1", "w-db-c-1", "air-db-b-1"])
def test_the_database_of_a_host_is_found(name: str) -> None:
    found = flows.database_of(TOWN, name)
    assert found is not None
    assert found.name == ("air-db" if name.startswith("air") else "w-db")
