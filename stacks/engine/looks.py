"""Looks at files and folders, as plain data that can be compared with a later look."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

INSTALLED = tuple(
    f"{os.path.realpath(sysconfig.get_paths()[name])}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
"""folders of the interpreter and of installed packages: their versions are compared, not their files"""
_stat = os.stat


def installed(path: str) -> bool:
    """Whether a file belongs to the interpreter or to an installed package, or is only compiled from another."""
    return path.startswith(INSTALLED) or "__pycache__" in path


def digest(value: Any) -> str:
    """SHA-256 of plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def stamp(path: str) -> tuple[int, ...] | None:
    """(size, time of change in ns, inode) of a file; None where there is none."""
    try:
        found = _stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def content(path: str) -> list[Any] | None:
    """The stamp of a file and the SHA-256 of what is in it; None where there is none."""
    found = stamp(path)
    if found is None:
        return None
    try:
        return [*found, _content(path, found)]
    except OSError:
        return None


@cache
def _content(path: str, at: tuple[int, ...]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def unchanged(path: str, then: list[Any] | None) -> bool:
    """Whether a file has the content that it had; it is only read where its stamp has changed."""
    now = stamp(path)
    if now is None or then is None:
        return now is then
    return list(now) == then[:3] or content(path) == [*now, then[3]]


def properties(path: str) -> list[int] | None:
    """[mode, size, time of change in ns] of a file, the mode of anything else; None where there is nothing."""
    try:
        found = _stat(path)
    except OSError:
        return None
    whole = stat.S_ISREG(found.st_mode)
    return [found.st_mode, found.st_size if whole else 0, found.st_mtime_ns if whole else 0]


def listing(path: str) -> str:
    """Digest of the names in a folder; "" where there is none."""
    try:
        return digest(sorted(name for name in os.listdir(path) if name != "__pycache__"))
    except OSError:
        return ""


def scan(path: str) -> str:
    """Digest of names and properties in a folder."""
    try:
        names = sorted(name for name in os.listdir(path) if name != "__pycache__")
    except OSError:
        return ""
    return digest([(name, properties(os.path.join(path, name))) for name in names])


def importable(path: str) -> str:
    """Digest of the names of modules and packages in a folder: a new one may take an old one's place."""
    try:
        entries = list(os.scandir(path))
    except OSError:
        return ""
    return digest(
        sorted(e.name for e in entries if e.name.endswith((".py", ".so")) or (e.name.isidentifier() and e.is_dir()))
    )
