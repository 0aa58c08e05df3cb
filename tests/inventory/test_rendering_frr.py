"""Real FRR in real namespaces: what is rendered for five routers leads everywhere, and still does when a line is cut."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from inventory.estate import from_data
from inventory.places import ROOT
from inventory.rendering import nodes, services, tayga
from inventory.rendering.frr import frr
from tests.inventory import frrs
from tests.inventory.frrs import PATIENCE, run

ESTATE = from_data(json.loads((ROOT / "tests/cases/rendering/two-sites/estate.json").read_text(encoding="utf-8")))
NET = nodes.net(ESTATE)
DAEMONS = ("zebra", "staticd", "bfdd", "ospf6d", "bgpd")
ROUTERS = [router.name for router in NET.routers]


def space(router: str) -> str:
    return f"lzt{os.getpid()}-{router}"


@pytest.fixture(scope="module")
def city() -> Iterator[None]:
    """Five routers with their lines and segments, and FRR on each."""
    frrs.needed(DAEMONS)
    started: list[Path] = []
    try:
        _wire()
        for router in ROUTERS:
            started.append(Path(tempfile.mkdtemp(prefix="lzt-")))
            frrs.start(space(router), started[-1], DAEMONS, frr(ESTATE, router))
        yield
    finally:
        frrs.end(started, map(space, ROUTERS))


def _wire() -> None:
    for router in ROUTERS:
        run("ip", "netns", "add", space(router))
        run("ip", "netns", "exec", space(router), "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1",
            "net.ipv6.conf.default.accept_dad=0")  # fmt: skip
        run("ip", "-n", space(router), "link", "set", "lo", "up")
    for edge in nodes.edges(NET):
        (one, other), (mine, theirs) = edge.ends, edge.devices
        run(
            "ip",
            "link",
            "add",
            mine,
            "netns",
            space(one),
            "type",
            "veth",
            "peer",
            "name",
            theirs,
            "netns",
            space(other),
        )
    translators = {router.name for router in services.translators(ESTATE)}
    for router, table in nodes.tables(nodes.Net(NET.routers, NET.loopbacks, NET.lines)).items():
        stubs = {nodes.device("segment", s.name): s for s in NET.segments if s.router == router}
        batch = [f"link add {name} type veth peer name x{number}" for number, name in enumerate(stubs)]
        batch += [f"link set x{number} up" for number in range(len(stubs))]
        if router in translators:
            batch += [f"link add {tayga.DEVICE} type veth peer name y", "link set y up"]
            batch += tayga.batch(ESTATE, router).splitlines()
        devices = [d for e in nodes.edges(NET) for end, d in zip(e.ends, e.devices, strict=True) if end == router]
        batch += [f"link set {device} up" for device in (*stubs, *devices)]
        batch += [f"addr replace {ip_network(s.prefixes[0])[1]}/64 dev {name} nodad" for name, s in stubs.items()]
        batch += [f"addr replace {address} dev {device} nodad" for device, address in table.addresses]
        run("ip", "-n", space(router), "-batch", "-", stdin="\n".join(batch) + "\n")


def _way(router: str, address: str) -> list[str]:
    """Routers that a packet passes, as the kernels say; "" at the end where it is dropped."""
    wires = {}
    for edge in nodes.edges(NET):
        (one, other), (mine, theirs) = edge.ends, edge.devices
        wires |= {(one, mine): other, (other, theirs): one}
    way = [router]
    while len(way) < 10:
        done = subprocess.run(
            ["ip", "-n", space(way[-1]), "-json", "route", "get", address], capture_output=True, text=True, check=False
        )
        found = json.loads(done.stdout or "[]")
        if (
            done.returncode
            or not found
            or "dev" not in found[0]
            or found[0].get("type") in ("blackhole", "unreachable")
        ):
            return [*way, ""]
        following = wires.get((way[-1], found[0]["dev"]))
        if following is None:
            return way
        way.append(following)
    return [*way, "…"]


def _targets() -> dict[str, str]:
    """Address → the router that it lies at."""
    found = {str(ip_network(s.prefixes[0])[9]): s.router for s in NET.segments}
    found |= {text.partition("/")[0]: router for router, text in NET.loopbacks.items()}
    return found | {str(ip_network(prefix.text)[9]): prefix.router for prefix in NET.translated}


def _settled(wrong: dict[tuple[str, str], list[str]] | None = None) -> dict[tuple[str, str], list[str]]:
    """What does not arrive where it should, once nothing more changes or patience is over."""
    until = time.monotonic() + PATIENCE
    while wrong is None or (wrong and time.monotonic() < until):
        ways = {(router, address): _way(router, address) for router in ROUTERS for address in _targets()}
        wrong = {pair: way for pair, way in ways.items() if way[-1] != _targets()[pair[1]]}
        if wrong:
            time.sleep(1)
    return wrong


def _way_in_time(router: str, address: str, wanted: list[str]) -> list[str]:
    """The way once it is the wanted one, or patience is over: what arrives need not go the best way yet."""
    until = time.monotonic() + PATIENCE
    while (way := _way(router, address)) != wanted and time.monotonic() < until:
        time.sleep(0.2)
    return way


@pytest.mark.slow
@pytest.mark.usefixtures("city")
def test_every_router_leads_to_every_prefix_also_after_a_line_is_cut() -> None:
    assert _settled() == {}
    straight = ["core-c", "core-a", ""]
    assert _way_in_time("core-c", "3fff:430:17ff:1::9", straight) == straight, "what nobody has is refused at its site"
    assert _way("core-c", "2001:db8::1")[-1] == ""
    device = next(edge.devices[0] for edge in nodes.edges(NET) if edge.name == "a-c")
    run("ip", "-n", space("core-a"), "link", "set", device, "down")
    assert _settled() == {}
    round_it = ["core-c", "core-b", "core-a", "access-a"]
    assert _way_in_time("core-c", "3fff:430:1300:1::9", round_it) == round_it
