"""Real FRR in network namespaces, for tests: commands that must succeed, daemons with a router's file, and their end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

LIBRARY = Path("/usr/lib/frr")
PATIENCE = 90
"""seconds that routes may take to settle on a busy machine"""


def run(*words: str, stdin: str | None = None) -> str:
    """What a command says. AssertionError where it fails."""
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def needed(daemons: Sequence[str]) -> None:
    """Skips, loudly, where the machine cannot."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("NO ROOT OR NO ip ON THIS MACHINE: routers are not tried (run as root)")
    if not all((LIBRARY / daemon).exists() for daemon in daemons):
        pytest.skip("NO FRR ON THIS MACHINE: what is rendered for it does not route anything (apt install frr)")


def start(space: str, folder: Path, daemons: Sequence[str], text: str) -> None:
    """Daemons in a namespace, told a file. They give up root, so that the folder has to be theirs."""
    shutil.chown(folder, "frr", "frr")
    folder.chmod(0o755)
    (folder / "empty.conf").touch()
    for daemon in daemons:
        run("ip", "netns", "exec", space, str(LIBRARY / daemon), "-d", "-f", str(folder / "empty.conf"), "-i",
            str(folder / f"{daemon}.pid"), "-z", str(folder / "zserv.api"), "--vty_socket", str(folder))  # fmt: skip
    conf = folder / "frr.conf"
    conf.write_text(text, encoding="utf-8")
    said = run("vtysh", "--vty_socket", str(folder), "-f", str(conf))
    assert "%" not in said, said


def end(folders: Iterable[Path], spaces: Iterable[str]) -> None:
    """Kill the daemons of these folders; folders and namespaces go."""
    for folder in folders:
        for file in folder.glob("*.pid"):
            try:
                os.kill(int(file.read_text()), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                continue
        shutil.rmtree(folder)
    for space in spaces:
        subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)
