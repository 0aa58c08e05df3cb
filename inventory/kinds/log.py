"""Logs."""

from __future__ import annotations

from inventory.kinds.base import Kind, Recorded


class Sink(Kind):
    """Where logs go; kept at least six months (网络安全法 第二十三条(三))."""

    host: str | None
    bucket: str | None
    retention_days: int
    sources: tuple[str, ...]
    """systems, devices or families (`*`) whose logs it takes"""


class Siem(Recorded):
    """Where logs are brought together and analysed (安全运营平台)."""

    sinks: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    """of rules"""
    notifies: tuple[str, ...] | None = None
    """`<group>=<mon.contact>`"""
