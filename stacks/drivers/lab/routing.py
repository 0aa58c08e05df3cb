"""The routing protocol of the lab's routers: FRR, with daemons, sockets and a control group for each router.

In: what `inventory.rendering.frr` has for a router. Out: daemons that do it, beside the computed routes that lie under
theirs (`network.FLOOR`). What a router's daemons have been told is the file `frr.conf` in its folder below `FOLDERS`:
more of it is told to those that run, anything else ends them and starts others. They outlive the verb, are found by the
lab's id after a crash, and end with the router or the lab. Where the machine has no FRR (`way`), nothing is done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Literal

from stacks.drivers.base import DriverError
from stacks.drivers.lab import cgroups, names, shell

Way = Literal["frr", "none"]
LIBRARY = Path("/usr/lib/frr")
FOLDERS = Path("/run/liangzhu-routing")
"""apart from what else lies under /run, which is root's alone"""
START_SECONDS = 20
_USER = "frr"
"""whom the daemons become: they refuse to stay root"""
_ALWAYS = ("zebra", "bfdd", "bgpd")
_MEMORY_MIB = 512
_NICE = -5
"""as FRR's own unit has it: on a busy machine a late BFD packet would be taken for a lost line"""
_TRIES = 100
"""looks at a daemon that has not joined its group yet, a hundredth of a second each"""
_PARALLEL = 4


@cache
def way() -> Way:
    """Does this machine have FRR? Tried out: zebra is started in a network namespace that goes with the trial."""
    programs = [LIBRARY / daemon for daemon in (*_ALWAYS, "ospf6d")]
    if os.geteuid() or not shutil.which("vtysh") or not all(program.exists() for program in programs):
        return "none"
    try:
        with tempfile.TemporaryDirectory(prefix="lz-probe-") as place, _one(Path(place)):
            return "frr"
    except DriverError:
        return "none"


def daemons(text: str) -> tuple[str, ...]:
    """Those that a file speaks to; the first is who the others speak to."""
    return (*_ALWAYS, "ospf6d") if "router ospf6" in text else _ALWAYS


def more(before: str, after: str) -> bool:
    """Does a file say all that another did, each line under the same heading?"""
    return _said(before) <= _said(after)


def converge(lab: str, files: Mapping[str, str]) -> None:
    """Each router's daemons do what its file says; those of all others end. DriverError unavailable."""
    weed(lab, files)
    with ThreadPoolExecutor(_PARALLEL) as several:
        list(several.map(lambda router: _one_router(lab, router, files[router]), sorted(files)))


def well(lab: str, router: str) -> bool:
    """Does everything run that was started? (Nothing was, where the machine has no FRR.)"""
    told = _told(lab, router)
    return told is None or _running(lab, router) == set(daemons(told))


def end(lab: str, router: str, seconds: float = 10) -> None:
    """End the daemons of a router; their routes and their folder go. None is no error. DriverError unavailable."""
    if pids := cgroups.kill(lab, _group(router), seconds):
        raise DriverError("unavailable", f"路由协议程序 {sorted(pids)} 在 {seconds:.0f} 秒内没有结束:稍后重试",
                          f"the routing daemons {sorted(pids)} did not end in {seconds:.0f} s: try again later",
                          where=router)  # fmt: skip
    cgroups.remove(lab, _group(router))
    shutil.rmtree(folder_of(lab, router), ignore_errors=True)
    with suppress(OSError):  # the last one's; others keep it
        FOLDERS.rmdir()
    space = names.netns(lab, "net.router", router)
    if shell.alive(space):
        # a killed zebra takes nothing back; with what routes lead to, the kernel drops the routes
        shell.run("ip", "-n", space, "nexthop", "flush", "proto", "zebra", check=False)


def weed(lab: str, wanted: Collection[str] = ()) -> None:
    """End the daemons of all other routers."""
    for router in there(lab) - {*wanted}:
        end(lab, router)


def there(lab: str) -> frozenset[str]:
    """Routers that have daemons, or a folder that those left."""
    head = names.netns(lab, "net.router", "")
    entries = FOLDERS.iterdir() if FOLDERS.is_dir() else ()
    left = {entry.name.removeprefix(head) for entry in entries if entry.name.startswith(head)}
    return cgroups.routers(lab) | left


