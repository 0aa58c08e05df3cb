"""Labs for tests: one of real parts in a folder of its own, and what a machine looks like without it.

In: a folder. Out: a small city (`City`), a look at the machine (`machine`), a command inside a host (`City.ssh`).
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventory.kinds import kinds
from stacks.drivers.base import DriverError, Thing
from stacks.drivers.lab import Lab, cgroups, image, names, network


def ready() -> None:
    """Skip, loudly, where this machine makes no real hosts; build the image where it can be built."""
    missing = [need for need in Lab.needs() if not need.present]
    if hopeless := [need.name for need in missing if need.package is None]:
        pytest.skip(f"NO LAB ON THIS MACHINE, real hosts are not tested: {', '.join(hopeless)} missing")
    if missing or not image.location().is_dir():
        Lab.prepare(lambda zh, en: print(en))


def thing(kind: str, name: str, **properties: Any) -> Thing:
    """As the provider sends it: every field."""
    return Thing(kind, name, kinds()[kind].model_validate({"name": name, **properties}).model_dump(mode="json"))


def router(site: str, number: int, role: str = "core") -> Thing:
    return thing(
        "net.router", f"{role}-{site}", site=site, role=role, asn=65000 + number, count=2, racks=("1", "2"),
        loopback6=f"3fff:0:0:ff00::{number:x}{'1' if role == 'access' else '0'}/128", capacity_mbps=1000,
    )  # fmt: skip


def line(one: str, other: str, number: int, rtt_ms: float = 1) -> Thing:
    return thing(
        "net.link", f"line-{one}-{other}", ends=(one, other), routers=(f"core-{one}", f"core-{other}"),
        prefix6=f"3fff:0:0:fe00::{2 * number:x}/127", bandwidth_mbps=1000, rtt_ms=rtt_ms, lines=1,
        carriers=("x",), encryption="none",
    )  # fmt: skip


def segment(site: str, number: int, router: str = "") -> Thing:
    return thing(
        "net.subnet", f"seg-{site}", site=site, tier="app", cidr6=f"3fff:0:0:{number:x}::/64",
        cidr4=f"198.18.{number}.0/24", router=router or f"core-{site}",
    )  # fmt: skip


def host(site: str, number: int, index: int = 1, **more: Any) -> Thing:
    whole = {
        "site": site, "role": "web", "workload": "web", "pool": "x86", "architecture": "x86_64", "image": "debian-12",
        "cpu": 1, "memory_mib": 512, "subnet": f"seg-{site}", "address6": f"3fff:0:0:{number:x}::{index:x}",
        "address4": f"198.18.{number}.{index}", "security_groups": (), **more,
    }  # fmt: skip
    return thing("compute.host", f"web-{site}-{index}", **whole)


def bastion(site: str, number: int) -> Thing:
    return thing(
        "sec.bastion", f"bastion-{site}", site=site, subnet=f"seg-{site}", address6=f"3fff:0:0:{number:x}::fe",
        mfa=("password",), lockout_tries=5, lockout_minutes=30, idle_minutes=15, recording="sessions",
    )  # fmt: skip


@dataclass
class City:
    """A lab in a folder, with a way into its hosts."""

    folder: Path

    @property
    def lab(self) -> Lab:
        """A new driver object each time, as another worker process has it."""
        return Lab(None, self.folder / "drivers" / "lab")

    @property
    def place(self) -> Path:
        return self.folder / "drivers" / "lab"

    def build(self, *things: Thing) -> dict[str, Thing]:
        lab = self.lab
        return {thing.name: lab.create(thing) for thing in things}

    def now(self, name: str) -> Thing:
        found = self.lab.find("compute.host", name)
        assert found is not None
        return found

    def ssh(self, name: str, command: str, seconds: float = 30) -> subprocess.CompletedProcess[str]:
        """From the bastion, with strict host keys, as the administrator."""
        there = self.now(name).properties
        known = self.folder / "known_hosts"
        known.write_text(f"{there['address6']} {there['host_key']}\n")
        options = {
            "UserKnownHostsFile": known, "StrictHostKeyChecking": "yes", "BatchMode": "yes", "ConnectTimeout": 10,
            "IdentitiesOnly": "yes", "ProxyCommand": there["proxy_command"],
        }  # fmt: skip
        words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return subprocess.run(
            ["ssh", "-F", "none", "-i", str(self.folder / "ansible" / "id_ed25519"), *words,
             f"{there['admin']}@{there['address6']}", command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def reaches(self, name: str, address: str) -> bool:
        """Does a ping from inside the host come back?"""
        space = names.netns(names.lab_id(self.place), "compute.host", name)
        return ping(space, address)


def ping(space: str, address: str) -> bool:
    """With the image's own ping: this machine may have none."""
    command = ["ip", "netns", "exec", space, "chroot", str(image.location()), "ping", "-c", "1", "-W", "2", address]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def pings(space: str, address: str, count: int) -> list[float]:
    """Round trips in milliseconds of those of `count` packets that came back within 2 s."""
    command = ["ip", "netns", "exec", space, "chroot", str(image.location()), "ping", "-c", str(count), "-i", "0.05",
               "-W", "2", address]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    return [float(word.removeprefix("time=")) for word in said.split() if word.startswith("time=")]


def router_space(place: Path, router: str) -> str:
    """A router's network namespace."""
    return names.netns(names.lab_id(place), "net.router", router)


def tables(records_folder: Path) -> dict[str, str]:
    """Routes of every router of a lab, as text."""
    lab = names.lab_id(records_folder)
    return {
        space: subprocess.run(
            ["ip", "-n", space, "route", "show", "table", "all", "proto", str(network.PROTOCOL)], capture_output=True, text=True,
            check=True, timeout=30,
        ).stdout
        for space in sorted(_spaces()) if space.startswith(f"lz{lab}-r-")
    }  # fmt: skip


def machine(folder: Path) -> dict[str, object]:
    """What a lab of that folder has on this machine: compare before and after."""
    lab = names.lab_id(folder / "drivers" / "lab")
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    nspawn = Path("/run/systemd/nspawn")
    return {
        "namespaces": {space for space in _spaces() if lab in space},
        "mounts": [entry.split()[4] for entry in mounts if str(folder) in entry],
        "groups": [str(group) for group in cgroups.folders(lab) if group.exists()],
        "processes": _processes(lab, folder),
        "nspawn": [str(entry) for entry in nspawn.rglob(f"*{lab}*")] if nspawn.is_dir() else [],
        "list": [str(entry) for entry in Path("/run/liangzhu/labs").glob(lab)],
        "files": (folder / "drivers" / "lab").exists(),
    }


def refused(work: Any, *arguments: Any) -> DriverError:
    """The DriverError that a call raises."""
    with pytest.raises(DriverError) as caught:
        work(*arguments)
    return caught.value


def _spaces() -> set[str]:
    return {entry.name for entry in names.NETNS.iterdir()} if names.NETNS.is_dir() else set()


def _processes(lab: str, folder: Path) -> list[str]:
    """Processes that have the lab or its folder in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"lz{lab}-" in words or f"{folder}/drivers/lab" in words:
            found.append(words)
    return found
