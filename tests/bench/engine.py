"""`python -m tests.bench.engine [bare] [one] [many] [recover] [--runs N] [--record]`: the embedded engine, measured.

- `bare`: the program of 1,000 things under a monitor object that only answers. What the SDK itself costs.
- `one`: the same program on the engine: up from nothing, then a preview that changes nothing; and beyond bare, measured
  in the same run. Where a `pulumi` is on PATH, the same on the stock engine with its file back end.
- `many`: 10,000 things in 100 stacks, each tenth of them a hub that the next nine refer to: the programs alone, up, a
  preview that changes nothing, a preview and an up after one request file has changed. Growth from 10 stacks to 100.
- `recover`: kill -9 in the middle of an up of 1,000, and how long the next run takes until it does something new.

Every figure is of a whole process with all its descendants. `--record` prints rows for docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from inventory.places import ROOT
from tests.bench import stock
from tests.bench.measuring import Measured, descendants, machine, once

THINGS = 1000
STACKS, EACH = 100, 100

Rows = list[tuple[str, list[Measured | float], str]]
"""(what, every run, what is asked)"""


def bare(runs: int) -> Rows:
    with _home() as home:
        _requests(home, {"one": THINGS})
        return [("bare SDK program, 1,000 things", [once("bare", home) for _ in range(runs)], "")]


def one(runs: int) -> Rows:
    """Alternates bare, up and preview, so that a busier moment is not held against one of them."""
    bares, ups, previews, again = [], [], [], []
    for _ in range(runs):
        with _home() as home:
            _requests(home, {"one": THINGS})
            bares.append(once("bare", home))
            ups.append(once("up", home))
            previews.append(once("plan", home))
            again.append(once("up", home))
    base = statistics.median(run.cpu for run in bares)
    rows: Rows = [
        ("bare SDK program, 1,000 things", [*bares], ""),
        ("up from nothing", [*ups], ""),
        ("up beyond bare, CPU s", [run.cpu - base for run in ups], "2.5"),
        ("no-change preview", [*previews], ""),
        ("no-change preview beyond bare, CPU s", [run.cpu - base for run in previews], "1.0"),
        ("no-change up", [*again], ""),
    ]
    return rows + _stock(base, statistics.median(run.cpu for run in ups), statistics.median(r.cpu for r in previews))


def _stock(base: float, up: float, preview: float) -> Rows:
    if not stock.present():
        print("no pulumi on PATH: the stock engine is not measured beside it")
        return []
    rows: Rows = []
    for checkpoints in (True, False):
        with _home() as home:
            _requests(home, {"one": THINGS})
            theirs = stock.Stock(home, checkpoints)
            word = "file back end" if checkpoints else "checkpoints off, nothing durable"
            made, same = theirs.up(), theirs.preview()
            rows += [
                (f"{theirs.version}, {word}: up", [made], ""),
                (f"… CPU s as a multiple of ours ({up:.2f}, bare {base:.2f})", [made.cpu / up], ""),
            ]
            if checkpoints:
                rows += [
                    (f"{theirs.version}, {word}: no-change preview", [same], ""),
                    (f"… CPU s as a multiple of ours ({preview:.2f})", [same.cpu / preview], ""),
                ]
    return rows


def many(runs: int) -> Rows:
    small: list[Measured] = []
    found: dict[str, list[Measured | float]] = {}
    for _ in range(runs):
        with _home() as home:
            _requests(home, _hubs(STACKS // 10))
            small.append(once("up", home))
        with _home() as home:
            _requests(home, _hubs(STACKS))
            steps: list[tuple[str, str, Callable[[], None] | None]] = [
                ("the programs alone, forked from a warm parent", "alone", None),
                ("up from nothing", "up", None),
                ("no-change preview", "plan", None),
                ("no-change preview again", "plan", None),
                ("preview after one changed request", "plan", lambda: _change(home, "s-042")),
                ("up after it", "up", None),
            ]
            for what, verb, before in steps:
                if before:
                    before()
                run = once(verb, home, memory=True)
                found.setdefault(what, []).append(run)
                print(f"  {what}: {run}, {run.said['counts']}", flush=True)
    asked = {"up from nothing": "40 s", "no-change preview": "12 s", "preview after one changed request": "1.5 s"}
    ups = [run for run in found["up from nothing"] if isinstance(run, Measured)]
    growth = math.log(min(r.cpu for r in ups) / min(r.cpu for r in small)) / math.log(10)
    rows: Rows = [(f"10,000 in 100 stacks: {what}", all_, asked.get(what, "")) for what, all_ in found.items()]
    peaks = [run.mib for all_ in found.values() for run in all_ if isinstance(run, Measured) and run.mib is not None]
    rows.append(("peak memory, MiB (sum of PSS of parent and workers, sampled every 0.1 s)", [max(peaks)], "600"))
    rows.append(("1,000 in 10 stacks: up from nothing", [*small], ""))
    rows.append(("growth exponent of CPU from 1,000 to 10,000", [growth], "1.1"))
    return rows


def recover(runs: int) -> Rows:
    """Loaded is when the program of the next run begins: the state is open, verified and loaded, the lease taken over.
    Ready is when it creates the first thing that the killed run had not begun: the program has run, what was in doubt is
    repeated, and the half that was there is compared. Both from the start of the process."""
    loads: list[Measured | float] = []
    found: list[Measured | float] = []
    for _ in range(runs):
        with _home() as home:
            _requests(home, {"one": THINGS})
            calls = home / "calls"
            killed = _run(home, calls)
            while _lines(calls) < THINGS // 2:
                time.sleep(0.005)
            family = descendants(killed.pid)
            killed.send_signal(signal.SIGKILL)
            killed.wait()
            while any(Path(f"/proc/{pid}/stat").exists() for pid in family[1:]):
                time.sleep(0.005)  # the worker's end follows its parent's
            begun = {line.split()[2] for line in calls.read_text().splitlines() if " program " not in line}
            calls.unlink()
            began = time.time()
            process = _run(home, calls)
            said, _ = process.communicate()
            if process.returncode:
                sys.exit(said[-2000:])
            (first, *_), *told = [line.split() for line in calls.read_text().splitlines()]
            loads.append(float(first) - began)
            ready = next(float(at) for at, _, name in told if name not in begun) - began
            doubtful = [name for _, _, name in told if name in begun]
            print(f"  {len(begun)} begun, {len(doubtful)} of them in doubt", flush=True)
            found.append(ready)
    return [
        ("kill -9 of an up of 1,000: state loaded, s", loads, ""),
        ("kill -9 of an up of 1,000: ready, s", found, "2"),
    ]


def _run(home: Path, calls: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "tests.bench.once", "up", str(home)], cwd=ROOT, text=True,
                            env={**os.environ, "BENCH_CALLS": str(calls)}, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)  # fmt: skip


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _hubs(count: int) -> dict[str, int]:
    return {f"s-{n:03}": EACH for n in range(count)}


def _requests(home: Path, stacks: dict[str, int]) -> None:
    (home / "requests").mkdir()
    for n, (stack, things) in enumerate(stacks.items()):
        hub = {"hub": f"s-{n // 10 * 10:03}"} if n % 10 else {}
        (home / "requests" / f"{stack}.json").write_text(json.dumps({"things": things, **hub}))


def _change(home: Path, stack: str) -> None:
    path = home / "requests" / f"{stack}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "size": 2}))


class _home:
    """A folder that is gone afterwards."""

    def __enter__(self) -> Path:
        self._folder = Path(tempfile.mkdtemp(prefix="lz-bench-"))
        return self._folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _shown(runs: list[Measured | float]) -> str:
    return "; ".join(str(run) if isinstance(run, Measured) else f"{run:.2f}" for run in runs)


PARTS: dict[str, Callable[[int], Rows]] = {"bare": bare, "one": one, "many": many, "recover": recover}


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.engine", description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help="default: one, many, recover")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="print Markdown rows")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, as where people work, and not in every run
    subprocess.run([sys.executable, "-c", "import stacks.engine, tests.bench.once"], cwd=ROOT, check=True)
    print(machine(), flush=True)
    for part in options.part or ["one", "many", "recover"]:
        print(f"{part}:", flush=True)
        for what, runs, asked in PARTS[part](options.runs):
            if options.record:
                print(f"| {what} | {_shown(runs)} | {asked or '–'} |", flush=True)
            else:
                print(f"  {what}: {_shown(runs)}{f' (asked: {asked})' if asked else ''}", flush=True)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
