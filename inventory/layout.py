"""What a request comes to: segments, hosts and virtual addresses, by name. Pure, and read by the address step and
by the Pulumi program alike, so that both speak of the same things."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.model import City, Request


@dataclass(frozen=True, slots=True)
class Segment:
    """A /64 at one site. `name` is the name of its `net.subnet`."""

    name: str
    site: str
    zone: str
    tier: str
    bureau: str | None
    system: str | None


@dataclass(frozen=True, slots=True)
class Machine:
    """A host to be. `name` is the name of its `compute.host`."""

    name: str
    workload: str
    role: str
    """web, app, database, arbiter, log, monitor, bastion"""
    site: str
    zone: str
    tier: str
    segment: str
    pool: str
    architecture: str
    cpu: int
    memory_mib: int
    disk_gib: int
    real: bool = True
    """False: an address without a host (bastion)"""


@dataclass(frozen=True, slots=True)
class Vip:
    """A load balancer's address. `name` is the name of its `net.lb`."""

    name: str
    site: str
    workload: str
    exposure: str
    segment: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything of one system (or of the city itself, `system` None) that needs an address."""

    system: str | None
    segments: tuple[Segment, ...]
    machines: tuple[Machine, ...]
    vips: tuple[Vip, ...]

    def of(self, workload: str) -> tuple[Machine, ...]:
        """The machines of one workload."""
        return tuple(m for m in self.machines if m.workload == workload)


def of_request(city: City, request: Request) -> Layout:
    """Segments, hosts and virtual addresses of a system.

    Dual-active: replicas are dealt to the same-city sites in turn, at least one each; a database has one member a
    site and an arbiter at the arbiter site. Hosts are `<bureau>-<system>-<workload>-<site>-<n>`, segments
    `<bureau>-<system>-<tier>-<site>`, load balancers `<bureau>-<system>-<workload>-<site>`."""
    raise NotImplementedError


def of_city(city: City) -> Layout:
    """The city's own: management segments at every site, log host `log-<site>`, monitor host `monitor-<site>`,
    `bastion-<site>` (an address only)."""
    raise NotImplementedError
