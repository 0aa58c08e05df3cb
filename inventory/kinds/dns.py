"""Names."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Kind


class Record(Kind):
    """One record set."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "fqdn", "type"})
    fqdn: str
    type: Literal["AAAA", "A"]
    values: tuple[str, ...]
    ttl: int
    exposure: Literal["internet", "extranet", "private"]
