"""One control group a host, line or router, made before it starts. In: lab and host. Out: folders, the processes in them.

The group is how a host's processes are found and ended: pid files lie after a crash, a group does not. Works with
cgroup v2 and with v1 (each hierarchy apart, or the hybrid of both).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_V1 = ("systemd", "unified", "pids", "memory")
"""hierarchies of v1 that a host gets a group in: systemd's own two, and the limits that we set"""
PIDS = 4096
_TRIES = 100
LINE = "@"
"""what the group of a line begins with; no host's name does"""
ROUTER = "%"
"""what the group of a router's daemons begins with"""
_START = (
    'for group; do [ "$group" = -- ] && break; shift; echo 0 > "$group/cgroup.procs" || exit 1; done; shift; exec "$@"'
)
"""joins the groups first, so that nothing of the host is ever outside of them"""


def hierarchies(root: Path = ROOT) -> tuple[Path, ...]:
    """Where groups are made: one folder on v2, one a hierarchy on v1."""
    if (root / "cgroup.controllers").exists():
        return (root,)
    return tuple(root / name for name in _V1 if (root / name).is_dir())


def folders(lab: str, host: str = "", root: Path = ROOT) -> tuple[Path, ...]:
    """Groups of a host, or of the whole lab; they may not exist."""
    return tuple(top / f"liangzhu-{lab}" / host for top in hierarchies(root))


def make(lab: str, host: str, memory_mib: int, root: Path = ROOT) -> tuple[Path, ...]:
    """The groups of a host, with limits where the machine has the controllers."""
    made = folders(lab, host, root)
    for folder in made:
        if (root / "cgroup.controllers").exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            for parent in (root, folder.parent):
                for controller in ("+pids", "+memory"):
                    with suppress(OSError):  # a controller that v1 has, or that was not handed down to us
                        (parent / "cgroup.subtree_control").write_text(controller)
        _folder(folder)
        for limit, value in (
            ("pids.max", PIDS),
            ("memory.max", memory_mib << 20),
            ("memory.limit_in_bytes", memory_mib << 20),
        ):
            if (folder / limit).exists():
                with suppress(OSError):  # a limit below what is in use
                    (folder / limit).write_text(str(value))
    return made


def _folder(path: Path) -> None:
    """Whoever ends the last of a lab's groups takes the lab's away, perhaps just before ours is made in it."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError, FileExistsError):  # it was there, and is gone
            path.mkdir(parents=True, exist_ok=True)
            return
    path.mkdir(parents=True, exist_ok=True)


def processes(lab: str, host: str = "", root: Path = ROOT) -> frozenset[int]:
    """Every process of a host, or of the lab, in our own pid namespace."""
    found: set[int] = set()
    for top in folders(lab, host, root):
        for folder, _, files in os.walk(top):
            if "cgroup.procs" in files:
                with suppress(OSError):
                    found |= {int(pid) for pid in Path(folder, "cgroup.procs").read_text().split() if pid != "0"}
    return frozenset(found)


def first(pids: frozenset[int], proc: Path = Path("/proc")) -> int | None:
    """The process that is PID 1 inside: ending it ends the host. Ending systemd-nspawn instead would not."""
    for pid in sorted(pids):
        with suppress(OSError):
            for line in (proc / str(pid) / "status").read_text().splitlines():
                if line.startswith("NSpid:"):
                    inner = line.split()[1:]
                    if len(inner) > 1 and inner[-1] == "1":
                        return pid
    return None


def kill(lab: str, host: str, seconds: float) -> frozenset[int]:
    """End what is in a group; returns what did not end in that time."""
    until = time.monotonic() + seconds
    while pids := processes(lab, host):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > until:
            break
        time.sleep(0.01)
    return pids


def remove(lab: str, host: str = "", root: Path = ROOT) -> None:
    """Remove the groups, which must be empty; what is not there is no error."""
    for top in folders(lab, host, root):
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)
    if host:
        for top in folders(lab, "", root):
            with suppress(OSError):  # the last host's; others keep it
                os.rmdir(top)


def apart(groups: Iterable[Path], command: Iterable[str]) -> list[str]:
    """A command that starts another in the groups and does not wait for it.

    setsid --fork: Ctrl-C does not reach it, and it is init's child, not ours."""
    return ["sh", "-c", _START, "sh", *map(str, groups), "--", "setsid", "--fork", *command]


def hosts(lab: str, root: Path = ROOT) -> frozenset[str]:
    """Hosts that have a group."""
    return frozenset(name for name in _groups(lab, root) if not name.startswith((LINE, ROUTER)))


def lines(lab: str, root: Path = ROOT) -> frozenset[str]:
    """Groups of lines; every name begins with `LINE`."""
    return frozenset(name for name in _groups(lab, root) if name.startswith(LINE))


def routers(lab: str, root: Path = ROOT) -> frozenset[str]:
    """Routers whose daemons have a group."""
    return frozenset(name.removeprefix(ROUTER) for name in _groups(lab, root) if name.startswith(ROUTER))


def _groups(lab: str, root: Path) -> frozenset[str]:
    return frozenset(
        entry.name for top in folders(lab, "", root) if top.is_dir() for entry in top.iterdir() if entry.is_dir()
    )
