"""Volumes and buckets."""

from __future__ import annotations

from typing import ClassVar

from inventory.kinds.base import Kind, Recorded


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
    deletion_protection: bool = False
    access_log: str | None = None
    """log sink of who read what"""


class Volume(Kind):
    """A data disk of one host."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "host"})
    host: str
    size_gib: int
    encryption_key: str | None
    deletion_protection: bool = False
    secure_erase: bool = False


class BucketPolicy(Recorded):
    """Who may do what with a bucket."""

    bucket: str | None = None
    principals: tuple[str, ...] | None = None
    actions: tuple[str, ...] | None = None
    prefixes: tuple[str, ...] | None = None
    tls_only: bool | None = None


class Lifecycle(Recorded):
    """When objects of a bucket are deleted."""

    bucket: str | None = None
    expire_days: int | None = None
    """None: never"""
    covers_copies: bool | None = None
    """what it deletes goes from replicas and backups too"""


class Snapshot(Recorded):
    """A copy of a disk at one moment."""

    of: str | None = None
    environment: str | None = None
    restored_into: tuple[str, ...] | None = None
    """environments"""
    digest: str | None = None
    """`<algorithm>:<hex>`"""
    signature_checked: bool | None = None
    encryption_key: str | None = None
    public: bool | None = None
    shared_with: tuple[str, ...] | None = None
    """bureaus or projects"""


class Pool(Recorded):
    """What volumes and buckets are cut from."""

    replicas: int | None = None
    parity: int | None = None
    """losses that an erasure code survives"""
    consistency: str | None = None
    """strong, eventual"""
    isolation: str | None = None
    """class of tenants that may share it"""
    users: tuple[str, ...] | None = None
    """isolation classes that use it"""
