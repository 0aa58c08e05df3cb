"""Databases."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Kind, Monitoring, Recorded


class Instance(Kind):
    """A database over its hosts."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "engine"})
    secrets: ClassVar[frozenset[str]] = frozenset({"password"})
    monitoring: ClassVar[Monitoring | None] = Monitoring(job="postgresql", port=8008)

    engine: Literal["postgresql"]
    version: str
    mode: Literal["single", "synchronous"]
    members: tuple[str, ...]
    """hosts with data, the preferred primary first"""
    arbiter: str | None = None
    """host that only votes"""
    sites: tuple[str, ...]
    port: int = 5432
    admin: str
    password: str
    tls: bool
    encryption_key: str | None
    checksums: bool = True
    storage_gib: int
    audit: bool = True
    deletion_protection: bool = False


class Grant(Recorded):
    """What one account may do in a database."""

    instance: str | None = None
    grantee: str | None = None
    """account, `public`, or a shared group"""
    schema_name: str | None = None
    tables: tuple[str, ...] | None = None
    privileges: tuple[str, ...] | None = None
