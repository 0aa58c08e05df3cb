"""Real hosts on real sites: reached, killed, healed, moved, cut off and removed without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.places import ROOT
from stacks.drivers.lab import Lab, cgroups, image, left, names, partition, registry, shell, sweep, teardown
from tests.drivers import labs
from tests.drivers.labs import City

pytestmark = [pytest.mark.lab, pytest.mark.slow]

NETWORK = (
    labs.router("a", 1), labs.router("b", 2), labs.router("c", 3), labs.router("b", 2, "access"),
    labs.line("a", "b", 1, 1), labs.line("b", "c", 2, 2), labs.line("a", "c", 3, 9),
    labs.segment("a", 1), labs.segment("b", 2, "access-b"), labs.segment("c", 3), labs.bastion("a", 1),
)  # fmt: skip


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], City]]:
    """Labs by name; they are taken down afterwards, and nothing of them may stay."""
    labs.ready()
    made: dict[str, City] = {}

    def make_(name: str) -> City:
        return made.setdefault(name, City(tmp_path / name))

    yield make_
    for city in made.values():
        teardown(city.place)
        assert left(city.place) == ()
        assert not city.place.exists()


@pytest.fixture
def city(make: Callable[[str], City]) -> City:
    return make("city")


def test_hosts_on_two_sites_are_reached_from_the_bastion(city: City) -> None:
    made = city.build(*NETWORK, labs.host("a", 1), labs.host("b", 2))
    bastion = made["bastion-a"].properties["netns"]
    assert bastion.startswith("/run/netns/")
    for name in ("web-a-1", "web-b-1"):
        assert labs.ping(Path(bastion).name, made[name].properties["address6"])
        inside = city.ssh(name, "hostname; sudo -n id -un; id -un; systemctl is-system-running --wait")
        assert inside.stdout.split() == [name, "root", "lzops", "running"], inside
    assert city.reaches("web-a-1", "3fff:0:0:2::1")
    assert city.reaches("web-b-1", "198.18.1.1")
    assert not city.reaches("web-a-1", "3fff:0:0:2::77"), "nobody has that address"
    # two hosts are two machines, and neither sets this machine's clock
    machines = {
        city.ssh(name, "cat /etc/machine-id; sudo date -s 2000-01-01").stdout for name in ("web-a-1", "web-b-1")
    }
    assert len(machines) == 2
    assert made["web-a-1"].properties["host_key"] != made["web-b-1"].properties["host_key"]
    assert time.gmtime().tm_year > 2000


def test_a_packet_inside_a_segment_crosses_the_router(city: City) -> None:
    city.build(*NETWORK, labs.host("a", 1), labs.host("a", 1, 2))
    assert city.reaches("web-a-1", "3fff:0:0:1::2")
    router = names.netns(names.lab_id(city.place), "net.router", "core-a")
    rules = "table inet t {\n chain f {\n  type filter hook forward priority 0; policy drop;\n }\n}\n"
    shell.run("ip", "netns", "exec", router, "nft", "-f", "-", stdin=rules)
    assert not city.reaches("web-a-1", "3fff:0:0:1::2")
    assert not city.reaches("web-a-1", "198.18.1.2")


def test_a_killed_host_is_seen_and_healed_with_its_files_and_key(city: City) -> None:
    made = city.build(*NETWORK, labs.host("a", 1))["web-a-1"]
    assert city.ssh("web-a-1", "echo kept | sudo tee /etc/kept").returncode == 0
    lab = names.lab_id(city.place)
    leader = cgroups.first(cgroups.processes(lab, "web-a-1"))
    assert leader is not None
    os.kill(leader, signal.SIGKILL)
    _until(lambda: city.now("web-a-1").properties["status"] == "stopped")
    healed = city.lab.update(made.id, labs.host("a", 1))
    assert healed == city.now("web-a-1")
    assert (healed.id, healed.properties["status"]) == (made.id, "running")
    assert healed.properties["host_key"] == made.properties["host_key"]
    assert city.ssh("web-a-1", "cat /etc/kept").stdout == "kept\n"


def test_a_host_lives_on_when_its_maker_is_killed(city: City) -> None:
    city.build(*NETWORK)
    maker = _worker(city, "Lab(None, folder).create(labs.host('a', 1)); print('made', flush=True); time.sleep(600)")
    assert maker.stdout is not None
    assert maker.stdout.readline() == "made\n"
    os.killpg(maker.pid, signal.SIGKILL)
    maker.wait(30)
    assert city.now("web-a-1").properties["status"] == "running"
    assert city.ssh("web-a-1", "true").returncode == 0


@pytest.mark.parametrize("after", [0.05, 0.2, 0.35])
def test_a_maker_killed_half_way_leaves_what_the_next_one_completes(city: City, after: float) -> None:
    city.build(*NETWORK)
    maker = _worker(city, "print('now', flush=True); Lab(None, folder).create(labs.host('a', 1))")
    assert maker.stdout is not None
    assert maker.stdout.readline() == "now\n"
    time.sleep(after)
    os.killpg(maker.pid, signal.SIGKILL)
    maker.wait(30)
    city.build(labs.host("a", 1))
    assert city.ssh("web-a-1", "hostname").stdout == "web-a-1\n"
    assert [thing.name for thing in city.lab.list() if thing.kind == "compute.host"] == ["web-a-1"]
    running = [pid for pid in cgroups.processes(names.lab_id(city.place)) if cgroups.first(frozenset([pid]))]
    assert len(running) == 1, "one host, one PID 1"


def test_deleted_leaves_nothing(city: City) -> None:
    before = labs.machine(city.folder)
    made = city.build(*NETWORK, labs.host("a", 1), labs.host("b", 2))
    during = labs.machine(city.folder)
    assert all(during[what] for what in ("namespaces", "mounts", "groups", "processes", "list"))
    for thing in reversed(made.values()):
        city.lab.delete(thing.kind, thing.id)
    assert list(city.lab.list()) == []
    _until(lambda: not labs.machine(city.folder)["processes"])
    now = labs.machine(city.folder)
    assert {what for what in now if now[what] != before[what]} == {"list", "files"}, "until the lab itself is ended"
    teardown(city.place)
    assert labs.machine(city.folder) == before


def test_teardown_needs_no_records_and_ends_kept_connections(city: City) -> None:
    before = labs.machine(city.folder)
    instances = registry.INSTANCES.read_text()
    made = city.build(*NETWORK, labs.host("a", 1))
    shutil.rmtree(city.place / "things")
    space = Path(made["bastion-a"].properties["netns"]).name
    kept = subprocess.Popen(["ip", "netns", "exec", space, "sleep", "600"], start_new_session=True)
    said: list[str] = []
    teardown(city.place, lambda zh, en: said.append(en))
    assert kept.wait(10) == -signal.SIGTERM
    assert said
    _until(lambda: labs.machine(city.folder) == before)
    assert registry.INSTANCES.read_text() == instances
    teardown(city.place)


def test_two_labs_at_once_do_not_touch_one_another(make: Callable[[str], City]) -> None:
    cities = make("one"), make("two")
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda city: city.build(*NETWORK, labs.host("a", 1)), cities))
    assert cities[0].ssh("web-a-1", "sudo touch /only-here").returncode == 0
    assert cities[1].ssh("web-a-1", "ls /only-here").returncode != 0
    teardown(cities[0].place)
    assert left(cities[0].place) == ()
    assert cities[1].now("web-a-1").properties["status"] == "running"
    assert cities[1].ssh("web-a-1", "hostname").stdout == "web-a-1\n"
    assert int(registry.INSTANCES.read_text()) >= registry.ENOUGH, "one lab still lives"


def test_several_workers_build_one_network(city: City) -> None:
    """In any order that the dependencies allow, by processes that know nothing of one another."""
    city.build(*(thing for thing in NETWORK if thing.kind == "net.router"))
    rest = [thing for thing in NETWORK if thing.kind in ("net.link", "net.subnet")]
    with ThreadPoolExecutor(6) as several:
        list(several.map(city.lab.create, rest))
    together = labs.tables(city.place)
    teardown(city.place)
    city.build(*NETWORK[:-1])
    assert labs.tables(city.place) == together
    assert all("3fff:0:0:3::/64" in table for table in together.values())


def test_cut_lines_are_routed_round_until_there_is_none(city: City) -> None:
    city.build(*NETWORK, labs.host("a", 1), labs.host("b", 2))
    partition.cut(city.place, "line-a-b")
    assert city.reaches("web-a-1", "3fff:0:0:2::1"), "by way of c"
    partition.cut(city.place, "line-a-c")
    assert not city.reaches("web-a-1", "3fff:0:0:2::1")
    city.build(labs.segment("b", 2, "access-b"))
    assert not city.reaches("web-a-1", "3fff:0:0:2::1"), "converging again does not mend a cut line"
    partition.mend(city.place, "line-a-b")
    assert city.reaches("web-a-1", "3fff:0:0:2::1")
    assert city.reaches("web-a-1", "198.18.2.1")
    assert labs.refused(partition.cut, city.place, "line-x").reason == "not-found"


def test_a_segment_moves_to_another_router_with_its_hosts(city: City) -> None:
    made = city.build(*NETWORK, labs.host("a", 1), labs.host("b", 2))
    city.lab.update(made["seg-b"].id, labs.segment("b", 2, "core-b"))
    assert city.reaches("web-a-1", "3fff:0:0:2::1")
    city.lab.delete("net.router", made["access-b"].id)
    assert city.ssh("web-b-1", "hostname").stdout == "web-b-1\n"


def test_what_a_reboot_takes_is_brought_back(city: City) -> None:
    made = city.build(*NETWORK, labs.host("a", 1), labs.host("b", 2))
    assert city.lab.restore() == ()
    lab = names.lab_id(city.place)
    for name in ("web-a-1", "web-b-1"):
        os.kill(cgroups.first(cgroups.processes(lab, name)) or -1, signal.SIGKILL)
        _until(lambda name=name: not cgroups.processes(lab, name))
        shell.run("umount", str(city.place / "hosts" / name / "root"))
    for space in [space for space in shell.namespaces() if lab in space]:
        shell.run("ip", "netns", "del", space)
        (names.NETNS / space).touch()  # where /run is on a disk, the names outlive the namespaces
    assert city.lab.read("net.router", made["core-a"].id) is None
    assert city.now("web-a-1").properties["status"] == "stopped"
    assert {"core-a", "line-a-b", "seg-b", "bastion-a", "web-a-1", "web-b-1"} <= set(city.lab.restore())
    for name in ("web-a-1", "web-b-1"):
        assert city.now(name).properties["host_key"] == made[name].properties["host_key"]
        assert city.ssh(name, "hostname").stdout == f"{name}\n"
    assert city.lab.restore() == ()


def test_a_lab_whose_folder_was_removed_is_swept(city: City) -> None:
    before = labs.machine(city.folder)
    city.build(*NETWORK, labs.host("a", 1))
    shutil.rmtree(city.place, ignore_errors=True)
    assert str(city.place) in sweep()
    _until(lambda: labs.machine(city.folder) == before)


def test_what_is_missing_or_in_use_is_said_in_a_sentence(city: City) -> None:
    early = labs.refused(city.lab.create, labs.segment("a", 1))
    assert (early.reason, "core-a" in early.problem.zh, "core-a" in early.problem.en) == ("unavailable", True, True)
    assert labs.refused(city.lab.create, labs.line("a", "b", 1)).reason == "unavailable"
    made = city.build(*NETWORK, labs.host("a", 1))
    assert labs.refused(city.lab.create, labs.host("d", 1)).reason == "unavailable"
    for kind, name in (("net.router", "core-a"), ("net.subnet", "seg-a")):
        used = labs.refused(city.lab.delete, kind, made[name].id)
        assert used.reason == "conflict", name
        assert city.lab.read(kind, made[name].id) is not None
    assert labs.refused(city.lab.create, labs.host("a", 1, 2, address6="3fff:0:0:1::1")).reason == "conflict"
    assert labs.refused(city.lab.create, labs.host("a", 1, 2, address6="3fff:0:0:9::1")).reason == "invalid"
    assert labs.refused(city.lab.create, labs.host("a", 1, 2, address6="198.18.1.9")).reason == "invalid"
    overlapping = replace(made["seg-a"], name="twice", properties={**made["seg-a"].properties, "name": "twice"})
    assert labs.refused(city.lab.create, overlapping).reason == "conflict"


def test_a_host_that_does_not_boot_shows_its_console_and_leaves_nothing(city: City, tmp_path: Path) -> None:
    city.build(*NETWORK)
    broken = tmp_path / "broken-image"
    for folder in ("etc/ssh", "etc/sudoers.d", "usr/lib", "sbin", "root", "tmp", "proc", "sys", "dev", "run", "var"):
        (broken / folder).mkdir(parents=True)
    for table in ("passwd", "shadow", "group", "os-release"):
        (broken / "etc" / table).write_text("" if table != "os-release" else "ID=none\n")
    lab = Lab(None, city.place, root=broken, boot_seconds=20)
    said = labs.refused(lab.create, labs.host("a", 1))
    assert said.reason == "unavailable"
    assert len(said.problem.en.splitlines()) > 1, "the console is shown"
    assert said.problem.en.splitlines()[1:] == said.problem.zh.splitlines()[1:]
    assert lab.find("compute.host", "web-a-1") is None
    assert not (city.place / "hosts" / "web-a-1").exists()
    missing = labs.refused(Lab(None, city.place, root=tmp_path / "no-image").create, labs.host("a", 1))
    assert (missing.reason, "./lz up" in missing.problem.en) == ("unavailable", True)
    assert image.location().is_dir()
    city.build(labs.host("a", 1))


def test_a_changed_address_is_a_new_host_under_the_same_id(city: City) -> None:
    made = city.build(*NETWORK, labs.host("a", 1))["web-a-1"]
    moved = city.lab.create(labs.host("a", 1, address6="3fff:0:0:1::99", address4=None))
    assert moved.id == made.id
    assert city.ssh("web-a-1", "hostname").stdout == "web-a-1\n"
    assert not labs.ping(names.netns(names.lab_id(city.place), "sec.bastion", "bastion-a"), "3fff:0:0:1::1")


def _worker(city: City, work: str) -> subprocess.Popen[str]:
    """A process that makes something in the city's lab, in a session of its own."""
    program = f"""
    import time
    from pathlib import Path
    from stacks.drivers.lab import Lab
    from tests.drivers import labs
    folder = Path({str(city.place)!r})
    {work}
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not come to be in time"
        time.sleep(0.05)
