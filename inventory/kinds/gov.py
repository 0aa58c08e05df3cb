"""Governance: systems, platforms, quotas."""

from __future__ import annotations

from inventory.kinds.base import Kind


class System(Kind):
    """An information system as the city knows it; everything of the system hangs on it."""

    title: str
    item: str
    """key of the domain or platform that it belongs to"""
    mode: str
    """single or dual-active"""
    remote: bool
    rto_s: float
    rpo_s: float
    personal_information: bool
    exposure: str
    """the widest of what it serves: internet, extranet, private"""
    uses: tuple[str, ...] = ()
    """keys of shared capabilities"""
    peak_mbps: int = 10
    timestamping: str | None = None
    """name of the signature and timestamp service that it is bound to"""


class Platform(Kind):
    """A shared platform; `level` is the highest 等保 level that it may host."""

    title: str
    item: str
    capabilities: tuple[str, ...] = ()


class Quota(Kind):
    """What a system may take of a pool."""

    pool: str
    cpu: int
    memory_gib: int
    storage_gib: int
