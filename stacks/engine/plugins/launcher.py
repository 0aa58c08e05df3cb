"""Runs one plugin and answers for it: whatever happens to the engine, nothing of the plugin is left behind.

A program of its own, without the engine: `python -I -S launcher.py COMMAND…`. Standard input is the engine's word: a
byte asks the plugin to end (SIGINT), its end, which also comes when the engine is killed, kills the plugin and all that
it has started. Standard output and error are the plugin's. It ends as the plugin ended.
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main(command: list[str]) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)  # what leaves its parent comes here, not to init
    launcher = os.getpid()
    told, tell = os.pipe()
    os.set_blocking(told, False)
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plugin = os.fork()
    if plugin == 0:
        start(libc, launcher, command)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # so that the engine sees the end of what the plugin writes
    os.dup2(null, 2)
    while True:
        ready = select.select([0, told], [], [])[0]
        signals = os.read(told, 512) if told in ready else b""
        status = reap(plugin)
        if status is not None:
            kill_all(plugin)
            end(status)
        if signal.SIGTERM in signals:
            break
        if 0 in ready:
            if not os.read(0, 512):
                break
            send(os.killpg, plugin, signal.SIGINT)
    kill_all(plugin)
    os._exit(0)


def start(libc: ctypes.CDLL, launcher: int, command: list[str]) -> None:
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:
        os._exit(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def reap(plugin: int) -> int | None:
    """Collect who has ended; the plugin's status where it is among them."""
    status = None
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == plugin:
                status = found[1]
    except ChildProcessError:
        pass
    return status


def kill_all(plugin: int) -> None:
    """The plugin's group, then whoever has left it: their orphans come here one generation after another."""
    send(os.killpg, plugin, signal.SIGKILL)
    for _ in range(1000):
        try:
            for child in children():
                send(os.kill, child, signal.SIGKILL)
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def children() -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    if int(stat.read().rpartition(")")[2].split()[1]) == os.getpid():
                        found.append(int(name))
            except (OSError, ValueError, IndexError):
                continue
    return found


def send(how: Callable[[int, int], None], whom: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        how(whom, number)


def end(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(sys.argv[1:])
