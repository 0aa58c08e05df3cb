"""What a program reads while it runs, so that a later run can tell whether it would read the same again.

In a worker, around one program. Files and folders are seen by an audit hook and in `os.stat`, variables by the class of
`os.environ`. What the engine and the providers read on the program's behalf is theirs, not the program's. Whatever a
fingerprint cannot hold (a socket, a process, a file that is written) makes the run `strange`: it is never skipped.

Not seen: the clock and random numbers inside of installed packages, and what compiled modules read by themselves.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from inventory import urns
from stacks.engine.looks import digest, installed, listing, properties, scan, stamp
from stacks.engine.values import ARCHIVE, ASSET

Outputs = Callable[[str], Awaitable[dict[str, Any]]]

_BEHALF: ContextVar[bool] = ContextVar("behalf", default=False)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
TICK = 20_000_000
"""ns: a file that changed less than this ago may change again and keep its time of change"""
_ANSWERED = frozenset(("GetDeploymentInfo", "SupportsFeature", "RegisterResourceOutputs", "SignalAndWaitForShutdown"))
_LIVING = ("/proc/", "/sys/", "/dev/")
"""what lies here is never the same twice"""
_STRANGE = frozenset(
    ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
     "socket.gethostbyaddr", "socket.gethostname", "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty",
     "os.posix_spawn", "os.spawn", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link",
     "os.symlink", "os.truncate", "os.utime", "sqlite3.connect", "builtins.input")
)  # fmt: skip
"""audit events of what a fingerprint cannot hold"""
_UNREPEATABLE = frozenset(("time", "random", "_random", "secrets", "uuid", "datetime"))
_HEARD = _STRANGE | {"open", "import", "os.listdir", "os.scandir", "ctypes.dlopen"}
_FILED = re.compile(f"{ASSET}|{ARCHIVE}".encode())
"""in the properties of a resource: files that the engine reads for the program"""
_current: list[Reads] = []
"""the one whose program is running, or none"""


def on_behalf() -> Context:
    """A context in which what is read is not the program's: of a call that the engine answers."""
    context = copy_context()
    context.run(_BEHALF.set, True)
    return context


class Reads:
    """What one program has read so far. Paths are absolute, as the program named them."""

    def __init__(self) -> None:
        self.began = time.time_ns()
        self.inherited = frozenset(sys.modules)
        """modules that were loaded before"""
        self.files: dict[str, tuple[int, ...] | None] = {}
        """file → its stamp when it was first opened, None where it was not there"""
        self.asked: dict[str, list[int] | None] = {}
        """path → what it was when its properties were first asked for"""
        self.listed: dict[str, str] = {}
        self.scanned: dict[str, str] = {}
        """folders of which the program saw more than the names"""
        self.variables: dict[str, str | None] = {}
        self.names: frozenset[str] | None = None
        """of all variables, where the program went through them"""
        self.outputs: dict[str, str] = {}
        """stack → digest of its outputs"""
        self.imported: set[str] = set()
        self.main: dict[str, Any] = {}
        """names of its `__main__`"""
        self.strange: list[str] = []
        """why this run cannot be skipped another time"""

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit event of the program."""
        if event == "open":
            self._opened(args[0], args[2])
        elif event == "import":
            self.imported.add(args[0])
        elif event in ("os.listdir", "os.scandir"):
            path = _path(args[0] if args[0] is not None else ".")
            if path is None:
                self.strange.append(event)
            elif not installed(path):
                noted, look = (self.listed, listing) if event == "os.listdir" else (self.scanned, scan)
                if path not in noted:
                    noted[path] = on_behalf().run(look, path)
        elif event in _STRANGE or (event == "ctypes.dlopen" and args[0] is not None):
            self.strange.append(event)

    def heard_of(self, outputs: Outputs) -> Outputs:
        """The same function, noting what it answers."""

        async def noting(stack: str) -> dict[str, Any]:
            found = await outputs(stack)
            self.outputs[stack] = digest(found)
            return found

        return noting

    def looked(self, path: Any) -> None:
        """The program asked for the properties of a file."""
        found = _path(path)
        if found is not None and not installed(found):
            self.asked.setdefault(found, properties(found))

    def _opened(self, raw: Any, flags: int) -> None:
        path = _path(raw)
        if path is None or path == os.devnull or installed(path):
            return
        found = stamp(path)
        if flags & _WRITING or path.startswith(_LIVING) or (found and found[1] > time.time_ns() - TICK):
            self.strange.append(f"open {path}")
        else:
            self.files.setdefault(path, found)


@contextmanager
def recording(reads: Reads) -> Iterator[None]:
    """Record what is read inside. In a process that is this program's own."""
    _listen()
    variables: Any = (os.environ, os.environb)
    kind = type(os.environ)
    for each in variables:
        each.__class__ = _Variables
    _current.append(reads)
    try:
        yield
    finally:
        _current.remove(reads)
        for each in variables:
            each.__class__ = kind


