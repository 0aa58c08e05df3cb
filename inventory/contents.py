"""One digest of what lies in files, so that it can be said later which text it was that ran or judged.

In: files and folders, or plain data. Out: `sha256:<64 hex digits>`, of files over names and contents; where a tree lies is
no part of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from inventory import signing

SUFFIXES = frozenset({".py", ".yaml", ".json", ".lock"})


def digest(root: Path, names: Iterable[str]) -> str:
    """Of files, and of all in folders that can decide anything (`SUFFIXES`), by their names under `root`."""
    found = {path for name in names for path in _files(root / name)}
    whole = sha256()
    for path in sorted(found):
        name = path.relative_to(root).as_posix()
        whole.update(f"{name}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def of_data(data: Any) -> str:
    """Of plain data, by its one text (`signing.canonical`)."""
    return f"sha256:{sha256(signing.canonical(data)).hexdigest()}"


def _files(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    return (one for one in path.rglob("*") if one.suffix in SUFFIXES and one.is_file())
