"""A database of a system: its hosts, disks, generated password and the instance over them.

In: a workload with `database`. Out: `sec.secret`, `compute.host` …, `storage.volume`, `db.instance`, `mon.target`,
recovery. The password is made by the driver, passes as a Pulumi secret, and is nowhere in clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventory.kinds.db import Instance
from inventory.kinds.sec import Secret
from inventory.model import Request, Workload
from stacks import flows
from stacks.blueprint import DATABASE_PORT, Group
from stacks.hosts import hosts, target, volume
from stacks.parts import Part, Wanted, gibibytes, shared
from stacks.recovery import protect
from stacks.sheets import Sheet

VERSION = "15"
ADMIN = "liangzhu"
"""never a default account's name"""
DISK_MIB = 20 * 1024
"""where the request names no size"""


def database(
    blue: Sheet,
    request: Request,
    workload: Workload,
    groups: Iterable[Group],
    rules: Mapping[str, Iterable[flows.Rule]],
    segments: Mapping[str, Wanted],
    key: Wanted,
    key_name: str,
    parent: Part,
) -> Wanted:
    """Members at each site, the first one preferred; a voter at the arbiter site where there are two."""
    index = request.system.workloads.index(workload)
    origin = request.origin("workloads", index)
    groups = tuple(groups)
    name = groups[0].name
    part = parent.part("database:Database", name, shared(request))
    password = part.add(Secret, f"{name}-password", origin=origin)
    made = {}
    for group in groups:
        made |= hosts(blue, part, group, rules, segments, origin)
    members = [machine for machine in groups[0].machines if machine.role == "database"]
    voters = [machine for group in groups for machine in group.machines if machine.role == "arbiter"]
    size = workload.storage or DISK_MIB
    kept = workload.deletion_protection
    disks = [
        volume(part, machine, size, key_name, [made[machine.name], key], origin, protected=kept) for machine in members
    ]
    sites = tuple(machine.site for machine in members)
    instance = part.add(
        Instance, name, after=[*made.values(), *disks, key], site=sites[0], zone=members[0].zone, engine="postgresql",
        version=VERSION, mode="synchronous" if len(members) > 1 else "single",
        members=tuple(machine.name for machine in members), arbiter=voters[0].name if voters else None, sites=sites,
        port=DATABASE_PORT, admin=ADMIN, password=password.output("value"), tls=True, encryption_key=key_name, checksums=True,
        storage_gib=gibibytes(size), audit=True, deletion_protection=kept or None, origin=origin,
    )  # fmt: skip
    watched = Instance.monitoring
    for machine in members:
        address = blue.allocations.host(machine.name).address6
        if watched:
            target(part, instance, machine, f"db.instance/{name}", watched.job, watched.port, address, origin)
    protect(
        blue.city, part, f"db.instance/{name}", name, sites, request.system.availability, key_name, [instance, key],
        level=request.system.level, origin=origin,
    )  # fmt: skip
    return instance
