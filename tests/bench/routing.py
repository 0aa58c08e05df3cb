"""`python -m tests.bench.routing [--runs N]`: what a routing protocol in the lab's routers costs, and how long packets are
lost. As root, with FRR.

Three sites in a ring and an access router, in a lab of its own, without hosts. Prints every run: seconds to build it
with computed routes alone and with FRR, and to converge again; until FRR says what is computed; how long no answer comes
of a datagram every 10 ms when the short line is lost silently, is repaired, is cut, is repaired; memory and CPU seconds
of the daemons.
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from inventory.vantage import inside
from stacks.drivers.lab import cgroups, names, partition, routing, teardown
from tests.bench.measuring import machine, pss
from tests.drivers import labs
from tests.drivers.labs import City
from tests.drivers.routed import agree
from tests.drivers.test_lab_routing import AB, FAR, NETWORK

PORT, EVERY, QUIET = 5001, 0.01, 6.0


class Stream:
    """Datagrams from site a to site b and back, as long as it is open; `gap` is the longest time without an answer."""

    def __init__(self, place: Path) -> None:
        spaces = [names.path(names.netns(names.lab_id(place), "sec.bastion", f"bastion-{site}")) for site in "ab"]
        # a socket keeps the namespace that it was made in, whichever thread uses it
        self._here, self._there = (inside(space, _socket) for space in spaces)
        self._there.bind((FAR, PORT))
        self._came, self._open = list[float](), True
        self._threads = [threading.Thread(target=work) for work in (self._send, self._answer, self._take)]
        for thread in self._threads:
            thread.start()

    def gap(self, event: Callable[[], None]) -> float:
        """Seconds without an answer, round what happens."""
        time.sleep(0.5)
        self._came = [time.monotonic()]
        event()
        time.sleep(QUIET)
        return max((after - before for before, after in pairwise([*self._came, time.monotonic()])), default=QUIET)

    def close(self) -> None:
        self._open = False
        for thread in self._threads:
            thread.join()
        self._here.close()
        self._there.close()

    def _send(self) -> None:
        while self._open:
            with suppress(OSError):  # no route, for a moment
                self._here.sendto(b"?", (FAR, PORT))
            time.sleep(EVERY)

    def _answer(self) -> None:
        while self._open:
            with suppress(OSError):
                self._there.sendto(*self._there.recvfrom(64))

    def _take(self) -> None:
        while self._open:
            with suppress(OSError):
                self._here.recv(64)
                self._came.append(time.monotonic())


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.settimeout(0.2)
    return made


def daemons(lab: str) -> dict[int, str]:
    """Process → router and program."""
    return {
        pid: f"{router} {Path('/proc', str(pid), 'comm').read_text().strip()}"
        for router in sorted(cgroups.routers(lab)) for pid in sorted(cgroups.processes(lab, cgroups.ROUTER + router))
    }  # fmt: skip


def cpu(pids: dict[int, str]) -> float:
    ticks = sum(sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) for pid in pids)
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def run(number: int, home: Path) -> None:
    city, way = City(home / f"{number}"), routing.way
    try:
        routing.way = lambda: "none"
        first, again = timed(lambda: city.build(*NETWORK)), timed(lambda: city.build(*NETWORK))
        print(f"run {number}: computed routes alone: built in {first:.2f} s, again {again:.2f} s", flush=True)
        teardown(city.place)
        routing.way = way
        first, again = timed(lambda: city.build(*NETWORK)), timed(lambda: city.build(*NETWORK))
        print(f"run {number}: FRR: built in {first:.2f} s, again {again:.2f} s", flush=True)
        print(f"run {number}: says what is computed {agree(city.place, NETWORK):.2f} s later", flush=True)
        stream = Stream(city.place)
        try:
            for name, event, down in (("lost silently", partition.lose, [AB.name]), ("repaired", partition.mend, []),
                                      ("cut", partition.cut, [AB.name]), ("repaired", partition.mend, [])):  # fmt: skip
                gap = stream.gap(lambda event=event: event(city.place, AB.name))
                agree(city.place, NETWORK, down)
                print(f"run {number}: {name}: {gap:.2f} s without an answer", flush=True)
        finally:
            stream.close()
        there = daemons(city.lab.id)
        before = cpu(there)
        time.sleep(10)
        held = {name: pss(pid) / 1024 for pid, name in there.items()}
        print(f"run {number}: {len(there)} daemons of 4 routers: {sum(held.values()):.0f} MiB, "
              f"{(cpu(there) - before) / 10:.3f} CPU s a second; "
              + ", ".join(f"{name} {mib:.1f}" for name, mib in held.items() if name.startswith("core-b")), flush=True)  # fmt: skip
    finally:
        routing.way = way
        teardown(city.place)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    labs.ready()
    if routing.way() != "frr":
        raise SystemExit("no FRR on this machine (apt install frr)")
    with tempfile.TemporaryDirectory() as home:
        for number in range(1, options.runs + 1):
            run(number, Path(home))


if __name__ == "__main__":
    main()
