"""Recovery: replication, backup."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Kind


class Replication(Kind):
    """Data that flows from one site to another."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "source_site", "target_site"})
    of: str
    """`db.instance/<name>` or `storage.bucket/<name>`"""
    source_site: str
    target_site: str
    mode: Literal["synchronous", "asynchronous"]
    rpo_s: float
    rto_s: float
    link: str
    encrypted: bool
    automatic: bool
    """fails over without a person"""


class BackupPlan(Kind):
    """A backup plan."""

    of: str
    """as in Replication"""
    method: Literal["full", "incremental", "continuous"]
    interval_hours: int
    retention_days: int
    media: str
    target_site: str
    restore_test_days: int
    """a restore is tested at least so often"""
    encryption_key: str | None
