"""`python -m tests.bench.addresses [memory] [durable] [netaddr] [--runs N] [--record]`: giving out prefixes, measured.

memory: one allocation in a book that has 1,000,000 prefixes with gaps, in process, each measured by itself. durable: the
same in a ledger on disk, fully synced: in batches up to 1,000,000, then one by one, then by 16 threads. netaddr: the
method of the usual address managers (`IPSet` of the parent minus all children, first that is left) and ours, on the same
children in the same run. `--record` prints rows for docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import quantiles

from netaddr import IPNetwork, IPSet

from inventory.allotting import Book, Pool, parse
from inventory.allotting.prefixes import text
from inventory.ledger import Ledger
from tests.bench.measuring import machine

POOL = Pool("city", (parse("3fff:430::/32"),), (parse("3fff:430::/64"),), rest=0)
MANY, BATCH, SINGLE = 1_000_000, 20_000, 5_000
Rows = list[tuple[str, str, str]]
"""what, figure, asked"""


def memory(seed: int) -> Rows:
    """A million keys, a tenth of them released in no order, so that there are gaps of every size; then one at a time."""
    chance, book = random.Random(seed), Book()
    keys = {f"segment/{number:07}": 64 for number in range(MANY + MANY // 10)}
    began = time.perf_counter()
    book.reserve(POOL, keys, 0)
    made = time.perf_counter() - began
    book.release(chance.sample(sorted(keys), MANY // 10), 0)
    book.sweep(1)

    def one(number: int) -> None:
        book.reserve(POOL, {f"more/{number:07}": chance.choice((60, 62, 64))}, 2)

    wall = [_timed(partial(one, number)) for number in range(50_000)]
    cpu = [_timed(partial(one, number), time.thread_time) for number in range(50_000, 100_000)]
    return [
        (f"in process: {MANY + MANY // 10:,} in one change, a second", f"{len(keys) / made:,.0f}", ""),
        (f"in process: one among {MANY:,}, wall, p50 / p99 / largest of 50,000, µs", _spread(wall, 1e6), "p99 100"),
        ("… the same in CPU time, µs", _spread(cpu, 1e6), ""),
    ]


def durable(seed: int) -> Rows:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="lz-bench-") as folder, Ledger(Path(folder) / "ledger") as ledger:
        sync = sorted(_timed(partial(_synced, Path(folder) / "bare")) for _ in range(200))[100]
        batches, began = [], time.process_time()
        for first in range(0, MANY, BATCH):
            keys = {f"segment/{number:07}": 64 for number in range(first, first + BATCH)}
            batches.append(_timed(lambda keys=keys: ledger.reserve(POOL, keys, 0)))
        batched = time.process_time() - began
        strange = {f"{chance.getrandbits(64):016x}": 64 for _ in range(BATCH)}
        scattered = _timed(lambda: ledger.reserve(POOL, strange, 0))
        ledger.release([f"segment/{chance.randrange(MANY):07}" for _ in range(BATCH)], 0)
        ledger.sweep(1)
        gc.collect()
        began = time.process_time()
        singles = [
            _timed(lambda n=n: ledger.reserve(POOL, {f"one/{n:07}": chance.choice((60, 62, 64))}, 2))
            for n in range(SINGLE)
        ]
        cpu = (time.process_time() - began) / SINGLE
        threads = _threads(ledger, 16, SINGLE // 16)
        audit = _timed(ledger.audit)
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) >> 20
    return [
        (f"durable: batches of {BATCH:,} up to {MANY:,}, a second", f"{MANY / sum(batches):,.0f} (slowest batch {BATCH / max(batches):,.0f})", "100,000"),
        (f"durable: a batch of {BATCH:,} whose keys are random, a second", f"{BATCH / scattered:,.0f}", ""),
        (f"durable: one by one among {MANY:,}, a second", f"{SINGLE / sum(singles):,.0f}", "2,000"),
        ("… p50 / p99 / largest, µs", _spread(singles, 1e6), ""),
        ("… CPU µs each / an append of 4 KiB and its sync alone, median, µs", f"{cpu * 1e6:.0f} / {sync * 1e6:.0f}", ""),
        ("batches, by CPU time, a second", f"{MANY / batched:,.0f}", ""),
        ("durable: one by one by 16 threads, a second", f"{threads:,.0f}", ""),
        (f"everything of {MANY:,} looked through: overlaps, containment, alignment, leaks, s", f"{audit:.1f}", "5"),
        (f"size of the ledger of {MANY:,}, MiB", str(size), ""),
    ]  # fmt: skip


def netaddr(seed: int) -> Rows:
    return [row for count in (1_000, 10_000) for row in _beside_netaddr(seed, count)]


def _beside_netaddr(seed: int, count: int) -> Rows:
    """One allocation in a parent with so many children at random places, by their method and by ours."""
    chance, book = random.Random(seed), Book()
    whole = parse("3fff:430::/40")
    parent = Pool("parent", (whole,))
    children = {f"c{place}": whole.nth(place, 64) for place in chance.sample(range(4 * count), count)}
    book.reserve(parent, children, 0)
    networks = [IPNetwork(text(prefix)) for prefix in children.values()]
    found: list[str] = []

    def theirs() -> None:
        left = IPSet([IPNetwork(text(whole))]) - IPSet(networks)
        found.append(next(str(next(net.subnet(64))) for net in left.iter_cidrs() if net.prefixlen <= 64))

    once = min(_timed(theirs) for _ in range(3))
    mine = sorted(_timed(lambda n=n: book.reserve(parent, {f"n{n}": 64}, 0)) for n in range(1_000))
    ours = mine[len(mine) // 2]
    if parse(found[0]) in children.values():
        raise AssertionError(f"{found[0]} is taken")
    return [
        (f"`IPSet` of the parent minus {count:,} children, one allocation, s", f"{once:.3f}", ""),
        (f"… ours among {count:,} in the same run, median of 1,000, s", f"{ours:.7f} ({once / ours:,.0f} times)", ""),
    ]


PARTS: dict[str, Callable[[int], Rows]] = {"memory": memory, "durable": durable, "netaddr": netaddr}


def _threads(ledger: Ledger, count: int, each: int) -> float:
    """Allocations a second of so many threads, each asking for one at a time."""
    start = threading.Barrier(count + 1)

    def work(name: int) -> None:
        start.wait()
        for number in range(each):
            ledger.reserve(POOL, {f"thread{name}/{number}": 64}, 3)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(count)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return count * each / (time.perf_counter() - began)


def _synced(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(bytes(4096))
        os.fsync(file.fileno())


def _timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    work()
    return clock() - began


def _spread(seconds: list[float], scale: float) -> str:
    cuts = quantiles(seconds, n=100)
    return f"{cuts[49] * scale:,.0f} / {cuts[98] * scale:,.0f} / {max(seconds) * scale:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="print Markdown rows")
    options = parser.parse_args()
    print(machine())
    found: dict[str, tuple[list[str], str]] = {}
    for run in range(options.runs):
        for part in options.parts or PARTS:
            for what, figure, asked in PARTS[part](run):
                print(f"  {what}: {figure}" + (f" (asked {asked})" if asked else ""), flush=True)
                found.setdefault(what.partition(" (")[0] if what.startswith("…") else what, ([], asked))[0].append(
                    figure
                )
    for what, (figures, asked) in found.items() if options.record else ():
        print(f"| {what} | {'; '.join(figures)} | {asked or '–'} |")


if __name__ == "__main__":
    main()