def _one_router(lab: str, router: str, text: str) -> None:
    told, runs = _told(lab, router), _running(lab, router) == set(daemons(text))
    if runs and told == text:
        return
    folder = folder_of(lab, router)
    if not (runs and told is not None and more(told, text)):
        end(lab, router)
        _start(lab, router, daemons(text))
    (folder / "next.conf").write_text(text, encoding="utf-8")
    said = shell.run("vtysh", "--vty_socket", str(folder), "-f", str(folder / "next.conf"))
    if wrong := [line for line in said.splitlines() if line.startswith("%")]:
        raise DriverError("unavailable", f"FRR 不接受它的配置:{' '.join(wrong)[-500:]}",
                          f"FRR does not take its file: {' '.join(wrong)[-500:]}", where=router)  # fmt: skip
    (folder / "next.conf").rename(folder / "frr.conf")


def _start(lab: str, router: str, wanted: tuple[str, ...]) -> None:
    folder, space = folder_of(lab, router), names.netns(lab, "net.router", router)
    _make(folder)
    groups = cgroups.make(lab, _group(router), _MEMORY_MIB)
    for together in (wanted[:1], wanted[1:]):  # who finds no zebra tries again after 10 s only
        for daemon in together:
            with (folder / f"{daemon}.log").open("w") as log:
                words = ["nice", "-n", str(_NICE), "ip", "netns", "exec", space, *_command(daemon, folder)]
                command = cgroups.apart(groups, words)
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False)
        for daemon in together:
            _await(daemon, folder, lambda daemon=daemon: daemon in _running(lab, router), router)


def _command(daemon: str, folder: Path) -> list[str]:
    return [str(LIBRARY / daemon), "-f", str(folder / "empty"), "-i", str(folder / f"{daemon}.pid"), "-z",
            str(folder / "zserv.api"), "--vty_socket", str(folder), "-u", _USER, "-g", _USER]  # fmt: skip


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    (folder / "empty").touch()
    shutil.chown(folder, _USER, _USER)


@contextmanager
def _one(folder: Path) -> Iterator[None]:
    """A zebra of nobody's."""
    try:
        _make(folder)
    except LookupError:
        raise DriverError("unavailable", f"本机没有用户 {_USER}", f"this machine has no user {_USER}") from None
    with subprocess.Popen(["unshare", "--net", *_command("zebra", folder)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as trial:  # fmt: skip
        try:
            _await("zebra", folder, lambda: trial.poll() is None, "trial")
            yield
        finally:
            trial.kill()


def _await(daemon: str, folder: Path, lives: Callable[[], bool], where: str) -> None:
    """Until it listens. DriverError unavailable."""
    until, tries = time.monotonic() + START_SECONDS, 0
    sockets = [folder / f"{daemon}.vty", *([folder / "zserv.api"] if daemon == "zebra" else [])]
    while not all(socket.exists() for socket in sockets):
        tries += 1
        if time.monotonic() > until or (tries > _TRIES and not lives()):
            log = folder / f"{daemon}.log"
            why = log.read_text(errors="replace").strip()[-500:] if log.exists() else ""
            raise DriverError("unavailable", f"路由协议程序 {daemon} 没有启动,再次运行会重试;它的输出:{why}",
                              f"{daemon} did not start; running it again tries again; it said: {why}", where=where)  # fmt: skip
        time.sleep(0.01)


def _running(lab: str, router: str) -> set[str]:
    """Names of the daemons that live."""
    found = set[str]()
    for pid in cgroups.processes(lab, _group(router)):
        with suppress(OSError):
            program = Path("/proc", str(pid), "cmdline").read_text().partition("\0")[0]
            found |= {Path(program).name} if Path(program).parent == LIBRARY else set()
    return found


def _told(lab: str, router: str) -> str | None:
    """What its daemons were told, None where there are none."""
    with suppress(OSError):
        return (folder_of(lab, router) / "frr.conf").read_text(encoding="utf-8")
    return None


def folder_of(lab: str, router: str) -> Path:
    """Where a router's daemons listen (`vtysh --vty_socket`) and what they were told lies."""
    return FOLDERS / names.netns(lab, "net.router", router)


def _group(router: str) -> str:
    return cgroups.ROUTER + router


def _said(text: str) -> frozenset[tuple[str, ...]]:
    """Every line with the headings above it, by its indentation."""
    found, above = set[tuple[str, ...]](), list[tuple[int, str]]()
    for line in text.splitlines():
        depth, words = len(line) - len(line.lstrip()), line.strip()
        while above and above[-1][0] >= depth:
            above.pop()
        found.add((*(heading for _, heading in above), words))
        above.append((depth, words))
    return frozenset(found)
