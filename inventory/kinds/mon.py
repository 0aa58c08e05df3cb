"""Monitoring."""

from __future__ import annotations

from typing import ClassVar

from inventory.kinds.base import Kind


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
