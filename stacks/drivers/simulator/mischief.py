"""How a simulated cloud is broken on purpose: faults, latency, changes and losses that nobody declared.

Each function writes the simulator's file and returns; running workers see it at their next call.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from stacks.drivers.base import Reason
from stacks.drivers.simulator.store import Store, by_name, text

How = Literal["refuse", "half", "die"]
"""refuse: nothing happens and the call fails; half: it happens and the call fails all the same; die: it happens and
the calling process is killed before it hears of it"""


def fail(
    folder: Path,
    kind: str = "*",
    name: str = "*",
    *,
    operation: str = "create",
    times: int = 1,
    reason: Reason = "unavailable",
    how: How = "refuse",
) -> None:
    """The next `times` calls of `operation` on what matches (`*`: anything) fail."""
    store = Store(folder)
    with store.transaction() as connection:
        connection.execute("INSERT INTO faults VALUES(?,?,?,?,?,?)", (kind, name, operation, times, reason, how))
    store.close()


def slow(folder: Path, seconds: float) -> None:
    """Every call takes so much longer, in every process; 0 ends it."""
    store = Store(folder)
    with store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES('latency', ?)", (seconds,))
    store.close()


def drift(folder: Path, kind: str, name: str, **changes: Any) -> None:
    """Change properties behind the engine's back. KeyError where there is no such thing."""
    store = Store(folder)
    with store.transaction() as connection:
        row = by_name(connection, kind, name)
        if row is None:
            raise KeyError(f"{kind} {name}")
        outputs = json.loads(row["outputs"])
        properties = json.loads(row["properties"])
        for key, value in changes.items():
            (outputs if key in outputs else properties)[key] = value
        connection.execute(
            "UPDATE things SET properties = ?, outputs = ?, revision = revision + 1 WHERE id = ?",
            (text(properties), text(outputs), row["id"]),
        )
    store.close()


def lose(folder: Path, kind: str, name: str) -> None:
    """It is gone, whatever still uses it. KeyError where there is no such thing."""
    store = Store(folder)
    with store.transaction() as connection:
        row = by_name(connection, kind, name)
        if row is None:
            raise KeyError(f"{kind} {name}")
        connection.execute("DELETE FROM things WHERE id = ?", (row["id"],))
        connection.execute("DELETE FROM uses WHERE id = ?", (row["id"],))
    store.close()


def revision(folder: Path, kind: str, name: str) -> int:
    """How often it was really changed; 0 where there is none."""
    store = Store(folder)
    with store.transaction(write=False) as connection:
        row = by_name(connection, kind, name)
    store.close()
    return row["revision"] if row else 0
