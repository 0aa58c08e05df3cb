"""A file replaced whole or not at all: the new one is written beside it and then renamed into its place.

In: a path and what shall be in it. Out: the file; who opens it at any moment reads all of the old or all of the new. Where
it cannot be written, the old one stays and nothing lies beside it. Who is killed in between leaves the old one, and beside it
a file whose name begins with a dot, which the next writer of the same file takes away: whoever writes holds a lock on what
he writes, and the lock of the dead is free. SQLite files are made by `inventory.databases`, which never overwrites.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

PRIVATE, SHARED = 0o600, 0o666
"""modes of a file that was not there before, of which the process's umask takes its part; one that was keeps its own"""
_WINDOW = 1 << 20


def replace(path: Path, content: str | bytes, *, mode: int = PRIVATE, durable: bool = False) -> None:
    """Write a file, as UTF-8 with line ends as they are. `durable`: it is on the disk, under its name, before this returns.
    OSError where it cannot be written."""
    with beside(path, content, mode=mode, durable=durable) as part:
        put(part, path, durable=durable)


@contextlib.contextmanager
def beside(path: Path, content: str | bytes, *, mode: int = PRIVATE, durable: bool = False) -> Iterator[Path]:
    """A file of the same folder with this content, for `put`; gone afterwards. For several files that are replaced together:
    all of them are written before the first is put."""
    path = _real(path)
    _swept(path)
    handle, part = _opened(path, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            for some in _bytes(content):
                file.write(some)
            file.flush()
            if path.exists():
                os.fchmod(handle, path.stat().st_mode & 0o777)
            if durable:
                os.fsync(handle)
            yield part
    finally:
        part.unlink(missing_ok=True)


def put(part: Path, path: Path, *, durable: bool = False) -> None:
    """What was written beside a file, in its place."""
    path = _real(path)
    os.replace(part, path)
    if durable:
        synced(path.parent)


def synced(folder: Path) -> None:
    """What a folder names is on the disk when this returns."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _bytes(content: str | bytes) -> Iterator[bytes]:
    """A text piece by piece: whole, it would be in memory twice, and inventories are large."""
    if isinstance(content, bytes):
        yield content
    else:
        yield from (content[at : at + _WINDOW].encode() for at in range(0, len(content), _WINDOW))


def _real(path: Path) -> Path:
    """Where the file lies: a link stays a link."""
    return Path(os.path.realpath(path))


def _opened(path: Path, mode: int) -> tuple[int, Path]:
    """A new file that is ours as long as it is open."""
    while True:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        _locked(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, part
        os.close(handle)  # somebody swept it away before it was locked


def _locked(handle: int, how: int) -> bool:
    """Is it ours now; a disk that knows no locks gives nothing to those who sweep."""
    try:
        fcntl.flock(handle, how)
    except OSError:
        return False
    return True


def _swept(path: Path) -> None:
    """Without what the dead have left of this file."""
    for name in glob.glob(f".{glob.escape(path.name)}.*.part", root_dir=path.parent, include_hidden=True):
        with contextlib.suppress(OSError):
            handle = os.open(path.parent / name, os.O_WRONLY | os.O_CLOEXEC)
            try:
                if _locked(handle, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    os.unlink(path.parent / name)
            finally:
                os.close(handle)
