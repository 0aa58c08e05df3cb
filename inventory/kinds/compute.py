"""Pools and hosts."""

from __future__ import annotations

from typing import ClassVar

from inventory.kinds.base import Kind, Monitoring, Recorded


class Pool(Kind):
    """Computing of one make and one instruction set."""

    title: str
    type: str
    architecture: str | None
    make: str
    os: str | None
    xinchuang: bool
    sites: tuple[str, ...]
    cpu: int
    memory_gib: int


class Host(Kind):
    """A machine with one address; its role is what the playbooks make of it."""

    replaces: ClassVar[frozenset[str]] = frozenset(
        {"name", "site", "subnet", "address6", "address4", "image", "pool", "architecture"}
    )
    outputs: ClassVar[dict[str, type]] = {"host_key": str, "proxy_command": str, "status": str}
    """host_key: OpenSSH public host key, "" where the driver makes no real host; proxy_command: how SSH gets to it"""
    monitoring: ClassVar[Monitoring | None] = Monitoring(job="host", port=9100)

    role: str
    """web, app, database, arbiter, log, monitor, bastion, resolver"""
    workload: str
    pool: str
    architecture: str
    image: str
    cpu: int
    memory_mib: int
    disk_gib: int = 20
    subnet: str
    address6: str
    address4: str | None = None
    security_groups: tuple[str, ...]
    admin: str = "lzops"
    """the account that operations use"""


class Image(Recorded):
    """What machines are started from."""

    hardened: bool | None = None
    built: str | None = None
    """ISO 8601 date"""
    approved: bool | None = None
    architecture: str | None = None
    os: str | None = None
    digest: str | None = None
    """`<algorithm>:<hex>`"""
    signature_checked: bool | None = None
    encryption_key: str | None = None
    public: bool | None = None
    shared_with: tuple[str, ...] | None = None


class Registry(Recorded):
    """Where images and packages come from."""

    signatures: str | None = None
    """enforce, warn, off"""
