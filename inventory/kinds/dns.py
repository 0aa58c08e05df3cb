"""Names."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Kind, Recorded


class Record(Kind):
    """One record set."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "fqdn", "type"})
    fqdn: str
    type: Literal["AAAA", "A"]
    values: tuple[str, ...]
    ttl: int
    exposure: Literal["internet", "extranet", "private"]


class Gslb(Recorded):
    """Names that lead to whichever site serves."""

    fqdn: str | None = None
    of: str | None = None
    """stack name of the system"""
    sites: tuple[str, ...] | None = None
    health_check: bool | None = None
    automatic: bool | None = None


class Zone(Kind):
    """What the city's name servers answer for: a domain, and the names of the addresses in these prefixes."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "domain"})
    domain: str
    reverse: tuple[str, ...]
    """prefixes, IPv6 and IPv4"""
    servers: tuple[str, ...]
    """names of the hosts of the role `resolver`"""
