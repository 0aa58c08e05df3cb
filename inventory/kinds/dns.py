"""Names, and who answers for them."""

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


class Resolver(Kind):
    """A site's resolver: answers for the city's names, asks others for the rest."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "site", "address6"})
    subnet: str
    address6: str
    domain: str
    """the city's; every name below it is answered here or not at all"""
    forwarders: tuple[str, ...] = ()
    """addresses of those who are asked for other names; none: the root is"""
    nat64: str | None = None
    """name of the `net.nat64` under whose prefix names without AAAA are shown (DNS64, RFC 6147)"""
