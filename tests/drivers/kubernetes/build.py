"""Builds kube-apiserver and kube-controller-manager from the Go module proxy, once, and finds etcd.

`binaries()` gives the folder with the three programs, or raises `Missing` with the reason. `go.mod` and `go.sum`
beside this file pin every module by its hash. The result lies in `~/.cache/liangzhu/kubernetes/<version>/`
(`XDG_CACHE_HOME` moves it); a file appears there only complete, by a rename, so a build that was cut off goes on
where it stopped. One process builds at a time, the others wait for it.

Ahead of the tests, in the background: `python -m tests.drivers.kubernetes.build`.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = ("kube-apiserver", "kube-controller-manager")
SECONDS = 3000
"""bound of the whole build; two busy cores take about a quarter of it"""

Observe = Callable[[str], None]


class Missing(Exception):
    """This machine cannot have the programs; the text says what it lacks."""


def version() -> str:
    """Of Kubernetes, from go.mod: `1.36.3`."""
    found = re.search(r"k8s\.io/kubernetes v(\S+)", (HERE / "go.mod").read_text())
    assert found, "go.mod names no version of k8s.io/kubernetes"
    return found[1]


def cache() -> Path:
    """The folder of the programs; it may not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liangzhu" / "kubernetes" / version()


def binaries(observe: Observe = lambda _line: None, *, seconds: float = SECONDS) -> Path:
    """The folder with kube-apiserver, kube-controller-manager and etcd; builds and fetches what it lacks."""
    folder = cache()
    if _lacking(folder):
        if not shutil.which("go") and any(name in PROGRAMS for name in _lacking(folder)):
            raise Missing("Go (1.26 or newer) is not installed and the programs are not in " + str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        end = time.monotonic() + seconds
        with _alone(folder, end):
            for name in _lacking(folder):
                (_fetch_etcd if name == "etcd" else _build)(folder, name, observe, end)
    return folder


def _lacking(folder: Path) -> list[str]:
    return [name for name in ("etcd", *PROGRAMS) if not os.access(folder / name, os.X_OK)]


def _build(folder: Path, name: str, observe: Observe, end: float) -> None:
    release = version()
    package = "k8s.io/component-base/version"
    stamp = f"-X {package}.gitVersion=v{release} -X {package}.gitMajor=1 -X {package}.gitMinor={release.split('.')[1]}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
        made = Path(scratch) / name
        command = ["go", "build", "-v", "-ldflags", f"-s -w {stamp}", "-o", str(made), f"k8s.io/kubernetes/cmd/{name}"]
        # modules are read-only and checked against go.sum; two compilers at a time, behind everybody else
        flags = "-trimpath -buildvcs=false -mod=readonly -p=2"
        _run(command, observe, end, f"building {name} {release}", GOFLAGS=flags, CGO_ENABLED="0", GOWORK="off")
        made.rename(folder / name)


def _fetch_etcd(folder: Path, name: str, observe: Observe, end: float) -> None:
    """Debian's etcd: the installed one, else unpacked from its package, so that no service is started."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
        found = shutil.which(name)
        if not found:
            if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
                raise Missing("etcd is not installed (Debian: etcd-server)")
            # apt's sandbox user cannot write here: as root it falls back to downloading as root, and says so
            _run(["apt-get", "download", "-qq", "etcd-server"], observe, end, "fetching etcd", cwd=scratch)
            package = next(Path(scratch).glob("etcd-server_*.deb"))
            _run(["dpkg-deb", "-x", str(package), scratch], observe, end, "unpacking etcd")
            found = str(Path(scratch) / "usr/bin/etcd")
        made = Path(scratch) / "etcd-complete"
        shutil.copy2(found, made)
        made.rename(folder / name)


def _run(
    command: list[str], observe: Observe, end: float, what: str, *, cwd: str | Path = HERE, **environment: str
) -> None:
    """Nice'd, bounded, in a process group that is gone afterwards; a line of progress each half minute."""
    if shutil.which("setpriv"):
        command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
    began = last = time.monotonic()
    observe(f"{what} …")
    process = subprocess.Popen(
        ["nice", "-n", "15", *command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    bound = threading.Timer(max(0.1, end - began), _kill, [process])
    bound.start()
    lines: list[str] = []
    try:
        for line in process.stderr or ():
            lines.append(line.rstrip())
            if time.monotonic() - last > 30:
                last = time.monotonic()
                observe(f"{what}: {len(lines)} packages, {last - began:.0f} s, at {lines[-1]}")
        status = process.wait()
    finally:
        bound.cancel()
        _kill(process)
    if status:
        late = " (out of time)" if time.monotonic() >= end else ""
        raise Missing(f"{what} failed with status {status}{late}: " + " | ".join(lines[-5:]))
    observe(f"{what}: done in {time.monotonic() - began:.0f} s")


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@contextmanager
def _alone(folder: Path, end: float) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Missing("another process has been building for too long") from None
                time.sleep(1)
        yield


if __name__ == "__main__":
    try:
        print(binaries(lambda line: print(line, file=sys.stderr, flush=True)))
    except Missing as missing:
        sys.exit(str(missing))
