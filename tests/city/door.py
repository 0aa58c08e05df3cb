"""The door as a process of its own, with a home of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from inventory.places import ROOT


def command(*words: str, root: Path = ROOT) -> list[str]:
    return [sys.executable, str(root / "liangzhu.py"), *words]


def surroundings(home: Path, root: Path = ROOT) -> dict[str, str]:
    given = {key: value for key, value in os.environ.items() if not key.startswith(("LIANGZHU_", "PULUMI_"))}
    return {**given, "LIANGZHU_HOME": str(home), "PYTHONPATH": str(root), "COLUMNS": "160"}


def lz(home: Path, *words: str, root: Path = ROOT, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return subprocess.run(
        command(*words, root=root), cwd=root, env=surroundings(home, root), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False,
    )  # fmt: skip


def checkout(folder: Path) -> Path:
    """A copy of the sources, to be spoilt."""
    for name in ("inventory", "stacks", "policies", "playbooks", "monitors"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("liangzhu.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, folder / name)
    return folder
