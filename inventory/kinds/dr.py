"""Recovery: replication, backup."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Kind, Recorded


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


class Plan(Recorded):
    """How a system is recovered."""

    of: str | None = None
    """stack name of the system"""
    capability: int | None = None
    """level of GB/T 20988 that is claimed, 1 to 6"""
    standby: str | None = None
    """none, on-demand, ready, running"""
    vaulting_hours: int | None = None
    """electronic transfer to the standby site at least so often"""
    switch: str | None = None
    """manual, central, automatic"""


class Copy(Recorded):
    """A copy of a backup in another place."""

    of: str | None = None
    """`dr.backup_plan/<name>`"""
    owner: str | None = None
    """tenant (key of the unit) or provider"""
    location: str | None = None
    """site, or `tenant/<key>` for a place of the tenant's own"""
