"""What is recorded of acts: who did what, when, from where, with which result."""

from __future__ import annotations

from inventory.kinds.base import Recorded


class Trail(Recorded):
    """An audit trail."""

    of: tuple[str, ...] | None = None
    """`<kind>/<name>`, or a whole kind as `<kind>/*`"""
    events: tuple[str, ...] | None = None
    """login, read, write, vm-delete, vm-reboot, vm-create, key-use, grant"""
    fields: tuple[str, ...] | None = None
    """user, time, type, result, source"""
    sink: str | None = None
    owner: str | None = None
    """provider, or `tenant/<key>`"""
    readers: tuple[str, ...] | None = None
    """who may read it, as `owner`"""
    digest: str | None = None
    """algorithm that seals it, e.g. HMAC-SM3"""
    digest_key: str | None = None
    enabled: bool | None = None
