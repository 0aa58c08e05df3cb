"""The end of a lab: everything that carries its id goes. In: a lab's folder. Out: nothing left of it.

Needs no records: what a crash left half-made is found by its id in the kernel.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from stacks.drivers.lab import cgroups, lines, machine, names, ports, registry, routing, shell
from stacks.drivers.lab.records import flocked

Observe = Callable[[str, str], None]


def _silent(zh: str, en: str) -> None:
    """Nobody asked."""


def teardown(folder: Path, observe: Observe = _silent, *, keys: Path | None = None) -> None:
    """Hosts, processes, namespaces, mounts, control groups, records; `keys` too where given. Idempotent.

    DriverError: unavailable, denied."""
    lab = names.lab_id(folder)
    if not folder.exists() and not left(folder):
        return
    with flocked(folder / "locks" / "topology"):
        _end(lab, folder, observe)
    shutil.rmtree(folder, ignore_errors=True)
    note = registry.leave(lab)
    if note:
        observe(f"已恢复 {note}", f"restored {note}")
    if keys is not None:
        shell.forget((keys / "id_ed25519", keys / "id_ed25519.pub"))


def sweep(observe: Observe = _silent) -> tuple[str, ...]:
    """Tear down every lab whose folder was removed while it lived; returns their folders."""
    gone = [folder for folder in registry.labs().values() if not (folder / "things").is_dir()]
    for folder in gone:
        observe(f"清理 {folder} 留下的实验环境", f"clearing what the lab of {folder} left")
        teardown(folder, observe)
    return tuple(map(str, gone))


def left(folder: Path) -> tuple[str, ...]:
    """Everything of a lab that is still in the kernel or in a table of this machine: empty after `teardown`."""
    lab = names.lab_id(folder)
    found = [f"netns {space}" for space in sorted(_spaces(lab))]
    found += [f"process {pid}" for pid in sorted(cgroups.processes(lab))]
    found += [f"cgroup {group}" for group in cgroups.folders(lab) if group.exists()]
    found += [f"daemons of {router}" for router in sorted(routing.there(lab))]
    found += [f"mount {point}" for point in _mounts(folder)]
    found += [f"lab {lab}"] if lab in registry.labs() else []
    return tuple(found)


def _end(lab: str, folder: Path, observe: Observe) -> None:
    on_disk = {entry.name for entry in (folder / "hosts").iterdir()} if (folder / "hosts").is_dir() else set()
    hosts = sorted(on_disk | cgroups.hosts(lab))
    if hosts:
        observe(f"关闭 {len(hosts)} 台主机", f"ending {len(hosts)} hosts")
    with ThreadPoolExecutor(4) as several:
        list(several.map(lambda host: machine.erase(lab, folder, host), hosts))
    lines.weed(lab)  # before the namespaces: a program holds those of its devices
    routing.weed(lab)
    cgroups.remove(lab)
    for point in _mounts(folder):
        shell.run("umount", "--lazy", point, check=False)
    spaces = _spaces(lab)
    for space in spaces:
        _clear(space)
    for space in sorted(spaces):
        ports.remove_space(space)
    if spaces:
        observe(f"删除 {len(spaces)} 个网络命名空间", f"removed {len(spaces)} network namespaces")


def _spaces(lab: str) -> frozenset[str]:
    return frozenset(space for space in shell.namespaces() if space.startswith(f"lz{lab}-"))


def _mounts(folder: Path) -> list[str]:
    """Mount points below a folder, the innermost first."""
    points = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4].encode().decode("unicode_escape").encode("latin-1").decode()
        if point.startswith(f"{folder.resolve()}/"):
            points.append(point)
    return sorted(points, reverse=True)


def _clear(space: str, seconds: float = 5) -> None:
    """End what runs in a namespace: kept SSH connections, a query that hangs. Whatever is there is the lab's."""
    until = time.monotonic() + seconds
    while pids := [pid for pid in _inside(space) if pid != os.getpid()]:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if time.monotonic() < until - seconds / 2 else signal.SIGKILL)
        if time.monotonic() > until:
            return
        time.sleep(0.05)


def _inside(space: str) -> list[int]:
    if not shell.alive(space):
        return []
    return [int(pid) for pid in shell.run("ip", "netns", "pids", space, check=False).split()]
