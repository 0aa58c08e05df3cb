"""The places that are files: a folder with one file a stack, or one file that holds every stack."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from stacks.engine.state import salvage
from stacks.engine.state.sqlite import SQLite, make, open_file, sqlite_trouble
from stacks.engine.state.tables import Database, Place


@dataclass(frozen=True, slots=True)
class _Files:
    """What both have in common: each stack's rows lie in some file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def file(self, stack: str) -> Path:
        return self.path

    def open(self, stack: str = "", *, write: bool = False, create: bool = False) -> Database | None:
        return open_file(self.file(stack), write=write, create=create)

    def salvage(self, stack: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the stack's file that can still be read, of all stacks in it."""
        with sqlite_trouble(Place(file=str(self.file(stack)))):
            return salvage.salvage(self.file(stack))

    def aside(self, stack: str, word: str) -> str:
        """Copy the file and its log, as they are, beside it. The copy's name."""
        path = self.file(stack)
        target = path.with_name(f"{path.name}.{word}")
        with sqlite_trouble(Place(file=str(target))):
            for suffix in ("", "-wal"):
                source = path.with_name(path.name + suffix)
                if source.exists():
                    shutil.copy2(source, target.with_name(target.name + suffix))
        return str(target)

    def rebuild(self, stack: str, fill: Callable[[Database], None]) -> None:
        """A new file with what `fill` writes, in the place of the stack's."""
        with sqlite_trouble(Place(file=str(self.file(stack)))):
            salvage.rebuild(self.file(stack), fill, make, SQLite)


@dataclass(frozen=True, slots=True)
class Folder(_Files):
    """One file a stack: `<folder>/<stack>.db`, and the environment's salt beside them."""

    shared: ClassVar[bool] = False

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self.path.glob("*.db")))

    def holds(self, stack: str) -> bool:
        return self.file(stack).exists()

    def file(self, stack: str) -> Path:
        return self.path / f"{stack}.db"

    def salt(self) -> str:
        path = self.path / "encryptionsalt"
        with sqlite_trouble(Place(file=str(path))):
            return path.read_text(encoding="ascii").strip() if path.exists() else ""

    def keep_salt(self, salt: str) -> None:
        """Set the environment's salt, unless somebody was first."""
        path = self.path / "encryptionsalt"
        with sqlite_trouble(Place(file=str(path))):
            self.path.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}")
            temporary.write_text(salt + "\n", encoding="ascii")
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)  # never overwrites
            temporary.unlink()

    def forget(self, stack: str) -> None:
        """Remove the stack's file, once its rows are gone."""
        for suffix in ("-wal", "-shm", ""):
            self.file(stack).with_name(self.file(stack).name + suffix).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class OneFile(_Files):
    """Every stack, and the environment's salt, in one file."""

    shared: ClassVar[bool] = True

    def names(self) -> tuple[str, ...]:
        return names(self)

    def holds(self, stack: str) -> bool:
        return stack in self.names()

    def salt(self) -> str:
        return salt_of(self)

    def keep_salt(self, salt: str) -> None:
        """Set the environment's salt, unless somebody was first."""
        keep_salt(self, salt)

    def forget(self, stack: str) -> None:
        """Its rows are gone; the file belongs to all."""


# ---------------------------------------------------------------------- what one file and one server have in common


def names(place: Any) -> tuple[str, ...]:
    """The stacks of a place that holds them all."""
    db = place.open()
    if db is None:
        return ()
    try:
        with db.reading():
            found = db.all("SELECT DISTINCT stack FROM heads UNION SELECT DISTINCT stack FROM present ORDER BY 1")
            return tuple(stack for (stack,) in found)
    finally:
        db.close()


def salt_of(place: Any) -> str:
    """The environment's salt, "" where none is set."""
    db = place.open()
    if db is None:
        return ""
    try:
        with db.reading():
            found = db.all("SELECT value FROM environment WHERE key='salt'")
            return found[0][0] if found else ""
    finally:
        db.close()


def keep_salt(place: Any, salt: str) -> None:
    """Set the environment's salt, unless somebody was first."""
    db = place.open(write=True, create=True)
    try:
        with db.writing():
            db.run("INSERT INTO environment VALUES('salt',?) ON CONFLICT(key) DO NOTHING", (salt,))
    finally:
        db.close()
