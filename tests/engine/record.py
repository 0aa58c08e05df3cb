"""Records what the stock engine does with the programs: `python -m tests.engine.record [PROGRAM …]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.engine.differential import running, stock
from tests.engine.differential.cases import names


def main(chosen: list[str]) -> int:
    """Record the programs that are named, or all. 1 where one did not end as its case expects."""
    absent = stock.missing()
    if absent:
        print(absent)
        return 1
    unexpected: list[str] = []
    for name in chosen or names():
        with tempfile.TemporaryDirectory() as folder:
            found = running.record(name, Path(folder))
        print(f"{name}: {'recorded' if not found else 'UNEXPECTED'}", *found, sep="\n  ", flush=True)
        unexpected += found
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