@cache
def _listen() -> None:
    """Once a process: a hook cannot be taken away again."""
    sys.addaudithook(_hook)
    for name in ("stat", "lstat", "access", "readlink"):
        setattr(os, name, _asking(getattr(os, name)))


def unrepeatable(reads: Reads) -> Iterator[str]:
    """Modules of the program's own that have the clock or random numbers at hand: they may not do the same twice."""
    modules = [vars(sys.modules[name]) for name in reads.imported if name in sys.modules]
    for namespace in (reads.main, *modules):
        file = namespace.get("__file__")
        if isinstance(file, str) and not installed(os.path.abspath(file)):
            for value in list(namespace.values()):
                home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
                if home in _UNREPEATABLE:
                    yield f"{file} uses {home}"


def _path(raw: Any) -> str | None:
    """Absolute; None where it is only a number."""
    if isinstance(raw, int):
        return None
    return os.path.abspath(os.fsdecode(raw))


def _mine() -> Reads | None:
    return _current[0] if _current and not _BEHALF.get() else None


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _current and event in _HEARD and not _BEHALF.get():
        _current[0].heard(event, args)


def _asking(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; in a recorded program its first argument is noted. Tracebacks look at every source file, for
    nobody's decision."""

    def asking(path: Any, *args: Any, **more: Any) -> Any:
        reads = _mine()
        if reads is not None and sys._getframe(1).f_globals.get("__name__") != "linecache":
            reads.looked(path)
        return original(path, *args, **more)

    for kinds in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if original in kinds:
            kinds.add(asking)
    return asking


class _Variables(type(os.environ)):
    """The environment, noting what is asked for."""

    def __getitem__(self, key: Any) -> Any:
        reads = _mine()
        value = self._data.get(self.encodekey(key))  # type: ignore[attr-defined]
        if reads is not None:
            reads.variables[os.fsdecode(key)] = None if value is None else os.fsdecode(value)
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        reads = _mine()
        if reads is not None:
            reads.names = frozenset(map(os.fsdecode, self._data))  # type: ignore[attr-defined]
        return super().__iter__()

    def __len__(self) -> int:
        return len(list(iter(self)))


class Heard:
    """A monitor, as it is; what a program asks of it that another run may answer differently is noted."""

    def __init__(self, monitor: Any, reads: Reads, packages: Iterable[str]) -> None:
        self._monitor, self._reads, self._packages = monitor, reads, frozenset(packages)

    def __getattr__(self, name: str) -> Any:
        if name not in _ANSWERED:
            self._reads.strange.append(name)
        return getattr(self._monitor, name)

    def RegisterResource(self, request: Any) -> Any:
        if request.custom and urns.package(request.type) not in (*self._packages, "pulumi"):
            self._reads.strange.append(f"provider of {request.type}")
        if _FILED.search(request.object.SerializeToString()):
            self._reads.strange.append(f"assets of {request.name}")
        if request.transforms or request.importId or (request.HasField("hooks") and request.hooks.ByteSize()):
            self._reads.strange.append(f"callbacks or import of {request.name}")
        return self._monitor.RegisterResource(request)

    def ReadResource(self, request: Any) -> Any:
        if request.type != urns.REFERENCE:
            self._reads.strange.append(f"read of {request.name}")
        return self._monitor.ReadResource(request)


def own_sources(modules: Iterable[str]) -> list[str]:
    """Source files of those of the modules that are loaded and not installed."""
    files = {getattr(sys.modules.get(name), "__file__", None) for name in modules}
    return sorted(os.path.abspath(f) for f in files if isinstance(f, str) and not installed(os.path.abspath(f)))


def own_roots() -> list[str]:
    """Folders that imports are looked for in, beside those of installed packages."""
    return sorted(
        {os.path.abspath(p) for p in sys.path if Path(p).is_dir() and not installed(os.path.abspath(p) + "/")}
    )
