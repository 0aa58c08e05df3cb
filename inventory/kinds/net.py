"""The extranet: its address plan, segments, routers, lines, security groups, flows, load balancers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from inventory.kinds.base import Kind, Recorded
from inventory.model.base import Frozen


class PlanField(Frozen):
    """A field of a segment's prefix, from the left: its width, its code table (key → code, "" for what belongs to none)
    and the codes that nobody gets."""

    name: str
    of: Literal["site", "zone", "bureau", "tier", "fixed", "segment"]
    bits: int
    codes: dict[str, int] = Field(default_factory=dict)
    reserved: tuple[int, ...] = ()


class Plan(Recorded):
    """The address plan as it is written: what a segment's prefix says, and the spaces beside the segments."""

    prefix6: str
    ula: str
    prefix4: str
    public4: str
    fields: tuple[PlanField, ...]
    """with the length of `prefix6` they come to 64"""
    link6: str
    loopback6: str
    locators: str | None = None
    nat64: str | None = None


class Subnet(Kind):
    """A network segment; prefixes in RFC 5952 text."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "cidr6", "cidr4", "site"})
    tier: Literal["web", "app", "data", "management", "access"]
    cidr6: str
    cidr4: str | None = None
    router: str
    internet_route: bool = False
    dhcp6: bool = False
    """asks for addresses by DHCPv6; else hosts make their own (SLAAC)"""


class Router(Kind):
    """A site's router of one role; `count` devices that stand in for one another."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "site"})
    outputs: ClassVar[dict[str, type]] = {"status": str}
    ill: ClassVar[frozenset[str]] = frozenset({"lost", "unrouted"})
    role: Literal["core", "access"]
    asn: int
    loopback6: str
    count: int
    racks: tuple[str, ...]
    capacity_mbps: int
    egress_mbps: int = 0
    """of its way to the internet; 0: it has none"""
    stateful: bool = True
    default_deny: bool = True
    nat64: str | None = None
    """the prefix under which it translates to IPv4 (RFC 6146, RFC 6052); None where it does not"""
    pool4: str | None = None
    """IPv4 prefix that a translator speaks from; the first address is its own"""


class Link(Kind):
    """Lines between two sites' core routers; `prefix6` is the /127 of the first."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "ends"})
    outputs: ClassVar[dict[str, type]] = {"status": str}
    ill: ClassVar[frozenset[str]] = frozenset({"cut", "lost"})
    ends: tuple[str, str]
    """sites"""
    routers: tuple[str, str]
    prefix6: str
    bandwidth_mbps: int
    rtt_ms: float
    lines: int
    carriers: tuple[str, ...]
    encryption: Literal["none", "ipsec", "macsec"]
    medium: Literal["fibre", "microwave", "satellite"] = "fibre"
    backup: bool = False
    """stands by: routes lead over it only where nothing else is left"""
    carries: tuple[str, ...] = ("production", "replication")


class Sg(Kind):
    """A security group: what is not allowed by one of its rules is denied."""

    default: Literal["deny", "allow"] = "deny"
    hosts: tuple[str, ...]
    """names of the hosts that it is bound to"""
    rules_digest: str
    """SM3 over the canonical text of its rules"""


class SgRule(Kind):
    """One allowed flow, seen from the host that has the group. Source and destination are prefixes."""

    sg: str
    direction: Literal["ingress", "egress"]
    protocol: Literal["tcp", "udp", "icmpv6"]
    ports: tuple[int, int] | None
    """first and last; None for icmpv6"""
    peers6: tuple[str, ...]
    peers4: tuple[str, ...] = ()
    peer: str
    """who is meant: a workload, system, capability or zone"""
    purpose: Literal["declared", "management", "monitoring", "logging", "cluster", "time", "names", "remote-operations"]
    expires: str | None = None
    """ISO 8601; None: it stays"""


class Lb(Kind):
    """A load balancer with its addresses."""

    vip6: str
    vip4: str | None = None
    members: tuple[str, ...]
    """hosts"""
    count: int = 2
    exposure: Literal["internet", "extranet", "private"]
    bandwidth_mbps: int
    waf: bool
    ips: bool
    anti_ddos: bool


class Listener(Kind):
    """A port of a load balancer."""

    lb: str
    port: int
    protocol: Literal["https", "tls", "tcp", "udp"]
    tls: Literal["TLSv1.2", "TLSv1.3", "TLCP"] | None
    suites: tuple[str, ...] = ()
    certificate: str | None = None
    exposure: Literal["internet", "extranet", "private"]


class Vpc(Recorded):
    """A virtual network of one tenant (`bureau`)."""

    environment: str | None = None
    """production, development, test"""
    segment_id: int | None = None
    """of the overlay (VXLAN network identifier)"""
    segments: tuple[str, ...] | None = None
    """names of its subnets"""


class Peering(Recorded):
    """Two virtual networks joined."""

    ends: tuple[str, str] | None = None
    """vpcs"""
    via: str | None = None
    """the boundary device between them, `<kind>/<name>`; None: they are joined directly"""


class Route(Recorded):
    """What a virtual network or segment does with a destination."""

    of: str | None = None
    """`net.vpc/<name>` or `net.subnet/<name>`"""
    destination: str | None = None
    """prefix"""
    next_hop: str | None = None
    """`<kind>/<name>`"""


class Port(Recorded):
    """A virtual network card."""

    host: str | None = None
    subnet: str | None = None
    plane: str | None = None
    """business, management, storage"""
    security_groups: tuple[str, ...] | None = None
    bound_to: str | None = None
    """what its rules follow: port, machine, hypervisor"""
    port_security: bool | None = None
    address_binding: bool | None = None
    """its hardware and IP addresses are bound to it"""
    allowed_addresses: tuple[str, ...] | None = None
    """prefixes that it may speak from beside its own"""


class Acl(Recorded):
    """A list of rules at a segment, without memory of connections."""

    subnets: tuple[str, ...] | None = None
    default: str | None = None
    """deny, allow"""
    stateful: bool | None = None


class Nat(Recorded):
    """Translation of addresses towards another network."""

    subnet: str | None = None
    bandwidth_mbps: int | None = None


class Eip(Recorded):
    """A public address."""

    address: str | None = None
    of: str | None = None
    """what answers at it, `<kind>/<name>`"""
    bandwidth_mbps: int | None = None


class Vpn(Recorded):
    """A gateway for remote access or between sites."""

    purpose: str | None = None
    """remote-access, remote-operations, site-to-site"""
    encryption: str | None = None
    """protocol and suite, e.g. ipsec-sm4, tlcp, tls1.2, none"""
    sources: tuple[str, ...] | None = None
    """prefixes that may call"""
    approval: str | None = None
    """number of the approval"""
    expires: str | None = None
    """ISO 8601"""
    opened: str | None = None
    """ISO 8601"""
    recording: str | None = None
    """log sink of its sessions"""
    sites: tuple[str, ...] | None = None


class Flowlog(Recorded):
    """A record of flows."""

    of: str | None = None
    """`net.vpc/…`, `net.subnet/…` or a boundary device"""
    fields: tuple[str, ...] | None = None
    """time, source, destination, source-port, destination-port, protocol, action; `*`: all"""
    sink: str | None = None
    retention_days: int | None = None
    families: tuple[str, ...] | None = None


class Cdn(Recorded):
    """A cache of public content."""

    of: str | None = None
    sites: tuple[str, ...] | None = None


class ManagementEndpoint(Recorded):
    """Where the cloud platform itself is administered: API, hypervisor, console."""

    protocol: str | None = None
    client_certificates: bool | None = None
    certificate: str | None = None
    subnet: str | None = None
