"""The lab's parts that need no real host: names, records, locks, groups, the image's recipe and sources."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.drivers.base import DriverError, Thing
from stacks.drivers.lab import Lab, cgroups, image, names, needs, recipe, routing
from stacks.drivers.lab.records import Record, Records, flocked

NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,80}\Z")


@given(NAMES, NAMES, st.sampled_from(sorted(names.KINDS)))
def test_names_fit_the_kernel_carry_the_lab_and_tell_things_apart(one: str, other: str, kind: str) -> None:
    lab, second = names.lab_id(Path("/one")), names.lab_id(Path("/two"))
    assert lab != second
    for name in (names.port(lab, kind, one), names.wire(lab, one, "0")):
        assert len(name) == 15
        assert lab in name
    assert names.netns(lab, kind, one).startswith(f"lz{lab}-")
    assert len(names.netns(lab, kind, one)) <= 255
    assert len(names.machine(lab, one)) <= 64
    assert names.name_of(lab, names.thing_id(lab, one, "abc123")) == one
    assert names.name_of(second, names.thing_id(lab, one, "abc123")) is None
    assert names.port(lab, kind, one) != names.port(second, kind, one)
    assert (names.netns(lab, kind, one) == names.netns(lab, kind, other)) == (one == other)
    assert (names.thing_id(lab, one, "abc123") == names.thing_id(lab, other, "abc123")) == (one == other)


def test_a_record_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    records = Records(tmp_path)
    assert records.get("net.router", "core-a") is None
    one = Record("net.router", "core-a", "lab-x-core-a-1", {"site": "a"}, whole=True)
    records.put(one)
    assert records.get("net.router", "core-a") == one
    assert list(records.of("net.router", "net.link")) == [one]
    assert [entry.name for entry in (tmp_path / "things" / "net.router").iterdir()] == ["core-a.json"]
    records.drop("net.router", "core-a")
    records.drop("net.router", "core-a")
    assert list(records.of("net.router")) == []


@pytest.mark.parametrize("text", ["", "{", '{"kind": "net.router"}', '{"some": "thing"}', "[1]"])
def test_a_damaged_record_is_said_with_its_place(tmp_path: Path, text: str) -> None:
    place = tmp_path / "things" / "net.router" / "core-a.json"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    with pytest.raises(DriverError, match=r"core-a\.json") as said:
        Records(tmp_path).get("net.router", "core-a")
    assert said.value.reason == "unavailable"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DriverError) as said:
        Records(tmp_path).get("net.router", name)
    assert said.value.reason == "invalid"


def test_a_lock_has_one_holder_even_when_its_file_is_removed(tmp_path: Path) -> None:
    place, holders, most = tmp_path / "lock", 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal holders, most
        for _ in range(10):
            with flocked(place, 30):
                with guard:
                    holders += 1
                    most = max(most, holders)
                with guard:
                    holders -= 1
                place.unlink(missing_ok=True)  # the last that a holder does: from here on another may come in

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert most == 1


def test_a_lock_that_somebody_keeps_is_said(tmp_path: Path) -> None:
    with flocked(tmp_path / "lock"), pytest.raises(DriverError) as said, flocked(tmp_path / "lock", 0.05):
        pass
    assert said.value.reason == "unavailable"


def _status(proc: Path, pid: int, inner: str) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "status").write_text(f"Name:\tx\nNSpid:\t{inner}\n")


def test_a_host_ends_with_its_pid_1_not_with_its_supervisor(tmp_path: Path) -> None:
    _status(tmp_path, 100, "100")  # systemd-nspawn
    _status(tmp_path, 101, "101 1")
    _status(tmp_path, 102, "102 7")
    assert cgroups.first(frozenset((100, 101, 102, 999)), tmp_path) == 101
    assert cgroups.first(frozenset((100, 102)), tmp_path) is None


def test_groups_of_version_1_and_2(tmp_path: Path) -> None:
    first, second = tmp_path / "v1", tmp_path / "v2"
    for hierarchy in ("systemd", "pids", "cpuset"):
        (first / hierarchy).mkdir(parents=True)
    second.mkdir()
    (second / "cgroup.controllers").write_text("pids memory\n")
    assert cgroups.hierarchies(first) == (first / "systemd", first / "pids")
    assert cgroups.hierarchies(second) == (second,)
    for root in (first, second):
        made = cgroups.make("abc123", "web", 512, root)
        assert all(folder.is_dir() for folder in made)
        assert cgroups.hosts("abc123", root) == {"web"}
        (made[0] / "cgroup.procs").write_text("12\n13\n")
        (made[0] / "payload").mkdir()
        (made[0] / "payload" / "cgroup.procs").write_text("14\n0\n")
        assert cgroups.processes("abc123", "web", root) == {12, 13, 14}
        for left in [entry for folder in made for entry in folder.parent.rglob("*") if entry.is_file()]:
            left.unlink()  # the kernel's own files vanish with their folder
        cgroups.remove("abc123", "web", root)
        assert not any(folder.exists() for folder in cgroups.folders("abc123", "", root))


def test_the_images_name_follows_everything_that_goes_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.key("bookworm", "x86_64")
    assert before == recipe.key("bookworm", "x86_64")
    assert len({before, recipe.key("trixie", "x86_64"), recipe.key("bookworm", "aarch64")}) == 3
    monkeypatch.setattr(recipe, "PACKAGES", (*recipe.PACKAGES, "one-more"))
    assert recipe.key("bookworm", "x86_64") != before


def test_the_machines_own_sources_for_the_release_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# a remark\ndeb [signed-by=/k.gpg] http://one.example/debian bookworm main\n"
        "deb-src http://one.example/debian bookworm main\ndeb http://other.example/x stable main\n"
    )
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: http://two.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\n"
        "# switched off\nEnabled: no\nTypes: deb\nURIs: http://three.example\nSuites: bookworm\nComponents: main\n\n"
        "Types: deb\nURIs: http://four.example\nSuites: nodistro\nComponents: main\n"
    )
    stanzas, lines = image.sources("bookworm", tmp_path)
    assert lines == ["deb [signed-by=/k.gpg] http://one.example/debian bookworm main"]
    assert "two.example" in stanzas
    assert not any(word in stanzas for word in ("three.example", "four.example"))
    assert image.sources("trixie", tmp_path) == ("", [])


def test_what_the_machine_lacks_is_said_in_both_languages() -> None:
    found = Lab.needs()
    assert {"root", "network namespaces", "systemd-nspawn", "disk"} <= {need.name for need in found}
    for need in found:
        assert need.zh != need.en
        assert need.zh
    assert next(need for need in found if need.name == "root").present == (os.geteuid() == 0)


def test_without_root_nothing_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs.os, "geteuid", lambda: 1000)
    missing = {need.name for need in needs.needs() if not need.present}
    assert {"root", "network namespaces", "overlay file system", "control groups"} <= missing


def test_other_kinds_are_for_other_drivers(tmp_path: Path) -> None:
    with pytest.raises(DriverError) as said:
        Lab(None, tmp_path / "drivers" / "lab").create(Thing("storage.bucket", "b", {}))
    assert said.value.reason == "unsupported"
    assert not (tmp_path / "drivers").exists(), "nothing is made by asking"


def test_a_file_says_more_where_each_line_stands_under_the_same_heading() -> None:
    one = "router bgp 1\n neighbor a\n !\n address-family ipv6\n  neighbor a activate\n exit\nexit\n"
    more = one.replace(" !\n", " neighbor b\n !\n").replace("activate\n", "activate\n  neighbor b activate\n")
    assert routing.more(one, one)
    assert routing.more(one, more)
    assert not routing.more(more, one)
    assert not routing.more(one, one.replace("router bgp 1", "router bgp 2")), "all of it stands under another heading"
    assert not routing.more(
        one, more.replace("  neighbor a activate\n", "").replace(" neighbor b\n", " neighbor a activate\n")
    )
    assert routing.daemons(one) == ("zebra", "bfdd", "bgpd")
    assert routing.daemons(one + "router ospf6\n") == ("zebra", "bfdd", "bgpd", "ospf6d")


def test_groups_of_hosts_lines_and_routers_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    for name in ("web-1", f"{cgroups.LINE}lz1w", f"{cgroups.ROUTER}core-a"):
        cgroups.make("abc", name, 64, tmp_path)
    assert cgroups.hosts("abc", tmp_path) == {"web-1"}
    assert cgroups.lines("abc", tmp_path) == {f"{cgroups.LINE}lz1w"}
    assert cgroups.routers("abc", tmp_path) == {"core-a"}


def test_a_group_is_made_while_others_end_the_last_of_the_lab(tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()

    def come_and_go(host: str) -> None:
        for _ in range(300):
            (group,) = cgroups.make("ab", host, 64, tmp_path)
            assert group.is_dir()
            cgroups.remove("ab", host, tmp_path)

    with ThreadPoolExecutor(4) as several:
        list(several.map(come_and_go, ("one", "two", "three", "four")))
    assert list((tmp_path / "pids").iterdir()) == []
