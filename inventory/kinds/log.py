"""Logs."""

from __future__ import annotations

from inventory.kinds.base import Kind


class Sink(Kind):
    """Where logs go; kept at least six months (网络安全法 第二十三条(三))."""

    host: str | None
    bucket: str | None
    retention_days: int
    sources: tuple[str, ...]
    """systems, devices or families (`*`) whose logs it takes"""
