"""The simulated cloud: the suite of every driver, and what only it can do: refuse, run full, break on command."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sqlite3
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.kinds import kinds
from stacks.drivers.base import DriverError, Thing
from stacks.drivers.simulator import Simulator, drift, fail, lose, mischief, slow
from tests.drivers.conformance import CASES, Suite, a_sentence

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


class TestSimulator(Suite):
    kinds = tuple(sorted(path.stem for path in CASES.glob("*.json") if path.stem in kinds()))

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Callable[[str], Simulator]:
        return lambda environment: Simulator(None, tmp_path / environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "simulator"


@pytest.fixture
def cloud(folder: Path) -> Simulator:
    return Simulator(None, folder)


def thing(kind: str, name: str, **properties: Any) -> Thing:
    whole = kinds()[kind].model_validate({"name": name, **properties}).model_dump(mode="json")
    return Thing(kind, name, whole)


def pool(name: str = "kunpeng", cpu: int = 8, memory_gib: int = 16, architecture: str = "aarch64") -> Thing:
    return thing(
        "compute.pool", name, title="池", type="virtual", architecture=architecture, make="x", os="x", xinchuang=True,
        sites=("a", "b"), cpu=cpu, memory_gib=memory_gib,
    )  # fmt: skip


def subnet(name: str = "s", cidr6: str = "3fff:1::/64", **more: Any) -> Thing:
    return thing("net.subnet", name, site="a", zone="dedicated", tier="app", cidr6=cidr6, router="core-a", **more)


def host(name: str = "h", **more: Any) -> Thing:
    given_ = {
        "site": "a", "role": "app", "workload": "app", "pool": "kunpeng", "architecture": "aarch64", "image": "debian-12",
        "cpu": 2, "memory_mib": 4096, "subnet": "s", "address6": f"3fff:1::{zlib.crc32(name.encode()) % 60000 + 1:x}",
        "security_groups": (),
    }  # fmt: skip
    return thing("compute.host", name, **{**given_, **more})


def database(password: str = "correct-horse") -> Thing:
    return thing(
        "db.instance", "d", engine="postgresql", version="15", mode="single", members=("h",), sites=("a",), admin="lz",
        password=password, tls=True, encryption_key=None, storage_gib=1,
    )  # fmt: skip


def refused(call: Callable[[], Any], reason: str) -> DriverError:
    with pytest.raises(DriverError) as error:
        call()
    a_sentence(error.value)
    assert error.value.reason == reason
    return error.value


def test_a_pool_refuses_other_architectures_and_sites(cloud: Simulator) -> None:
    cloud.create(pool())
    assert "aarch64" in refused(lambda: cloud.create(host(architecture="x86_64")), "invalid").problem.en
    refused(lambda: cloud.create(host(site="d")), "invalid")
    assert cloud.create(host()).properties["status"] == "running"


def test_a_full_pool_is_a_quota_also_for_growth(cloud: Simulator) -> None:
    cloud.create(pool(cpu=5))
    first = cloud.create(host("one"))
    cloud.create(host("two"))
    refused(lambda: cloud.create(host("three")), "quota")
    refused(lambda: cloud.update(first.id, host("one", cpu=4)), "quota")
    cloud.update(first.id, host("one", cpu=3))
    cloud.delete("compute.host", first.id)
    cloud.create(host("three"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12))
def test_a_pool_is_never_given_out_twice(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, int]]
) -> None:
    cloud = Simulator(None, tmp_path_factory.mktemp("pool"))
    cloud.create(pool(cpu=10, memory_gib=10))
    for index, (cpu, gib) in enumerate(sizes):
        with contextlib.suppress(DriverError):
            cloud.create(host(f"h{index}", cpu=cpu, memory_mib=gib * 1024, address6=f"3fff:1::{index + 1:x}"))
    given_out = [t.properties for t in cloud.list() if t.kind == "compute.host"]
    assert sum(p["cpu"] for p in given_out) <= 10
    assert sum(p["memory_mib"] for p in given_out) <= 10 * 1024
    assert given_out, "the first one always fits"
    cloud.close()


def test_segments_do_not_overlap_and_addresses_belong_to_one(cloud: Simulator) -> None:
    cloud.create(subnet("wide", "3fff:1::/48"))
    refused(lambda: cloud.create(subnet("inside", "3fff:1:0:5::/64")), "conflict")
    cloud.create(subnet("beside", "3fff:1:1::/64"))
    refused(lambda: cloud.create(subnet("around", "3fff::/24")), "conflict")
    cloud.create(host("one", subnet="wide", address6="3fff:1::1"))
    assert "one" in refused(lambda: cloud.create(host("two", address6="3fff:1:0::1")), "conflict").problem.en
    refused(lambda: cloud.create(host("three", subnet="beside", address6="3fff:1::3")), "invalid")


def test_what_is_used_cannot_be_deleted(cloud: Simulator) -> None:
    segment, machine = cloud.create(subnet()), cloud.create(host())
    assert "compute.host h" in refused(lambda: cloud.delete("net.subnet", segment.id), "conflict").problem.en
    cloud.delete("compute.host", machine.id)
    cloud.delete("net.subnet", segment.id)
    assert list(cloud.list()) == []


def test_what_only_a_new_one_can_have_is_not_updated(cloud: Simulator) -> None:
    made = cloud.create(subnet())
    assert "cidr6" in refused(lambda: cloud.update(made.id, subnet(cidr6="3fff:2::/64")), "invalid").problem.en


def test_a_secret_leaves_no_trace_in_the_file(cloud: Simulator, folder: Path) -> None:
    made = cloud.create(database("correct-horse-battery"))
    generated = cloud.create(thing("sec.secret", "p", length=20)).properties["value"]
    assert len(generated) == 20
    cloud.close()
    for path in folder.iterdir():
        assert b"correct-horse-battery" not in path.read_bytes()
        assert generated.encode() not in path.read_bytes()
    assert mischief.revision(folder, "db.instance", "d") == 1
    cloud.update(made.id, database("correct-horse-battery"))
    assert mischief.revision(folder, "db.instance", "d") == 1, "the same secret is no change"
    cloud.update(made.id, database("another"))
    assert mischief.revision(folder, "db.instance", "d") == 2


def test_a_generated_secret_is_shown_once_and_made_anew_by_a_new_creation(cloud: Simulator) -> None:
    first = cloud.create(thing("sec.secret", "p"))
    there = cloud.read("sec.secret", first.id)
    assert there is not None
    assert "value" not in there.properties
    assert "value" not in cloud.update(first.id, thing("sec.secret", "p", level=3)).properties
    second = cloud.create(thing("sec.secret", "p"))
    assert second.id == first.id
    assert second.properties["value"] != first.properties["value"]


def test_an_invalid_secret_is_not_repeated(cloud: Simulator) -> None:
    bad = Thing("db.instance", "d", {**database().properties, "password": ["tell-nobody"]})
    assert "tell-nobody" not in str(refused(lambda: cloud.create(bad), "invalid"))


def test_faults_come_as_often_as_they_were_ordered(cloud: Simulator, folder: Path) -> None:
    cloud.close()
    fail(folder, "net.subnet", "s", times=2, reason="denied")
    for _ in range(2):
        refused(lambda: cloud.create(subnet()), "denied")
    assert cloud.find("net.subnet", "s") is None
    made = cloud.create(subnet())
    fail(folder, "net.subnet", "s", operation="delete")
    refused(lambda: cloud.delete("net.subnet", made.id), "unavailable")
    cloud.delete("net.subnet", made.id)


def test_a_creation_that_failed_half_way_is_found_again(cloud: Simulator, folder: Path) -> None:
    fail(folder, "net.subnet", how="half")
    refused(lambda: cloud.create(subnet()), "unavailable")
    found = cloud.find("net.subnet", "s")
    assert found is not None
    assert cloud.create(subnet()).id == found.id


def _create_one(folder: Path) -> None:
    Simulator(None, folder).create(subnet())


def test_a_killed_worker_loses_nothing_that_the_cloud_has(folder: Path) -> None:
    fail(folder, "net.subnet", how="die")
    worker = multiprocessing.get_context("fork").Process(target=_create_one, args=(folder,))
    worker.start()
    worker.join(30)
    assert worker.exitcode == -9
    found = Simulator(None, folder).find("net.subnet", "s")
    assert found is not None


def _create_many(cloud: Simulator, who: int, count: int) -> None:
    for index in range(count):
        cloud.create(thing("net.sg", f"sg-{who}-{index}", hosts=(), rules_digest="sm3:0"))
    os._exit(0)


def test_forked_workers_share_one_file(cloud: Simulator) -> None:
    cloud.create(subnet())  # the parent has the file open when it forks
    workers = [
        multiprocessing.get_context("fork").Process(target=_create_many, args=(cloud, who, 50)) for who in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert sum(t.kind == "net.sg" for t in cloud.list()) == 200


def test_drift_and_loss_are_seen(cloud: Simulator, folder: Path) -> None:
    made = cloud.create(host())
    drift(folder, "compute.host", "h", cpu=7, status="stopped")
    there = cloud.read("compute.host", made.id)
    assert there is not None
    assert (there.properties["cpu"], there.properties["status"]) == (7, "stopped")
    lose(folder, "compute.host", "h")
    assert cloud.read("compute.host", made.id) is None
    with pytest.raises(KeyError):
        drift(folder, "compute.host", "h", cpu=1)


def test_latency_holds_each_call(folder: Path) -> None:
    cloud = Simulator(None, folder, latency=0.02)
    slow(folder, 0.03)
    begun = time.monotonic()
    cloud.create(subnet())
    assert time.monotonic() - begun >= 0.05


def test_a_damaged_file_is_a_sentence(folder: Path) -> None:
    folder.mkdir()
    (folder / "cloud.db").write_bytes(b"this is no database, " * 100)
    assert str(folder) in refused(lambda: Simulator(None, folder).create(subnet()), "unavailable").problem.en


def test_it_is_durable(cloud: Simulator, folder: Path) -> None:
    cloud.create(subnet())
    rows = sqlite3.connect(folder / "cloud.db").execute("SELECT name FROM things").fetchall()
    assert rows == [("s",)]
