"""What the lab remembers: one JSON file a thing, and the locks that keep its worker processes apart.

The kernel says what is; a record says what was wanted, under which id, and whether the making came to its end. A
thing whose making was cut short is not shown, but it is made whole by the next `create` and removed by `teardown`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from stacks.drivers.base import DriverError, Thing

LOCK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Record:
    """One thing of the lab."""

    kind: str
    name: str
    id: str
    wanted: dict[str, Any]
    """inputs"""
    outputs: dict[str, Any] = field(default_factory=dict)
    whole: bool = False
    """the making came to its end"""

    def thing(self, outputs: dict[str, Any] | None = None) -> Thing:
        return Thing(self.kind, self.name, {**self.wanted, **self.outputs, **(outputs or {})}, self.id)


class Records:
    """The folder of one lab. Safe between threads and between processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, kind: str, name: str) -> Record | None:
        return _read(self._place(kind, name))

    def put(self, record: Record) -> None:
        place = self._place(record.kind, record.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_suffix(f".{os.getpid()}.part")
        with part.open("w") as handle:
            json.dump(asdict(record), handle, indent=1, ensure_ascii=False, sort_keys=True)
            handle.write("\n")
            handle.flush()
            os.fsync(handle.fileno())
        part.rename(place)

    def drop(self, kind: str, name: str) -> None:
        self._place(kind, name).unlink(missing_ok=True)

    def of(self, *kinds: str) -> Iterator[Record]:
        """Whole or not, by name."""
        for kind in kinds:
            for place in sorted((self.folder / "things" / kind).glob("*.json")):
                if record := _read(place):  # or it was deleted meanwhile
                    yield record

    @contextmanager
    def locked(self, what: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """`topology`, or one thing. Held by one thread of one process; DriverError unavailable after `seconds`."""
        with flocked(self.folder / "locks" / what.replace("/", "%"), seconds):
            yield

    def _place(self, kind: str, name: str) -> Path:
        if not name or "/" in name or name.startswith("."):
            raise DriverError(
                "invalid", f"名称 {name!r} 不能用作文件名:请改名", f"{name!r} is no file name: rename it", where=name
            )
        return self.folder / "things" / kind / f"{name}.json"


def _read(place: Path) -> Record | None:
    try:
        return Record(**json.loads(place.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise DriverError(
            "unavailable",
            f"记录 {place} 已损坏({error}):用 ./lz destroy 清理后重建",
            f"the record {place} is damaged ({error}): clear the lab with ./lz destroy and build it again",
        ) from error


@contextmanager
def flocked(place: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold a lock file. DriverError unavailable when somebody else held it for all of `seconds`."""
    until = time.monotonic() + seconds
    while (handle := _take(place)) is None:
        if time.monotonic() > until:
            raise DriverError(
                "unavailable",
                f"另一个进程占用 {place} 超过 {seconds:.0f} 秒:等它结束后重试",
                f"another process has held {place} for more than {seconds:.0f} s: try again when it is done",
            )
        time.sleep(0.02)
    with handle:
        yield


def _take(place: Path) -> IO[str] | None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = place.open("a")
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # who ends a lab removes its lock files, and a lock on a removed file keeps nobody out
        if os.path.samestat(place.stat(), os.fstat(handle.fileno())):
            return handle
    handle.close()
    return None
