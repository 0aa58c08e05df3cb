"""What is to be built, worked out once: layouts, groups of hosts, and who may call whom. Pure.

In: what people wrote (`Read`) and the addresses. Out: frozen facts that the component families turn into resources
and `flows` into rules. Every stack works from the whole city's requests, so that the side that is called knows its
callers without anybody editing another's stack.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from inventory import layout
from inventory.addressing import Allocations
from inventory.consistency import target_of
from inventory.layout import Layout, Machine, slug
from inventory.model import City, Request, Workload
from inventory.reading import Read

LOG_PORT = 6514
"""syslog, RFC 5425"""
DATABASE_PORT = 5432
PATRONI_PORT = 8008
ETCD_PORTS = (2379, 2380)
NODE_PORT = 9100
NAMES_PORT = 53


@dataclass(frozen=True, slots=True)
class Place:
    """Where something speaks from and is called at, as prefixes."""

    peers6: tuple[str, ...] = ()
    peers4: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts (or pods) of one role in one workload: they share a security group."""

    name: str
    """of the `net.sg`"""
    workload: str
    role: str
    machines: tuple[Machine, ...]
    place: Place
    cluster: str | None = None
    """the pool, where its members are pods"""


@dataclass(frozen=True, slots=True)
class Call:
    """One declared flow between groups that are both built here."""

    source: Group
    target: Group
    caller: str
    """`<stack>/<workload>`"""
    callee: str
    ports: tuple[int, ...]
    protocol: str
    origin: str


class Ground:
    """What every stack stands on: the city, its own hosts and segments, and addresses."""

    city: City
    own: Layout
    """the city's own hosts and segments"""
    allocations: Allocations

    @property
    def operator(self) -> str | None:
        """Key of the unit that answers for the city's own hosts: the first of those responsible for computing."""
        item = self.city.item("computing")
        return item.responsible[0] if item and item.responsible else None

    def place(self, *machines: Machine) -> Place:
        """Addresses of hosts as prefixes."""
        hosts = [self.allocations.host(machine.name) for machine in machines]
        return Place(
            tuple(f"{host.address6}/128" for host in hosts), tuple(f"{h.address4}/32" for h in hosts if h.address4)
        )

    def of_role(self, role: str) -> Place:
        """Where the city's bastion, log host, monitor host or resolvers speak from."""
        return self.place(*(machine for machine in self.own.machines if machine.role == role))

    @property
    def everywhere(self) -> Place:
        """The whole city: of every host that has to deliver its logs, and of every host that is watched."""
        return Place((self.city.addresses.prefix6,), (self.city.addresses.prefix4,))


@dataclass(frozen=True)
class Blueprint(Ground):
    """The city as it is to be in one environment. What a stack is built from is its sheet (`sheets`)."""

    read: Read
    allocations: Allocations
    city: City = field(init=False)
    own: Layout = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "city", self.read.city)
        object.__setattr__(self, "own", layout.of_city(self.read.city))

    @cached_property
    def systems(self) -> dict[str, Request]:
        """stack → request, of all that this environment builds"""
        return {request.stack: request for request in self.read.selected}

    def layout(self, stack: str) -> Layout:
        if stack not in self._layouts:
            self._layouts[stack] = layout.of_request(self.city, self.systems[stack])
        return self._layouts[stack]

    def groups(self, stack: str) -> tuple[Group, ...]:
        """A system's groups: one a workload, one more for the host that only votes."""
        if stack not in self._groups:
            self._groups[stack] = tuple(self._grouped(self.systems[stack]))
        return self._groups[stack]

    def group(self, stack: str, workload: str) -> Group:
        """The group of a workload that is called, or calls: never the one that only votes."""
        return next(g for g in self.groups(stack) if g.workload == workload and g.role != "arbiter")

    def calls_to(self, stack: str) -> tuple[Call, ...]:
        return tuple(self._calls[0].get(stack, ()))

    def calls_from(self, stack: str) -> tuple[Call, ...]:
        return tuple(self._calls[1].get(stack, ()))

    def providers(self, stack: str) -> tuple[str, ...]:
        """Stacks built here that provide what a system uses, in the order of use; never itself."""
        found = [self.city.capability(word) for word in self.systems[stack].system.uses]
        names = [capability.system for capability in found if capability]
        return tuple(dict.fromkeys(name for name in names if name in self.systems and name != stack))

    def levels(self, stack: str) -> tuple[int, ...]:
        """Levels of the pools under a system's workloads, whether it is built here or not; none of no system."""
        request = self.read.request(stack)
        pools = (
            [layout.pool_of(self.city, request, workload) for workload in request.system.workloads] if request else []
        )
        return tuple(pool.level for pool in pools if pool)

    @cached_property
    def _layouts(self) -> dict[str, Layout]:
        return {}

    @cached_property
    def _groups(self) -> dict[str, tuple[Group, ...]]:
        return {}

    @cached_property
    def _calls(self) -> tuple[dict[str, list[Call]], dict[str, list[Call]]]:
        inward: dict[str, list[Call]] = defaultdict(list)
        outward: dict[str, list[Call]] = defaultdict(list)
        for request in self.systems.values():
            for index, flow in enumerate(request.system.flows):
                kind, target, workload = target_of(self.city, request, flow, self.systems)
                if target is None or workload is None:
                    continue  # not built here: a rule would open a way to nobody
                capability = self.city.capability(flow.to) if kind == "capability" else None
                port = flow.port or (capability.port if capability else None)
                call = Call(
                    self.group(request.stack, flow.from_), self.group(target.stack, workload.name),
                    f"{request.stack}/{flow.from_}", f"{target.stack}/{workload.name}",
                    (port,) if port else ports_of(workload), flow.protocol, request.origin("flows", index),
                )  # fmt: skip
                inward[target.stack].append(call)
                outward[request.stack].append(call)
        return dict(inward), dict(outward)

    def _grouped(self, request: Request) -> list[Group]:
        found: list[Group] = []
        plan = self.layout(request.stack)
        for workload in request.system.workloads:
            name = f"{slug(request.stack)}-{workload.name}"
            pool = layout.pool_of(self.city, request, workload)
            if pool and pool.type == "cluster":
                sites = layout.sites_of(self.city, request, pool)
                pods = [layout.segment_name(request.stack, "app", site, "dedicated") for site in sites]
                place = Place(tuple(self.allocations.segment(segment).cidr6 for segment in pods))
                found.append(Group(name, workload.name, layout.role_of(workload), (), place, pool.key))
                continue
            voters = tuple(m for m in plan.of(workload.name) if m.role == "arbiter")
            members = tuple(m for m in plan.of(workload.name) if m.role != "arbiter")
            found.append(Group(name, workload.name, layout.role_of(workload), members, self.place(*members)))
            if voters:
                found.append(Group(f"{name}-arbiter", workload.name, "arbiter", voters, self.place(*voters)))
        return found


def ports_of(workload: Workload) -> tuple[int, ...]:
    """What a workload offers to who may call it."""
    served = {serves.port for serves in workload.serves}
    return tuple(sorted(served | ({DATABASE_PORT} if workload.database else set())))
