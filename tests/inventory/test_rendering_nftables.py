"""A host's packet filter lets through exactly what was declared: read back by an evaluator of its own, and by nft."""

from __future__ import annotations

import re
import shutil
import subprocess
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.estate import UNKNOWN, Estate, Resource
from inventory.problems import Refused
from inventory.rendering.nftables import nftables
from tests.playbooks import town

NETS = [
    "3fff:0:7e:a1::/64",
    "3fff:0:7e:a1::10/128",
    "3fff:0:7e::/48",
    "2001:db8::1/128",
    "198.18.0.0/24",
    "203.0.113.7/32",
]
HOSTS = ["3fff:0:7e:a1::10", "3fff:0:7e:a1::11", "3fff:0:7e:b1::1", "2001:db8::1", "198.18.0.9", "203.0.113.7"]
PORTS = st.integers(1, 65535)


@st.composite
def rule(draw: st.DrawFn, number: int) -> Resource:
    nets = draw(st.lists(st.sampled_from(NETS), max_size=4))
    protocol = draw(st.sampled_from(["tcp", "udp", "icmpv6"]))
    first, last = sorted(draw(st.tuples(PORTS, PORTS)))
    properties = {
        "sg": draw(st.sampled_from(["g", "g", "other"])), "direction": draw(st.sampled_from(["ingress", "egress"])),
        "protocol": protocol, "ports": None if protocol == "icmpv6" else [float(first), float(last)],
        "peers6": [n for n in nets if ":" in n], "peers4": [n for n in nets if ":" not in n],
    }  # fmt: skip
    return Resource("net.sg_rule", f"rule-{number}", "s", f"urn:{number}", properties)


@st.composite
def rules(draw: st.DrawFn) -> list[Resource]:
    return [draw(rule(number)) for number in range(draw(st.integers(0, 8)))]


def estate(rules: list[Resource]) -> Estate:
    host = Resource("compute.host", "h", "s", "urn:h", {"security_groups": ["g"], "address6": "3fff::1"})
    return Estate((*rules, host))


def lines(text: str, hook: str) -> list[str]:
    body = text.split(f"chain {hook} {{")[1].split("    }\n", maxsplit=1)[0]
    return [line.strip() for line in body.splitlines()]


def lets(text: str, direction: str, protocol: str, port: int, address: str) -> bool:
    """An evaluator that knows nothing of the renderer: reads the rules as nft would."""
    hook, side = ("input", "saddr") if direction == "ingress" else ("output", "daddr")
    other = ip_address(address)
    for line in lines(text, hook):
        match = re.fullmatch(rf"(ip6?) {side} \{{ (.*?) \}} (.*) counter accept comment .*", line)
        if not match or (match[1] == "ip6") != (other.version == 6):
            continue
        if not any(other in ip_network(net) for net in match[2].split(", ")):
            continue
        ports = re.fullmatch(r"(tcp|udp) dport (\d+)(?:-(\d+))?", match[3])
        if ports and ports[1] == protocol and int(ports[2]) <= port <= int(ports[3] or ports[2]):
            return True
    return False


@settings(max_examples=150, deadline=None)
@given(rules(), st.sampled_from(["ingress", "egress"]), st.sampled_from(["tcp", "udp"]), PORTS, st.sampled_from(HOSTS))
def test_a_packet_passes_exactly_where_a_rule_says_so(
    declared: list[Resource], direction: str, protocol: str, port: int, address: str
) -> None:
    text = nftables(estate(declared), "h")
    spans = [tuple(map(int, r["ports"])) for r in declared if r["ports"]]
    for each in {port, *(p for first, last in spans for p in (first, last, last + 1, first - 1))}:
        expected = any(
            r["sg"] == "g"
            and (r["direction"], r["protocol"]) == (direction, protocol)
            and r["ports"][0] <= each <= r["ports"][1]
            and any(ip_address(address) in ip_network(net) for net in (*r["peers6"], *r["peers4"]))
            for r in declared
            if r["ports"]
        )
        assert lets(text, direction, protocol, each, address) == expected


@settings(max_examples=80, deadline=None)
@given(rules(), st.randoms())
def test_every_rule_of_the_group_appears_once_a_family_and_the_order_is_stable(
    declared: list[Resource], random
) -> None:
    text = nftables(estate(declared), "h")
    for each in declared:
        families = bool(each["peers6"]) + bool(each["peers4"])
        accepted = text.count(f'accept comment "{each.name}"')
        assert accepted == (families if each["sg"] == "g" else 0)
        assert text.count(f"# {each.name}: no peers") == (1 if each["sg"] == "g" and not families else 0)
    shuffled = list(declared)
    random.shuffle(shuffled)
    assert nftables(estate(shuffled), "h") == text


def test_all_three_directions_deny_by_default_and_only_our_table_is_touched() -> None:
    text = nftables(town.estate(), "w-web-a-1")
    assert re.findall(r"type filter hook (\w+) priority filter; policy (\w+);", text) == [
        ("input", "drop"), ("forward", "drop"), ("output", "drop"),
    ]  # fmt: skip
    assert "flush ruleset" not in text
    assert re.findall(r"^(?:delete )?table (.*?)(?: \{)?$", text, re.M) == ["inet liangzhu"] * 3


def test_what_is_not_known_yet_is_refused() -> None:
    unknown = Resource("net.sg_rule", "r", "s", "u", {"sg": "g", "direction": "ingress", "peers6": [UNKNOWN]})
    with pytest.raises(Refused, match=r"net\.sg_rule/r.*rendering\.unknown"):
        nftables(estate([unknown]), "h")


def checked(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["unshare", "--net", "--map-root-user", "nft", "-c", "-f", "-"], input=text, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nft() -> None:
    if not shutil.which("nft"):
        pytest.skip("NO nft ON THIS MACHINE: the syntax of the packet filters is not checked (apt install nftables)")
    probe = checked("table inet probe { }\n")
    if probe.returncode:
        pytest.skip(f"NO NETWORK NAMESPACES HERE, packet filters are not checked by nft: {probe.stderr.strip()}")


@pytest.mark.usefixtures("nft")
@settings(max_examples=25, deadline=None)
@given(rules())
def test_nft_accepts_what_is_rendered(declared: list[Resource]) -> None:
    done = checked(nftables(estate(declared), "h"))
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("nft")
@pytest.mark.parametrize("name", [spot.name for spot in town.SPOTS])
def test_nft_accepts_every_host_of_the_town_and_refuses_nonsense(name: str) -> None:
    text = nftables(town.estate(), name)
    assert checked(text).returncode == 0
    assert checked(text.replace("policy drop", "policy perhaps")).returncode != 0
