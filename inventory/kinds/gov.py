"""Governance: systems, platforms, quotas."""

from __future__ import annotations

from inventory.kinds.base import Kind, Recorded


class System(Kind):
    """An information system as the city knows it; everything of the system hangs on it."""

    title: str
    item: str
    """key of the domain or platform that it belongs to"""
    mode: str
    """single or dual-active"""
    remote: bool
    rto_s: float
    rpo_s: float
    personal_information: bool
    exposure: str
    """the widest of what it serves: internet, extranet, private"""
    uses: tuple[str, ...] = ()
    """keys of shared capabilities"""
    peak_mbps: int = 10
    timestamping: str | None = None
    """name of the signature and timestamp service that it is bound to"""


class Platform(Kind):
    """A shared platform; `level` is the highest 等保 level that it may host."""

    title: str
    item: str
    capabilities: tuple[str, ...] = ()


class Quota(Kind):
    """What a system may take of a pool."""

    pool: str
    cpu: int
    memory_gib: int
    storage_gib: int


class Site(Recorded):
    """A data centre and what it shares with no other."""

    country: str | None = None
    """ISO 3166-1 alpha-2"""
    mainland: bool | None = None
    city: str | None = None
    power: str | None = None
    """supply domain"""
    carriers: tuple[str, ...] | None = None
    kms: str | None = None
    """domain of keys"""
    dns: str | None = None
    distance_km: dict[str, float] | None = None
    """to other sites"""
    rtt_ms: dict[str, float] | None = None


class Tenant(Recorded):
    """A unit as a customer of the cloud."""

    sla: str | None = None
    """document number"""
    sla_expires: str | None = None
    confidentiality: str | None = None
    confidentiality_expires: str | None = None
    firewall_policies: tuple[str, ...] | None = None


class Grant(Recorded):
    """A tenant's consent that the provider or a third party touches its data."""

    grantee: str | None = None
    resources: tuple[str, ...] | None = None
    expires: str | None = None


class Evidence(Recorded):
    """Something that a person did and somebody kept a record of."""

    about: str | None = None
    """`<kind>/<name>`"""
    subject: str | None = None
    """drill, restore-test, export-path, deletion, supply-chain, dependency-inventory, approval, scan"""
    date: str | None = None
    expires: str | None = None
    document: str | None = None
    result: str | None = None
    """passed, failed"""


class Assessment(Recorded):
    """An entry of a published list of assessed products (安全可靠测评结果公告)."""

    product: str | None = None
    subject: str | None = None
    """cpu, os, database"""
    grade: str | None = None
    """I, II"""
    published: str | None = None
    expires: str | None = None
