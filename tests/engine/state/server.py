"""A real PostgreSQL, started by the tests for themselves: a Unix socket in a folder of its own, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "PostgreSQL's server is not installed (Debian: postgresql)"


def binaries() -> Path | None:
    """The folder with initdb and postgres, the newest there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    plain = shutil.which("initdb")
    return found[-1].parent if found else Path(plain).parent if plain else None


@contextmanager
def postgresql() -> Iterator[str]:
    """The location of a fresh server's database, while it runs."""
    programs = binaries()
    assert programs is not None, MISSING
    folder = Path(tempfile.mkdtemp(prefix="lz-pg-", dir="/tmp"))  # a socket's path may have 107 characters only
    become = ["setpriv", "--pdeathsig", "INT"]
    if not os.geteuid():  # the server refuses to run as root
        user = next(entry for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody"))
        os.chown(folder, user.pw_uid, user.pw_gid)
        become += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    data, log = folder / "data", folder / "log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    init = [*become, str(programs / "initdb"), "-D", str(data), "-U", "liangzhu", "-A", "trust", "-N", "-E", "UTF8"]
    options = {"cwd": folder, "env": environment, "stdin": subprocess.DEVNULL}
    server = None
    try:
        made = subprocess.run(init, capture_output=True, text=True, timeout=120, check=False, **options)
        assert not made.returncode, made.stderr
        command = [
            *become, str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=",
            "-c", "fsync=off", "-c", "max_connections=40", "-c", "shared_buffers=16MB",
        ]  # fmt: skip
        with log.open("wb") as out:
            server = subprocess.Popen(command, stdout=out, stderr=out, **options)
        end = time.monotonic() + 60
        while "ready to accept connections" not in log.read_text(errors="replace"):
            assert server.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < end, "PostgreSQL did not start in time"
            time.sleep(0.05)
        yield f"postgresql://liangzhu@/postgres?host={folder}"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=30)
            if server.poll() is None:
                server.kill()
                server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
