"""Updates and states of stacks, as records."""

from __future__ import annotations

from inventory.kinds.base import Recorded


class Update(Recorded):
    """One update as it was planned, approved and applied."""

    change: str | None = None
    """number of the change"""
    author: str | None = None
    approver: str | None = None
    plan_digest: str | None = None
    applied_digest: str | None = None
    runner: str | None = None
    """identity of what ran it"""
    sink: str | None = None
    """log sink that holds its record"""
    at: str | None = None


class State(Recorded):
    """What three sources say that a stack is; digests of the same canonical text."""

    recorded: str | None = None
    exported: str | None = None
    """in the ledger of assets (CMDB)"""
    live: str | None = None
    at: str | None = None
