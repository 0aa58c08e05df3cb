"""Volumes and buckets."""

from __future__ import annotations

from typing import ClassVar

from inventory.kinds.base import Kind


class Bucket(Kind):
    """Object storage."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name"})
    size_gib: int
    encryption_key: str | None
    versioning: bool
    public: bool = False
    tls_only: bool = True
    locked_days: int = 0
    """object lock: nobody can delete within so many days"""
    personal_information: bool = False


class Volume(Kind):
    """A data disk of one host."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "host"})
    host: str
    size_gib: int
    encryption_key: str | None
