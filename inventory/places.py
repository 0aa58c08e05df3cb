"""Where things lie: the repository's root, and an environment's folder with its state.

Everything an environment keeps is under one folder, so that removing it forgets the environment; `LIANGZHU_HOME`
moves all of them (default: `.lz` in the repository).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Folder of all environments."""
    return Path(os.environ.get("LIANGZHU_HOME") or ROOT / ".lz")


@dataclass(frozen=True)
class Places:
    """The paths of one environment. Nothing is created by asking."""

    folder: Path

    @property
    def addresses(self) -> Path:
        """the allocations, written by the address step only"""
        return self.folder / "addresses.json"

    @property
    def stacks(self) -> Path:
        """the engine's state, one SQLite file a stack"""
        return self.folder / "stacks"

    @property
    def estate(self) -> Path:
        """what is deployed, one JSON file a stack, without secrets"""
        return self.folder / "estate"

    @property
    def passphrase(self) -> Path:
        """key of the state's secrets where PULUMI_CONFIG_PASSPHRASE is not set; mode 0600"""
        return self.folder / "passphrase"

    @property
    def drivers(self) -> Path:
        """a driver's own files: `drivers/<name>/`"""
        return self.folder / "drivers"

    @property
    def monitoring(self) -> Path:
        """Prometheus configuration made from the estate"""
        return self.folder / "monitoring"

    @property
    def ansible(self) -> Path:
        """SSH key, known_hosts, artifacts without secrets"""
        return self.folder / "ansible"

    @property
    def report(self) -> Path:
        """report.zh.html, report.en.html, report.json"""
        return self.folder / "report"


def places(state: str) -> Places:
    """Of `Environment.state`."""
    return Places(home() / state)
