"""Real FRR in the lab's routers: it says what is computed, finds what is broken, and is found when it is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inventory.kinds import kinds
from stacks.drivers.base import Thing
from stacks.drivers.lab import Lab, cgroups, left, names, network, partition, routing, teardown
from tests.drivers import labs
from tests.drivers.labs import City
from tests.drivers.routed import PATIENCE, agree, found, proved, spoken
from tests.policies.demo import planned

pytestmark = [pytest.mark.lab, pytest.mark.slow]

AB, BC, AC = labs.line("a", "b", 1, 2), labs.line("b", "c", 2, 4), labs.line("a", "c", 3, 20)
NETWORK = (
    labs.router("a", 1), labs.router("b", 2), labs.router("c", 3), labs.router("b", 2, "access"), AB, BC, AC,
    labs.segment("a", 1), labs.segment("b", 2, "access-b"), labs.segment("c", 3),
    labs.bastion("a", 1), labs.bastion("b", 2),
)  # fmt: skip
FAR = "3fff:0:0:2::fe"
"""of site b, behind its access router"""


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """Three sites in a ring, nothing built; nothing may stay of it."""
    labs.ready()
    if routing.way() != "frr":
        pytest.skip("NO FRR ON THIS MACHINE: no router of the lab speaks a routing protocol (apt install frr)")
    made = City(tmp_path / "city")
    yield made
    teardown(made.place)
    assert left(made.place) == ()
    assert not any(labs.machine(made.folder).values())
    assert not list(routing.FOLDERS.glob(f"lz{names.lab_id(made.place)}-*"))


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "did not come to be in time"
        time.sleep(0.05)
    return time.monotonic() - began


def pids(place: Path, router: str, daemon: str) -> list[int]:
    of = cgroups.processes(names.lab_id(place), cgroups.ROUTER + router)
    return [
        pid for pid in of if Path("/proc", str(pid), "cmdline").read_text().startswith(f"{routing.LIBRARY}/{daemon}\0")
    ]


def status(city: City, router: str) -> str:
    there = city.lab.find("net.router", router)
    assert there is not None
    return there.properties["status"]


def test_the_demos_routers_say_what_is_proved_whichever_line_is_cut(city: City, tmp_path: Path) -> None:
    plan = planned(tmp_path / "home")
    things = [
        Thing(it.kind, it.name, {key: it[key] for key in kinds()[kind].model_fields if key in it})
        for kind in ("net.router", "net.link", "net.subnet") for it in plan.kind(kind)
    ]  # fmt: skip
    city.build(*things)
    took = agree(city.place, things)
    for router, hops in proved(things, city.place).items():
        assert found(city.place, router, str(network.FLOOR), (str(network.PROTOCOL),)) == hops, "also without FRR"
        assert len(hops) > 20
    print(f"the demo's routers agree {took:.1f} s after the last of {len(things)} things")
    for line in plan.kind("net.link"):
        partition.cut(city.place, line.name)
        cut = agree(city.place, things, [line.name])
        partition.mend(city.place, line.name)
        print(f"{line.name} cut: {cut:.2f} s, mended: {agree(city.place, things):.2f} s")


def test_a_silent_loss_is_gone_round_and_back_and_nobody_says_anything(city: City) -> None:
    city.build(*NETWORK)
    agree(city.place, NETWORK)
    bastion, floor = names.netns(names.lab_id(city.place), "sec.bastion", "bastion-a"), labs.tables(city.place)
    assert labs.ping(bastion, FAR)
    partition.lose(city.place, AB.name)
    gap = until(lambda: labs.ping(bastion, FAR))
    agree(city.place, NETWORK, [AB.name])
    assert labs.tables(city.place) == floor, "what is computed knows nothing of it"
    link = city.lab.find(AB.kind, AB.name)
    assert link is not None
    assert link.properties["status"] == "lost"
    partition.mend(city.place, AB.name)
    back = agree(city.place, NETWORK)
    partition.isolate(city.place, "c")
    agree(city.place, NETWORK, [BC.name, AC.name], but=["core-c"])
    assert labs.ping(bastion, FAR)
    partition.reunite(city.place, "c")
    agree(city.place, NETWORK)
    print(f"an answer {gap:.2f} s after the loss, back {back:.2f} s after the repair")


@pytest.mark.parametrize("daemon", ["zebra", "bgpd", "bfdd", "ospf6d"])
def test_a_killed_daemon_is_seen_and_comes_back_and_packets_go_meanwhile(city: City, daemon: str) -> None:
    city.build(*NETWORK)
    agree(city.place, NETWORK)
    others = ("core-a", "core-c", "access-b")
    before = {router: pids(city.place, router, "bgpd") for router in others}
    (victim,) = pids(city.place, "core-b", daemon)
    os.kill(victim, signal.SIGKILL)
    until(lambda: status(city, "core-b") == "unrouted")
    bastion = names.netns(names.lab_id(city.place), "sec.bastion", "bastion-a")
    until(lambda: labs.ping(bastion, FAR))
    assert city.lab.restore() == ("core-b",), "as the next ./lz up begins"
    assert status(city, "core-b") == "up"
    agree(city.place, NETWORK)
    assert pids(city.place, "core-b", daemon) != [victim]
    assert {router: pids(city.place, router, "bgpd") for router in others} == before, "whoever is well is left alone"
    assert city.lab.restore() == ()


def test_lines_come_and_go_while_the_daemons_run(city: City) -> None:
    city.build(*(thing for thing in NETWORK if thing.name != AC.name))
    less = [thing for thing in NETWORK if thing.name != AC.name]
    agree(city.place, less)
    before = {router: pids(city.place, router, "bgpd") for router in ("core-a", "core-b", "core-c")}
    made = city.build(AC)[AC.name]
    agree(city.place, NETWORK)
    assert {router: pids(city.place, router, "bgpd") for router in before} == before, "more is told to those that run"
    city.lab.delete(AC.kind, made.id)
    agree(city.place, less)
    city.build(labs.segment("d", 4, "core-c"))
    agree(city.place, [*less, labs.segment("d", 4, "core-c")])
    for line in (AB, BC):
        there = city.lab.find(line.kind, line.name)
        assert there is not None
        city.lab.delete(line.kind, there.id)
    lab = names.lab_id(city.place)
    assert routing.there(lab) == {"core-b", "access-b"}, "who has nobody to speak to runs nothing"
    assert spoken(city.place, "core-a") == frozenset()


def test_a_restarted_delay_line_is_spoken_over_again(city: City) -> None:
    city.build(*NETWORK)
    agree(city.place, NETWORK)
    lab = names.lab_id(city.place)
    for pid in cgroups.processes(lab, cgroups.LINE + names.wire(lab, "line", AB.name, "0")):
        os.kill(pid, signal.SIGKILL)
    agree(city.place, NETWORK, [AB.name])
    assert city.lab.restore() == (AB.name,)
    agree(city.place, NETWORK)


def test_without_frr_routes_are_computed_and_it_is_said(
    city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = list[str]()
    Lab.prepare(lambda zh, en: said.append(f"{zh} / {en}"))
    assert [line for line in said if "FRR" in line and "by itself" in line]
    monkeypatch.setattr(routing, "LIBRARY", tmp_path)
    routing.way.cache_clear()
    try:
        assert routing.way() == "none"
        said.clear()
        Lab.prepare(lambda zh, en: said.append(f"{zh} / {en}"))
        assert [line for line in said if "没有 FRR" in line and "has no FRR" in line]
        city.build(*NETWORK)
        assert routing.there(names.lab_id(city.place)) == frozenset()
        bastion = names.netns(names.lab_id(city.place), "sec.bastion", "bastion-a")
        assert labs.ping(bastion, FAR)
        partition.lose(city.place, AB.name)
        assert not labs.ping(bastion, FAR)
        partition.avoid(city.place)
        assert labs.ping(bastion, FAR)
        assert status(city, "core-b") == "up"
    finally:
        routing.way.cache_clear()
