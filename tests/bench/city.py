"""`python -m tests.bench.city [sizes …]`: the whole city on the simulator at 32, 100 and 300 systems.

For each size, in a home of its own: `up` from nothing, `up` again. Prints wall and CPU seconds, peak memory of the
largest process, resources, resources a second, and the exponent of growth between the first and the last size.
"""

from __future__ import annotations

import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inventory import estate
from inventory.places import ROOT
from tests.city.door import command, surroundings

SIZES = {"32": "city-32", "100": "city-100", "300": "city"}


def run(home: Path, environment: str) -> dict[str, float]:
    """One `up`: wall s, CPU s (all processes), peak MiB of the largest process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command("up", "-e", environment, "-l", "en"), cwd=ROOT, env=surroundings(home),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    said, _ = process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(said[-3000:])
    for line in said.splitlines():
        if line.startswith("✓"):
            print("   ", line)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": round(time.monotonic() - began, 1), "cpu": round(cpu, 1), "mib": after.ru_maxrss // 1024}


def main() -> None:
    chosen = sys.argv[1:] or list(SIZES)
    print(f"{platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    rows = []
    for size in chosen:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            first = run(home, SIZES[size])
            second = run(home, SIZES[size])
            count = len(estate.published(home / SIZES[size] / "estate"))
        row = {
            "systems": int(size),
            "resources": count,
            "per_second": round(count / first["wall"], 1),
            "up": first,
            "again": second,
        }
        rows.append(row)
        print(json.dumps(row), flush=True)
    if len(rows) > 1:
        a, b = rows[0], rows[-1]
        growth = math.log(b["up"]["cpu"] / a["up"]["cpu"]) / math.log(b["resources"] / a["resources"])
        print(f"growth exponent of CPU over resources: {growth:.2f}")


if __name__ == "__main__":
    main()
