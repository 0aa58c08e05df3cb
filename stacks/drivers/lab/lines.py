"""A line between two sites' routers: devices that hold packets for the declared round trip, at the declared rate.

In: a `net.link`. Out: its two devices, made or found, and how it is. Where the kernel has netem a line is a veth pair
with netem at both ends; where it has TUN, `delayline` with its two TAP devices; else a veth pair that holds nothing.
The program has a control group of its own: it outlives the verb that started it, and goes with the lab.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from inventory.kinds.net import Link
from stacks.drivers.base import DriverError
from stacks.drivers.lab import cgroups, delayline, loss, names, shell

Way = Literal["netem", "program", "none"]
End = tuple[str, str]
"""network namespace, device"""
START_SECONDS = 20
_MEMORY_MIB = 128
_FRAME_BITS = 1500 * 8


@cache
def way() -> Way:
    """How this machine holds packets, tried out in a network namespace that goes with the trial."""
    trial = ["unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms", "rate", "1gbit"]
    if shutil.which("tc") and subprocess.run(trial, capture_output=True, check=False).returncode == 0:
        return "netem"
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError:
        return "none"
    return "program"


def ends(lab: str, line: Link) -> tuple[End, End]:
    """Where its two devices are."""
    one, two = (names.netns(lab, "net.router", router) for router in line.routers)
    return (one, names.wire(lab, "line", line.name, "0")), (two, names.wire(lab, "line", line.name, "1"))


def lay(lab: str, line: Link) -> bool:
    """Make its devices where they are not well; True where they are new. DriverError unavailable."""
    both = ends(lab, line)
    fresh = not well(lab, line)
    if fresh:
        end(lab, _group(both))
        for space, device in both:
            if device in shell.devices(space):
                shell.ip(space, f"link del {device}")
        if way() == "program":
            _start(lab, line)
        else:
            pair(*both)
        for space, device in both:
            shell.ip(space, f"link set {device} up")
    if way() == "netem":
        for space, device in both:
            shell.run("tc", "-n", space, "qdisc", "replace", "dev", device, "root", *netem(line).split())
    return fresh


def pair(one: End, two: End) -> None:
    """A veth pair."""
    (here, mine), (there, theirs) = one, two
    shell.run("ip", "link", "add", mine, "netns", here, "type", "veth", "peer", "name", theirs, "netns", there)


def well(lab: str, line: Link) -> bool:
    """Is it there, and does it hold packets as declared? (It may be cut or lose them.)"""
    both = ends(lab, line)
    if not all(shell.alive(space) and device in shell.devices(space) for space, device in both):
        return False
    running = [_arguments(pid) for pid in cgroups.processes(lab, _group(both))]
    if way() == "netem":
        shown = [shell.run("tc", "-n", space, "qdisc", "show", "dev", device) for space, device in both]
        return not running and all("netem" in text for text in shown)
    return running == ([_wanted(both, line)] if way() == "program" else [])


def status(lab: str, line: Link) -> Literal["up", "cut", "lost"]:
    """Of a line that is there, from the kernel."""
    both = ends(lab, line)
    found = [shell.devices(space).get(device) for space, device in both]
    if not all(device and device.enabled for device in found):
        return "cut"
    return "lost" if any(device in loss.silent(space) for space, device in both) else "up"


def netem(line: Link) -> str:
    """What tc is told at either end: half the round trip each."""
    seconds, mbps = line.rtt_ms / 2000, _mbps(line)
    limit = max(1000, int((seconds + delayline.QUEUE_SECONDS) * mbps * 1e6 / _FRAME_BITS))
    return f"netem limit {limit} delay {line.rtt_ms * 500:.0f}us rate {mbps}mbit"


def end(lab: str, group: str, seconds: float = 10) -> None:
    """End the program of a line, whose devices go with it; none is no error. DriverError unavailable."""
    if pids := cgroups.kill(lab, group, seconds):
        raise DriverError(
            "unavailable",
            f"线路程序 {sorted(pids)} 在 {seconds:.0f} 秒内没有结束:稍后重试",
            f"the programs {sorted(pids)} of a line did not end in {seconds:.0f} s: try again later",
        )
    cgroups.remove(lab, group)


def weed(lab: str, wanted: Collection[Link] = ()) -> None:
    """End the programs of all other lines."""
    for group in cgroups.lines(lab) - {_group(ends(lab, line)) for line in wanted}:
        end(lab, group)


def _start(lab: str, line: Link) -> None:
    both = ends(lab, line)
    command = [sys.executable, "-I", "-S", delayline.__file__, *_wanted(both, line)]
    groups = cgroups.make(lab, _group(both), _MEMORY_MIB)
    until = time.monotonic() + START_SECONDS
    with tempfile.TemporaryFile("w+") as spoken:
        words = cgroups.apart(groups, command)
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=spoken, stderr=spoken, cwd="/", check=False)
        while True:
            alive = bool(cgroups.processes(lab, _group(both)))
            if all(device in shell.devices(space) for space, device in both):
                return
            if not alive or time.monotonic() > until:
                spoken.seek(0)
                why = spoken.read().strip()[-500:]
                raise DriverError(
                    "unavailable",
                    f"线路程序没有建出网卡,再次运行会重试;它的输出:{why}",
                    f"the line's program made no devices; running it again tries again; it said: {why}",
                    where=line.name,
                )
            time.sleep(0.02)


def _wanted(both: tuple[End, End], line: Link) -> list[str]:
    """Arguments of the program: two programs with the same ones do the same."""
    (here, mine), (there, theirs) = both
    return [names.path(here), mine, names.path(there), theirs, f"{line.rtt_ms:g}", str(_mbps(line))]


def _mbps(line: Link) -> int:
    """One device stands for all lines between the two."""
    return line.bandwidth_mbps * line.lines


def _group(both: tuple[End, End]) -> str:
    return cgroups.LINE + both[0][1]


def _arguments(pid: int) -> list[str]:
    """Of a running program, without the interpreter's; [] when it has ended."""
    with suppress(OSError):
        return Path("/proc", str(pid), "cmdline").read_text().split("\0")[4:-1]
    return []
