"""`python -m tests.bench.lines [--runs N]`: what a line of the lab takes and carries. As root.

Two routers and one line of a lab of its own, without hosts. Prints every run: round trips of 200 datagrams on lines of
declared 0 to 60 ms; bytes of one TCP flow in 3 s over lines of declared 10 to 10,000 Mbit/s, with the CPU seconds and
the memory of the line's program where it is a program.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from inventory.vantage import inside
from stacks.drivers.base import Thing
from stacks.drivers.lab import Lab, cgroups, lines, names, teardown
from tests.bench.measuring import machine, pss
from tests.drivers import labs

ENDS = "3fff:0:0:fe00::2", "3fff:0:0:fe00::3"
PINGS, SECONDS, RUSH = 200, 3.0, 1 << 16
PORT = 5001


def echo() -> None:
    """Answers every datagram, for ever."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as there:
        there.bind((ENDS[1], PORT))
        while True:
            there.sendto(*there.recvfrom(2048))


def source() -> None:
    """Sends as much as it can to whoever connects."""
    with socket.create_server((ENDS[1], PORT), family=socket.AF_INET6) as server:
        peer = server.accept()[0]
        with suppress(OSError):
            while True:
                peer.sendall(bytes(RUSH))


def round_trips() -> list[float]:
    """Milliseconds, of those that came back."""
    took = []
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as here:
        here.settimeout(1)
        here.connect((ENDS[1], PORT))
        for number in range(-5, PINGS):  # the first few ask for neighbours
            began = time.perf_counter()
            with suppress(OSError):
                here.send(number.to_bytes(8, "big", signed=True))
                while here.recv(64) != number.to_bytes(8, "big", signed=True):
                    pass
                took += [(time.perf_counter() - began) * 1000] if number >= 0 else []
            time.sleep(0.005)
    return took


def flow() -> float:
    """Megabits a second of one flow."""
    with socket.create_connection((ENDS[1], PORT), 10) as here:
        began, got = time.perf_counter(), 0
        while (took := time.perf_counter() - began) < SECONDS:
            got += len(here.recv(RUSH))
    return got * 8 / took / 1e6


def at(far: Callable[[], None], near: Callable[[], Any], spaces: list[str]) -> Any:
    """`near` at one end of the line while `far` runs at the other, in a process of its own."""
    process = multiprocessing.get_context("fork").Process(target=inside, args=(spaces[1], far), daemon=True)
    process.start()
    try:
        time.sleep(0.3)
        return inside(spaces[0], near)
    finally:
        process.kill()
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    print(f"lines by: {lines.way()}")
    with tempfile.TemporaryDirectory() as home:
        place = Path(home, "drivers", "lab")
        lab, wire = Lab(None, place), labs.line("a", "b", 1)
        spaces = [names.path(names.netns(lab.id, "net.router", f"core-{site}")) for site in "ab"]
        try:
            for router in (labs.router("a", 1), labs.router("b", 2)):
                lab.create(router)
            for run in range(1, options.runs + 1):
                for rtt in (0, 1, 5, 20, 60):
                    lab.create(replace(wire, properties={**wire.properties, "rtt_ms": rtt}))
                    took = at(echo, round_trips, spaces)
                    print(f"run {run}: {rtt} ms declared: {len(took)}/{PINGS} came back, least {min(took):.2f}, median "
                          f"{median(took):.2f}, 95 % {quantiles(took, n=20)[18]:.2f}, most {max(took):.2f} ms", flush=True)  # fmt: skip
                for mbps in (10, 100, 10000):
                    lab.create(replace(wire, properties={**wire.properties, "bandwidth_mbps": mbps}))
                    before = _cpu(lab, wire)
                    got = at(source, flow, spaces)
                    print(f"run {run}: {mbps} Mbit/s declared: {got:.1f} Mbit/s, program {_cpu(lab, wire) - before:.2f} "
                          f"CPU s of {SECONDS:.0f} s, {_memory(lab, wire):.1f} MiB", flush=True)  # fmt: skip
        finally:
            teardown(place)


def _programs(lab: Lab, line: Thing) -> frozenset[int]:
    return cgroups.processes(lab.id, cgroups.LINE + names.wire(lab.id, "line", line.name, "0"))


def _cpu(lab: Lab, line: Thing) -> float:
    ticks = 0
    for pid in _programs(lab, line):
        ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory(lab: Lab, line: Thing) -> float:
    return sum(pss(pid) for pid in _programs(lab, line)) / 1024


if __name__ == "__main__":
    main()
