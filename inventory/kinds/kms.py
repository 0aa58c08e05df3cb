"""Keys."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Kind, Recorded


class Key(Kind):
    """A key of the city's cryptographic pool; the key itself never leaves the driver."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "spec"})
    outputs: ClassVar[dict[str, type]] = {"fingerprint": str}
    spec: Literal["SM4", "SM2", "AES_256", "RSA_2048", "RSA_4096"]
    usage: Literal["encrypt", "sign"]
    provenance: Literal["hsm", "software-pool"]
    """software-pool: no certified module, said so in reports"""
    rotation_days: int
    deletion_window_days: int = 30
    sites: tuple[str, ...]
    module: str | None = None
    """name of the `sec.hsm` that holds it"""
    pending_deletion: bool = False


class Grant(Recorded):
    """Somebody else may use a key."""

    key: str | None = None
    grantee: str | None = None
    """as in `iam.policy`"""
    expires: str | None = None
    """ISO 8601"""
