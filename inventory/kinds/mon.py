"""Monitoring."""

from __future__ import annotations

from typing import ClassVar

from inventory.kinds.base import Kind, Recorded


class Target(Kind):
    """Something that Prometheus scrapes."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name"})
    of: str
    """`<kind>/<name>`"""
    job: str
    address: str
    """IPv6 text"""
    port: int
    path: str = "/metrics"
    role: str
    """of the host"""


class Alarm(Recorded):
    """A rule that tells somebody."""

    of: tuple[str, ...] | None = None
    """`<kind>/<name>`, or a whole kind as `<kind>/*`"""
    event: str | None = None
    """availability, vm-delete, vm-reboot, abnormal-traffic, isolation-failure, unauthorised-vm, malware, unmanaged-change,
    attack"""
    contact: str | None = None


class Contact(Recorded):
    """Who is told."""

    channels: tuple[str, ...] | None = None
    on_call: tuple[str, ...] | None = None
    """posts"""
