"""Real FRR in real namespaces round a ring with a satellite across it: nothing goes over the satellite while the ring is
whole, although it is the shorter way from three of the five sites; everything arrives when the ring is cut."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.rendering import nodes
from inventory.rendering.frr import BACKUP_COMMUNITY, frr
from tests.inventory import frrs
from tests.inventory.frrs import PATIENCE, run
from tests.inventory.test_rendering_network import STORIES, estate

OF = estate(next(story for story in STORIES if story.name == "ring-and-satellite"))
NET = nodes.net(OF)
EDGES = {edge.name: edge for edge in nodes.edges(NET)}
_ORDERS = 6
ROUTERS = [router.name for router in NET.routers]
DAEMONS = ("zebra", "staticd", "bfdd", "bgpd")


def space(router: str) -> str:
    return f"lzs{os.getpid()}-{router}"


@pytest.fixture(params=[False, True], ids=["as rendered", "without the mark"])
def ring(request: pytest.FixtureRequest) -> Iterator[tuple[bool, list[Path]]]:
    """The ring, with FRR on each router and its folders; True: nobody is told what came over the satellite."""
    frrs.needed(DAEMONS)
    folders: list[Path] = []
    try:
        _wire()
        for router in ROUTERS:
            folders.append(Path(tempfile.mkdtemp(prefix="lzs-")))
            _start(router, folders[-1], request.param)
        _all_speak(folders)
        yield request.param, folders
    finally:
        frrs.end(folders, map(space, ROUTERS))


def _all_speak(folders: list[Path]) -> None:
    """Once every line has its session at both ends, the satellite's too: what settles before says nothing of it."""
    until, seen = time.monotonic() + PATIENCE, []
    while time.monotonic() < until:
        said = [json.loads(run("vtysh", "--vty_socket", str(one), "-c", "show bgp summary json")) for one in folders]
        seen = [peer["state"] for one in said for peer in one.get("ipv6Unicast", {}).get("peers", {}).values()]
        if len(seen) == 2 * len(EDGES) and set(seen) == {"Established"}:
            return
        time.sleep(0.5)
    raise AssertionError(f"not every session is up in {PATIENCE} s: {seen}")


def _wire() -> None:
    for router in ROUTERS:
        run("ip", "netns", "add", space(router))
        run("ip", "netns", "exec", space(router), "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1",
            "net.ipv6.conf.default.accept_dad=0")  # fmt: skip
        run("ip", "-n", space(router), "link", "set", "lo", "up")
        run("ip", "-n", space(router), "addr", "add", NET.loopbacks[router], "dev", "lo")
    for edge in EDGES.values():
        (one, other), (mine, theirs) = map(space, edge.ends), edge.devices
        run("ip", "link", "add", mine, "netns", one, "type", "veth", "peer", "name", theirs, "netns", other)
        for there, device, address in zip((one, other), edge.devices, edge.addresses, strict=True):
            run("ip", "-n", there, "addr", "add", address, "dev", device, "nodad")
            run("ip", "-n", there, "link", "set", device, "up")


def _start(router: str, folder: Path, unmarked: bool) -> None:
    text, mark = frr(OF, router), f" set community {BACKUP_COMMUNITY} additive\n"
    assert (mark in text) == any(line.backup and router in line.routers for line in NET.lines)
    frrs.start(space(router), folder, DAEMONS, text.replace(mark, "") if unmarked else text)


def _ways() -> dict[tuple[str, str], tuple[str, ...]]:
    """(from, to) → lines that a packet to the other's loopback goes over, as the kernels' tables say; "" where it ends
    early. The tables, and not `ip route get`, which after a change of nexthop objects is wrong on some processors."""
    ends = {
        (end, device): (edge.name, edge.ends[1 - n])
        for edge in EDGES.values()
        for n, (end, device) in enumerate(zip(edge.ends, edge.devices, strict=True))
    }
    tables = {
        router: {
            row["dst"]: row.get("dev", "") for row in json.loads(run("ip", "-n", space(router), "-6", "-json", "route"))
        }
        for router in ROUTERS
    }
    found = {}
    for start in ROUTERS:
        for target in ROUTERS:
            here, way = start, []
            while here != target and len(way) <= len(ROUTERS):
                line = ends.get((here, tables[here].get(NET.loopbacks[target].partition("/")[0], "")))
                way.append(line[0] if line else "")
                here = line[1] if line else target
            if start != target:
                found[start, target] = tuple(way)
    return found


def _settled() -> dict[tuple[str, str], tuple[str, ...]]:
    """Once everybody reaches everybody and nothing has changed for three seconds."""
    until, since, last = time.monotonic() + PATIENCE, time.monotonic(), _ways()
    while time.monotonic() < until:
        now = _ways()
        if now != last or any("" in way for way in now.values()):
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 3:
            return now
        time.sleep(0.5)
    raise AssertionError(f"not settled in {PATIENCE} s: {last}")


def _over() -> set[tuple[str, str]]:
    return {pair for pair, way in _settled().items() if "a-d" in way}


@pytest.mark.slow
def test_the_satellite_is_used_only_when_the_ring_is_cut(ring: tuple[bool, list[Path]]) -> None:
    unmarked, folders = ring
    if unmarked:
        # the preference alone does not leave its site: site c hears of a shorter way than the ring's and takes it, if that
        # comes first: there are two states in which all are content (RFC 4264), and which it is depends on the order
        for _ in range(_ORDERS):
            if _over():
                return
            for folder in folders:
                run("vtysh", "--vty_socket", str(folder), "-c", "clear bgp *")
            _all_speak(folders)
        raise AssertionError(f"nothing went over the satellite in {_ORDERS} orders of arrival")
    assert _over() == set()
    for device, end in zip(EDGES["b-e"].devices, EDGES["b-e"].ends, strict=True):
        run("ip", "-n", space(end), "link", "set", device, "down")
    west, east = {"core-a", "core-b", "core-c"}, {"core-d", "core-e"}
    ways = _settled()
    assert {pair for pair, way in ways.items() if "a-d" in way} == {
        (one, other) for one in ROUTERS for other in ROUTERS if (one in west) != (other in west)
    }
    assert west | east == set(ROUTERS)
