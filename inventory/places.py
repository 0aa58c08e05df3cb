"""Where things lie: the repository's root, and an environment's folder with its state.

Everything an environment keeps is under one folder, so that removing it forgets the environment; `LIANGZHU_HOME`
moves all of them (default: `.lz` in the repository).
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inventory.problems import refuse

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
        """the allocations, published by the address step for all who read them"""
        return self.folder / "addresses.json"

    @property
    def ledger(self) -> Path:
        """who has which address, for ever: written by the address step only"""
        return self.folder / "addresses.ledger"

    @property
    def stacks(self) -> Path:
        """the engine's state, one SQLite file a stack"""
        return self.folder / "stacks"

    @property
    def estate(self) -> Path:
        """what is deployed, one JSON file a stack, without secrets"""
        return self.folder / "estate"

    @property
    def facts(self) -> Path:
        """what was gathered of hosts, as records, one JSON file a source"""
        return self.folder / "facts"

    @property
    def proof(self) -> Path:
        """what was proved of reachability last: a cache, without it everything is proved anew"""
        return self.folder / "proof"

    @property
    def passphrase(self) -> Path:
        """key of the state's secrets where PULUMI_CONFIG_PASSPHRASE is not set; mode 0600"""
        return self.folder / "passphrase"

    @property
    def runner_key(self) -> Path:
        """what this machine signs attestations with where LIANGZHU_RUNNER_KEY names no other file; mode 0600"""
        return self.folder / "runner.key"

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


def passphrase(of: Places) -> str:
    """Key of the state's secrets: PULUMI_CONFIG_PASSPHRASE, or one made once and kept beside the state (0600)."""
    given = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    return given or kept(of.passphrase, lambda: secrets.token_urlsafe(32))


def kept(path: Path, make: Callable[[], str]) -> str:
    """A secret in a file that only its owner can read, made once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make())
    return path.read_text()


@contextmanager
def held(of: Places, why: str, now: datetime) -> Iterator[None]:
    """Hold the environment: one `up` or `destroy` at a time. The kernel lets go when the holder dies.

    Refused with the holder, the time and the reason; Refused where the folder cannot be written."""
    try:
        of.folder.mkdir(parents=True, exist_ok=True)
        file = (of.folder / "lock").open("a+")
    except OSError as error:
        raise refuse(
            "environment.folder",
            f"无法写入环境目录({error.strerror}):检查权限和磁盘,或用 LIANGZHU_HOME 换一个目录",
            f"the environment's folder cannot be written ({error.strerror}): check permissions and disk, or set "
            "LIANGZHU_HOME",
            file=str(of.folder),
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = json.loads(file.read() or "{}")
            who = f"{holder.get('who', '?')} (pid {holder.get('pid', '?')}), {holder.get('since', '?')}: {holder.get('why', '?')}"
            raise refuse(
                "environment.held",
                f"环境正被占用:{who};等它结束,或到那里按 Ctrl-C",
                f"the environment is held: {who}; wait for it, or press Ctrl-C there",
                file=str(of.folder / "lock"),
            ) from None
        file.truncate(0)
        who = f"{os.environ.get('USER') or os.getuid()}@{socket.gethostname()}"
        file.write(json.dumps({"who": who, "pid": os.getpid(), "since": now.isoformat(timespec="seconds"), "why": why}))
        file.flush()
        yield
        file.truncate(0)
