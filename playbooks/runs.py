"""What came of a run, as values: `conduct` makes them, reports and summaries read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from inventory.estate import Estate
from inventory.problems import Problem


@dataclass(frozen=True, slots=True)
class Event:
    """Progress. `host-done` comes once for each host, when the run has ended for it."""

    what: Literal["task", "failed", "unreachable", "host-done"]
    host: str
    task: str = ""
    changed: bool = False
    message: Problem | None = None
    seconds: float = 0.0
    """since the run began"""


@dataclass(frozen=True, slots=True)
class Recap:
    """One host: how many tasks were right already or made right, how many changed something, how many failed."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0


@dataclass(frozen=True, slots=True)
class Conducted:
    """What `site` did."""

    hosts: Mapping[str, Recap]
    changed: int
    """hosts on which something changed"""
    failures: tuple[Problem, ...]
    seconds: float
    interrupted: bool = False

    @property
    def ok(self) -> bool:
        return not self.failures and not self.interrupted


@dataclass(frozen=True, slots=True)
class Connection:
    """A probe and what was seen: open, refused, timeout, unanswered (the source could not be asked) or error: …"""

    source: str
    target: str
    port: int
    expected: Literal["allowed", "denied"]
    seen: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Replication:
    """A synchronous database: the leader says that the standby streams, and a row written now arrived there."""

    database: str
    leader: str
    standby: str
    site: str
    """of the standby"""
    state: str
    """pg_stat_replication.state: `streaming`"""
    sync_state: str
    """`sync` or `quorum` where commits wait for it"""
    arrived: bool
    seconds: float
    """until the row was seen at the standby"""
    ok: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """Facts of the hosts."""

    records: Estate
    """as they were published"""
    hosts: int
    """that answered"""
    asked: int
    failures: tuple[Problem, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.failures and self.hosts == self.asked


@dataclass(frozen=True, slots=True)
class Proofs:
    """What `prove` saw."""

    replication: tuple[Replication, ...]
    connections: tuple[Connection, ...]
    facts: Gathered
    """read in the same run"""
    failures: tuple[Problem, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.failures and all(p.ok for p in (*self.replication, *self.connections))
