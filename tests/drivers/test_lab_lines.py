"""Real lines: they take their declared time, are lost, cut, isolated and repaired, and die with the lab only.

The routers have computed routes alone here, as on a machine without FRR: what a loss does is seen before anybody goes
round it. `test_lab_routing` has the same city with FRR.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from statistics import median

import pytest
from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental.property_value import PropertyValue

from inventory.kinds.net import Link
from inventory.places import ROOT
from inventory.vantage import inside
from stacks.drivers.base import Thing
from stacks.drivers.lab import cgroups, left, lines, loss, names, partition, routing, shell, teardown
from stacks.provider.gov import Gov
from stacks.provider.wire import boxed, plain
from tests.drivers import labs
from tests.drivers.labs import City

pytestmark = [pytest.mark.lab, pytest.mark.slow]

AB, BC, AC = labs.line("a", "b", 1, 2), labs.line("b", "c", 2, 4), labs.line("a", "c", 3, 20)
NETWORK = (
    labs.router("a", 1), labs.router("b", 2), labs.router("c", 3), labs.router("b", 2, "access"), AB, BC, AC,
    labs.segment("a", 1), labs.segment("b", 2, "access-b"), labs.segment("c", 3),
    labs.bastion("a", 1), labs.bastion("b", 2), labs.bastion("c", 3),
)  # fmt: skip
FAR = {"a": "3fff:0:0:1::fe", "b": "3fff:0:0:2::fe", "c": "3fff:0:0:3::fe"}
"""site → the address of what hangs there"""
PAIRS = frozenset((one, other) for one in FAR for other in FAR if one != other)


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    """Three sites in a ring, each with something at its end that answers; nothing may stay of it."""
    labs.ready()
    monkeypatch.setattr(routing, "way", lambda: "none")
    made = City(tmp_path / "city")
    made.build(*NETWORK)
    yield made
    teardown(made.place)
    assert left(made.place) == ()


@pytest.fixture
def program() -> None:
    if lines.way() != "program":
        pytest.skip(f"NO DELAY LINES ON THIS MACHINE ({lines.way()}): their death is not tested")


def reached(city: City) -> frozenset[tuple[str, str]]:
    """Pairs of sites between which a packet goes and its answer comes."""
    lab = names.lab_id(city.place)

    def goes(pair: tuple[str, str]) -> bool:
        return labs.ping(names.netns(lab, "sec.bastion", f"bastion-{pair[0]}"), FAR[pair[1]])

    with ThreadPoolExecutor(6) as several:
        return frozenset(pair for pair, yes in zip(PAIRS, several.map(goes, PAIRS), strict=True) if yes)


def status(city: City, line: Thing) -> str | None:
    """What a refresh reads; None where the line is gone."""
    found = city.lab.find(line.kind, line.name)
    return found and found.properties["status"]


def pid(city: City, line: Thing) -> int:
    """The program of a line."""
    group = cgroups.LINE + names.wire(names.lab_id(city.place), "line", line.name, "0")
    (found,) = cgroups.processes(names.lab_id(city.place), group)
    return found


def across(line: Thing) -> str:
    """The far end of a line, seen from its first router."""
    return str(ip_network(line.properties["prefix6"])[1])


def between(city: City, line: Thing, count: int = 20) -> list[float]:
    return labs.pings(labs.router_space(city.place, line.properties["routers"][0]), across(line), count)


def test_a_line_takes_its_declared_round_trip(city: City) -> None:
    if lines.way() == "none":
        pytest.skip("NEITHER NETEM NOR TUN ON THIS MACHINE: lines have no delay, and none is measured")
    changed = replace(AC, properties={**AC.properties, "rtt_ms": 45})
    for line, rtt in ((AB, 2), (BC, 4), (AC, 20), (changed, 45)):
        city.build(line)
        took, middle = list[float](), list[float]()
        for _ in range(5):  # a machine busy with something else lengthens a line for a while, not five times
            took = between(city, line)
            assert len(took) == 20, "nothing is lost on a line that is well"
            assert min(took) >= rtt, "never earlier than declared"
            middle.append(median(took))
            if middle[-1] <= rtt * 1.2 + 1:
                break
        print(f"{line.name}: declared {rtt} ms, measured {min(took):.2f} / {median(took):.2f} / {max(took):.2f} ms")
        assert min(middle) <= rtt * 1.2 + 1
    assert reached(city) == PAIRS


def test_a_line_is_no_faster_than_its_declared_bandwidth(city: City) -> None:
    if lines.way() == "none":
        pytest.skip("NEITHER NETEM NOR TUN ON THIS MACHINE: lines have no bandwidth, and none is measured")
    city.build(replace(AB, properties={**AB.properties, "bandwidth_mbps": 8, "lines": 2}))
    spaces = [names.path(labs.router_space(city.place, f"core-{site}")) for site in "ab"]
    sent = 3_000_000
    with inside(spaces[1], lambda: socket.create_server((across(AB), 5001), family=socket.AF_INET6)) as server:
        client = inside(spaces[0], lambda: socket.create_connection((across(AB), 5001), 10))
        peer = server.accept()[0]
        with client, peer:
            began, got = time.monotonic(), 0
            threading.Thread(target=lambda: (client.sendall(bytes(sent)), client.shutdown(socket.SHUT_WR))).start()
            while data := peer.recv(1 << 16):
                got += len(data)
            took = time.monotonic() - began
    assert got == sent
    assert took >= sent * 8 / 16e6 * 0.95, "two lines of 8 Mbit/s; what waits at the line is a twentieth of a second"


def test_a_silent_loss_loses_every_packet_and_the_line_still_says_up(city: City) -> None:
    assert reached(city) == PAIRS
    before = labs.tables(city.place)
    for _ in range(2):
        partition.lose(city.place, AB.name)
    assert between(city, AB) == []
    for space, device in lines.ends(names.lab_id(city.place), Link(**AB.properties)):
        assert shell.devices(space)[device].up
        assert "LOWER_UP" in shell.run("ip", "-n", space, "link", "show", device)
    assert labs.tables(city.place) == before, "nobody's routes know"
    assert reached(city) == {("b", "c"), ("c", "b")}, "the short way from a to c is through b"
    assert (status(city, AB), status(city, BC), status(city, AC)) == ("lost", "up", "up")
    city.build(labs.segment("c", 3))
    assert status(city, AB) == "lost", "converging again mends nothing"
    assert partition.avoid(city.place) == (AB.name,)
    assert reached(city) == PAIRS, "by way of c"
    assert between(city, AB) == []
    partition.mend(city.place, AB.name)
    partition.mend(city.place, AB.name)
    assert status(city, AB) == "up"
    assert labs.tables(city.place) == before
    assert len(between(city, AB)) == 20
    assert reached(city) == PAIRS


def test_an_isolated_site_is_alone_until_it_is_reunited(city: City) -> None:
    before = labs.tables(city.place)
    partition.isolate(city.place, "b")
    partition.lose(city.place, AB.name)
    assert reached(city) == frozenset(), "a and c speak through b, and do not know"
    assert [status(city, line) for line in (AB, BC, AC)] == ["lost", "lost", "up"]
    assert set(partition.avoid(city.place)) == {AB.name, "b"}
    assert reached(city) == {("a", "c"), ("c", "a")}
    assert [(fault.subject, fault.name) for fault in partition.declared(city.place)] == [
        ("net.link", AB.name), ("site", "b"),
    ]  # fmt: skip
    partition.reunite(city.place, "b")
    assert [status(city, line) for line in (AB, BC, AC)] == ["lost", "up", "up"], "what else was done to it stays"
    partition.mend(city.place, AB.name)
    assert (labs.tables(city.place), reached(city), partition.declared(city.place)) == (before, PAIRS, ())
    for work, name in ((partition.isolate, "x"), (partition.lose, "x"), (partition.cut, "x"), (partition.fail, "x")):
        assert labs.refused(work, city.place, name).reason == "not-found"


@pytest.mark.parametrize(("router", "reaching"), [("core-a", "bc"), ("access-b", "ac")])
def test_a_router_that_failed_comes_back_with_its_ports(city: City, router: str, reaching: str) -> None:
    city.build(labs.host("a", 1), labs.host("b", 2))
    before = everything(city)
    for _ in range(2):
        partition.fail(city.place, router)
    assert reached(city) == {(reaching[0], reaching[1]), (reaching[1], reaching[0])}
    found = city.lab.find("net.router", router)
    assert found is not None
    assert found.properties["status"] == "lost"
    assert not city.reaches("web-a-1", "198.18.2.1")
    for _ in range(2):
        partition.revive(city.place, router)
    assert everything(city) == before
    assert reached(city) == PAIRS
    for address in ("3fff:0:0:2::1", "198.18.2.1"):
        assert city.reaches("web-a-1", address)
    assert city.lab.restore() == ()


def everything(city: City) -> dict[str, object]:
    """Devices, addresses and routes of every router, also those towards its hosts."""
    spaces = [labs.router_space(city.place, router) for router in ("core-a", "core-b", "core-c", "access-b")]
    return {
        space: (
            shell.devices(space),
            [
                sorted(shell.run("ip", "-n", space, family, "route", "show", "table", "all").splitlines())
                for family in ("-4", "-6")
            ],
        )
        for space in spaces
    }


def test_a_fault_is_drift_that_an_update_mends(city: City) -> None:
    gov = Gov(lambda kind: city.lab)
    urn = f"urn:pulumi:network::liangzhu::gov:net/link:Link::{AB.name}"
    inputs = {key: boxed(value) for key, value in AB.properties.items() if value is not None}

    def differs(state: dict[str, PropertyValue]) -> bool | None:
        return asyncio.run(gov.diff(p.DiffRequest(urn, id_, state, inputs, []))).changes

    made = asyncio.run(gov.create(p.CreateRequest(urn, inputs, 60, False)))
    id_ = made.resource_id or ""
    for break_, said in ((partition.lose, "lost"), (partition.cut, "cut")):
        break_(city.place, AB.name)
        read = asyncio.run(gov.read(p.ReadRequest(urn, id_, made.properties, inputs)))
        assert plain(read.properties["status"]) == said
        assert differs(made.properties) is False
        assert differs(read.properties) is True
        update = p.UpdateRequest(urn, id_, read.properties, inputs, 60, [], False)
        mended = asyncio.run(gov.update(update)).properties
        assert differs(mended) is False
        assert partition.declared(city.place) == ()
        assert len(between(city, AB)) == 20
    partition.isolate(city.place, "b")
    partition.fail(city.place, "core-c")
    assert {"core-c", AB.name, BC.name, AC.name} <= set(city.lab.restore()), "as the next ./lz up begins"
    assert (partition.declared(city.place), city.lab.restore(), reached(city)) == ((), (), PAIRS)


def test_a_line_set_down_from_outside_is_seen_and_brought_back(city: City) -> None:
    (space, device), _ = lines.ends(names.lab_id(city.place), Link(**AB.properties))
    shell.ip(space, f"link set {device} down")
    assert status(city, AB) == "cut"
    assert city.lab.restore() == (AB.name,)
    assert (status(city, AB), reached(city)) == ("up", PAIRS)


@pytest.mark.usefixtures("program")
def test_a_killed_delay_line_is_found_and_replaced(city: City) -> None:
    first = pid(city, AB)
    os.kill(first, signal.SIGKILL)
    until(lambda: status(city, AB) is None)
    assert city.lab.restore() == (AB.name,)
    assert pid(city, AB) != first
    assert (status(city, AB), reached(city)) == ("up", PAIRS)
    partition.lose(city.place, AB.name)
    os.kill(pid(city, AB), signal.SIGKILL)
    until(lambda: status(city, AB) is None)
    city.build(labs.segment("c", 3))
    assert status(city, AB) == "lost", "the new one is as broken as the old one was"
    assert between(city, AB) == []


@pytest.mark.usefixtures("program")
def test_a_delay_line_outlives_its_maker_and_goes_with_its_line(city: City) -> None:
    made = city.lab.find(AB.kind, AB.name)
    assert made is not None
    city.lab.delete(made.kind, made.id)
    assert len(cgroups.lines(names.lab_id(city.place))) == 2
    program = (
        "import time; from pathlib import Path; from stacks.drivers.lab import Lab; from tests.drivers import labs\n"
        f"Lab(None, Path({str(city.place)!r})).create(labs.line('a', 'b', 1, 2)); print('made', flush=True)\n"
        "time.sleep(600)"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert maker.stdout is not None
    assert maker.stdout.readline() == "made\n"
    os.killpg(maker.pid, signal.SIGKILL)
    maker.wait(30)
    assert len(between(city, AB)) == 20
    assert os.getsid(pid(city, AB)) == pid(city, AB)


def test_destroyed_in_the_middle_of_a_partition_nothing_is_left(city: City) -> None:
    partition.isolate(city.place, "a")
    partition.cut(city.place, BC.name)
    partition.fail(city.place, "access-b")
    during = labs.machine(city.folder)
    assert during["namespaces"]
    assert during["groups"] or lines.way() != "program"
    lab = names.lab_id(city.place)
    assert any(loss.silent(space) for space in shell.namespaces() if space.startswith(f"lz{lab}-r-"))
    teardown(city.place)
    until(lambda: not any(labs.machine(city.folder).values()))
    assert left(city.place) == ()
    assert not [device for device in os.listdir("/sys/class/net") if lab in device]


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not come to be in time"
        time.sleep(0.05)
