"""`python -m tests.bench.exchange [--rows N] [--runs N]`: a plan of a million prefixes read, looked through and added up.

The plan is made of /64 that lie in every fourth place of the city's /32, in containers of sites and zones, with owners
and names, a tenth of them IPv4 of private networks. Prints seconds of each run, wall and CPU: import of both forms,
the sweep for overlaps, all findings (overlaps, orphans, misplacements), fullness, migration list. Nothing is found in it, so that what is measured is
looking, not telling.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import resource
import time
from collections.abc import Callable
from csv import reader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inventory import reading
from inventory.exchange import own, pages, store, table
from inventory.exchange.audit import findings
from inventory.exchange.bits import Layout
from inventory.exchange.book import Book, Prefix
from inventory.exchange.migration import migration
from inventory.exchange.nesting import placed, usage
from tests.bench.measuring import machine

CITY = reading.city()


def plan(rows: int) -> Book:
    """So many prefixes, with nothing wrong."""
    bits, city = Layout(CITY), CITY
    sites, zones, owners = [s.key for s in city.sites], [z.key for z in city.zones], [b.key for b in city.bureaus]
    made = [Prefix(6, bits.whole[0], bits.whole[1], status="container", owner="city", name="city")]
    private = rows // 10
    places = [(s, z, o) for s in sites for z in zones for o in owners]
    each = (rows - private) // len(places) + 1
    for site, zone, owner in places:
        first, _ = bits.area(site, zone, owner)
        for index in range(1, min(each, rows - private - len(made)) + 1):
            made.append(
                Prefix(
                    6, first + (4 * index << 64), 64, "", "active", owner, zone, site, name=f"{owner}-{site}-{index}"
                )
            )
    for index in range(private):
        network = f"net-{index // 256}"
        made.append(
            Prefix(4, (10 << 24) + (index % 65536 << 8), 24, network, "active", owners[index // 256 % len(owners)],
                   secret=False, name=f"{network}-{index % 256}")
        )  # fmt: skip
    return Book(tuple(made), (), (), *own.words(city))


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall and CPU seconds, those of child processes among them, and what came of it."""
    gc.collect()
    cpu, began = _cpu(), time.perf_counter()
    result = work()
    return time.perf_counter() - began, _cpu() - cpu, result


def _cpu() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    made = plan(options.rows)
    with TemporaryDirectory() as folder:
        measure(made, Path(folder), options.runs)


def measure(made: Book, folder: Path, runs: int) -> None:
    """Imports are of files: reading them and looking for bytes that are no text is part of it."""
    csv = table.write(made)
    (folder / "plan.csv").write_text(csv, encoding="utf-8")
    (folder / "plan.json").write_text(pages.write(made), encoding="utf-8")
    print(
        f"{len(made.prefixes)} prefixes", *(f"{p.name} {p.stat().st_size >> 20} MiB" for p in sorted(folder.iterdir()))
    )
    for run in range(1, runs + 1):
        told = []
        for name, work in (
            ("csv.reader alone", lambda: sum(map(len, reader(io.StringIO(csv, newline=""))))),
            ("import CSV", lambda: store.load(folder / "plan.csv")),
            ("import JSON", lambda: store.load(folder / "plan.json")),
            ("overlaps", lambda: sum(1 for found in placed(made) if found.twin is not None)),
            ("findings", lambda: findings(made, CITY, Book())),
            ("fullness", lambda: usage(made)),
            ("migration", lambda: migration(made, CITY, Book())),
        ):
            wall, cpu, result = timed(work)
            told.append(f"{name} {wall:.2f} s ({cpu:.2f} CPU)")
            assert name != "findings" or result == (), result[:3]
            assert not isinstance(result, Book) or len(result.prefixes) == len(made.prefixes)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"run {run}: {'; '.join(told)}; peak {peak} MiB", flush=True)


if __name__ == "__main__":
    main()
