"""Pools that are clusters."""

from __future__ import annotations

from typing import ClassVar

from inventory.kinds.base import Kind


class Namespace(Kind):
    """A system's part of a cluster."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "pool"})
    outputs: ClassVar[dict[str, type]] = {"uid": str}
    pool: str
    default_deny: bool = True
    """closed to what no network policy allows"""


class Quota(Kind):
    """ResourceQuota of a namespace."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "namespace", "pool"})
    namespace: str
    pool: str
    cpu: int
    memory_mib: int
    pods: int


class NetworkPolicy(Kind):
    """NetworkPolicy: ingress from declared prefixes to declared ports, everything else denied."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "namespace", "pool"})
    namespace: str
    pool: str
    workload: str
    ports: tuple[int, ...]
    peers: tuple[str, ...]
    """prefixes"""
