"""What a request comes to: segments, hosts and virtual addresses, by name. Pure, and read by the address step and
by the Pulumi program alike, so that both speak of the same things."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.model import City, Pool, Request, Workload

DEVICE_ZONES = ("video", "iot")
"""networks of devices that are nobody's hosts: cameras, sensors"""
ORDINARY = {"web": "public", "app": "dedicated", "data": "dedicated"}
"""tier of a system's segment → the zone that its name need not say"""


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
    """web, app, database, arbiter, log, monitor, resolver, bastion"""
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


def slug(stack: str) -> str:
    """The stack's name as part of a host's name: `civil-affairs.welfare` → `civil-affairs-welfare`."""
    return stack.replace(".", "-")


def segment_name(stack: str, tier: str, site: str, zone: str) -> str:
    """Of a system's segment: `<bureau>-<system>-<tier>-<site>`, with the zone before the tier where it is not the
    ordinary one. A name is of one zone, and so are the hosts in it."""
    said = "" if zone == ORDINARY.get(tier) else f"{zone}-"
    return f"{slug(stack)}-{said}{tier}-{site}"


def of_request(city: City, request: Request) -> Layout:
    """Segments, hosts and virtual addresses of a system.

    Dual-active: replicas are dealt to the same-city sites in turn, at least one each; a database has one member a
    site and an arbiter at the arbiter site. Hosts are `<bureau>-<system>-<workload>-<site>-<n>`, segments
    as `segment_name` says, load balancers `<bureau>-<system>-<workload>-<site>`. A workload in a pool
    that is a cluster has no hosts of its own: its pods speak from the system's `app` segments."""
    system, prefix = request.system, slug(request.stack)
    segments: dict[str, Segment] = {}
    machines: list[Machine] = []
    vips: list[Vip] = []

    def segment(tier: str, site: str, zone: str) -> str:
        name = segment_name(request.stack, tier, site, zone)
        segments.setdefault(name, Segment(name, site, zone, tier, request.bureau, request.stack))
        return name

    def machine(workload: str, role: str, pool: Pool, site: str, n: int, like: Workload) -> None:
        tier = {"database": "data", "arbiter": "data", "web": "web"}.get(role, "app")
        zone = like.domain or ("iot" if pool.type == "edge" else "public" if tier == "web" else "dedicated")
        small = role == "arbiter"
        machines.append(
            Machine(
                f"{prefix}-{workload}-{site}-{n}", workload, role, site, zone, tier, segment(tier, site, zone), pool.key,
                pool.architecture or "x86_64", 1 if small else like.cpu, 1024 if small else like.memory, 20,
            )
        )  # fmt: skip

    for workload in system.workloads:
        pool = pool_of(city, request, workload)
        if pool is None:
            continue
        sites = sites_of(city, request, pool)
        role = role_of(workload)
        if pool.type != "cluster":
            count = max(len(sites), workload.replicas) if not workload.database else len(sites)
            for index in range(count):
                machine(workload.name, role, pool, sites[index % len(sites)], index // len(sites) + 1, workload)
            arbiter = arbiter_site(city)
            if workload.database and len(sites) > 1 and arbiter:
                machine(workload.name, "arbiter", _pool_at(city, arbiter, pool), arbiter, 1, workload)
        else:
            for site in sites:  # its pods' prefix: what others know of them
                segment("app", site, "dedicated")
        exposure = exposure_of(workload)
        if exposure in ("internet", "extranet"):
            for site in sites:
                where = f"access-{site}" if exposure == "internet" else segment("web", site, "public")
                vips.append(Vip(f"{prefix}-{workload.name}-{site}", site, workload.name, exposure, where))
    return Layout(request.stack, tuple(segments.values()), tuple(machines), tuple(vips))


def of_city(city: City) -> Layout:
    """The city's own: `management-<site>` at every site; at the same-city ones `access-<site>` and, where the city has
    those networks, `video-<site>` for cameras and `iot-<site>`, where the carriers hand over what NB-IoT sensors send;
    log host `log-<site>`, monitor host `monitor-<site>`, a `resolver-<site>` at each same-city site, `bastion-<site>`
    (an address only)."""
    pair = same_city(city)
    segments = [Segment(f"management-{s.key}", s.key, "management", "management", None, None) for s in city.sites]
    segments += [Segment(f"access-{key}", key, "internet", "access", None, None) for key in pair]
    domains = [zone for zone in DEVICE_ZONES if city.zone(zone)]
    segments += [Segment(f"{zone}-{key}", key, zone, "access", None, None) for zone in domains for key in pair]
    first = pair[0]
    third = arbiter_site(city) or first

    def machine(role: str, site: str, real: bool = True) -> Machine:
        pool = _pool_at(city, site, None)
        return Machine(
            f"{role}-{site}", role, role, site, "management", "management", f"management-{site}", pool.key,
            pool.architecture or "x86_64", 2, 4096, 100, real,
        )  # fmt: skip

    resolvers = [machine("resolver", site) for site in pair]
    # addresses are dealt in this order: what is new comes last, so that a new city has them as the older ones do
    machines = (machine("log", first), machine("monitor", third), machine("bastion", first, real=False), *resolvers)
    return Layout(None, tuple(segments), machines, ())


def same_city(city: City) -> tuple[str, ...]:
    """Keys of the sites that serve together, the primary first."""
    return tuple(s.key for role in ("primary", "secondary") for s in city.sites if s.role == role)


def arbiter_site(city: City) -> str | None:
    """Key of the site that only votes, None where the city has none."""
    return next((s.key for s in city.sites if s.role == "arbiter"), None)


def remote_site(city: City) -> str | None:
    """Key of the remote recovery site."""
    return next((s.key for s in city.sites if s.role == "remote"), None)


def pool_of(city: City, request: Request, workload: Workload) -> Pool | None:
    """The workload's pool; a database without one goes where the system's first hosts are."""
    if workload.pool:
        return city.pool(workload.pool)
    others = (city.pool(other.pool) for other in request.system.workloads if other.pool)
    return next((pool for pool in others if pool and pool.type != "cluster"), None)


def sites_of(city: City, request: Request, pool: Pool) -> tuple[str, ...]:
    """Where a workload of this system runs: both same-city sites when dual-active, else the pool's first."""
    pair = tuple(site for site in same_city(city) if site in pool.sites)
    if request.system.availability.mode == "dual-active" and len(pair) > 1:
        return pair
    return (pair or pool.sites)[:1]


def role_of(workload: Workload) -> str:
    """What the playbooks make of its hosts: database, web (the internet calls it) or app."""
    if workload.database:
        return "database"
    return "web" if exposure_of(workload) == "internet" else "app"


def exposure_of(workload: Workload) -> str:
    """The widest of what it serves: internet, extranet, private; "" where it serves nothing."""
    served = {serves.to for serves in workload.serves}
    return next((reach for reach in ("internet", "extranet", "private") if reach in served), "")


def _pool_at(city: City, site: str, like: Pool | None) -> Pool:
    if like and like.type == "virtual" and site in like.sites:
        return like
    virtual = [pool for pool in city.pools if pool.type == "virtual"]
    here = [pool for pool in virtual if site in pool.sites]
    same = [pool for pool in here if like and pool.architecture == like.architecture]
    return (same or here or virtual)[0]
