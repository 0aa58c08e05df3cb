"""Pools that are clusters."""

from __future__ import annotations

from typing import ClassVar

from inventory.kinds.base import Kind, Recorded


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


class Cluster(Recorded):
    """The server side of a cluster."""

    audit: bool | None = None
    audit_fields: tuple[str, ...] | None = None
    signatures: str | None = None
    """what admission makes of unsigned images: enforce, warn, off"""
    pool: str | None = None
    architectures: tuple[str, ...] | None = None
    """of its nodes"""


class RoleBinding(Recorded):
    """Who has a role in a cluster."""

    role: str | None = None
    subjects: tuple[str, ...] | None = None
