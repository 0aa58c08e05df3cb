"""One system that a department asked for (stack `<bureau>.<system>`): everything of it, and nothing of anybody else's.

In: the request, the addresses, and who calls it. Out: its resources; the exports are its hosts, endpoints and the
capabilities that it uses. Segments, hosts, databases, entrances and recovery are families of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from inventory import layout
from inventory.kinds.gov import Quota, System
from inventory.kinds.kms import Key
from inventory.kinds.storage import Bucket
from inventory.layout import exposure_of, slug
from inventory.model import Request, Workload
from stacks import flows, network
from stacks.blueprint import Group
from stacks.clusters import cluster_part, pods
from stacks.databases import DISK_MIB, database
from stacks.entrances import entrance, peak_mbps
from stacks.hosts import hosts, volume
from stacks.parts import Draft, Node, Part, Wanted, gibibytes, shared
from stacks.recovery import protect
from stacks.sheets import Sheet
from stacks.trust import TIMESTAMPS, key_policy


def system(blue: Sheet, draft: Draft, stack: str) -> dict[str, Any]:
    """Everything of one system."""
    request = blue.systems[stack]
    city = {name: draft.reference(name) for name in ("city-network", "city-trust", "city-pools")}
    providers = {name: draft.reference(name) for name in blue.providers(stack)}
    root = draft.part("system:System", stack, {**shared(request), "origin": request.origin("name")})
    root.add(System, stack, after=[city["city-trust"], *providers.values()], **_record(blue, request))
    _quotas(blue, request, root, city["city-pools"])
    key_name = f"{slug(stack)}-key"
    key = root.add(Key, key_name, spec="SM4", usage="encrypt", **key_policy(layout.same_city(blue.city)))
    ground = root.part("network:Segments", stack, root.shared)
    segments = network.segments(blue, ground, stack, [city["city-network"]])
    rules = flows.of_system(blue, stack)
    endpoints: dict[str, Any] = {}
    for workload in request.system.workloads:
        groups = [group for group in blue.groups(stack) if group.workload == workload.name]
        if workload.database:
            database(blue, request, workload, groups, rules, segments, key, key_name, root)
            continue
        after = [] if groups[0].cluster else _workload(blue, request, workload, groups[0], rules, segments, key, root)
        endpoint = entrance(blue, request, workload, groups[0], after, root)
        if endpoint:
            endpoints[workload.name] = endpoint
    if any(group.cluster for group in blue.groups(stack)):
        part = cluster_part(request, root)
        pods(part, request, blue.groups(stack), rules)
    _buckets(blue, request, key, key_name, root)
    return {
        "hosts": {m.name: blue.allocations.host(m.name).address6 for m in blue.layout(stack).machines},
        "endpoints": endpoints,
        "uses": {name: provider.output("endpoints") for name, provider in providers.items()},
    }


def _record(blue: Sheet, request: Request) -> dict[str, Any]:
    asked = request.system
    item = blue.city.item(asked.domain or asked.platform or "")
    reaches = [exposure_of(workload) for workload in asked.workloads]
    capabilities = filter(None, map(blue.city.capability, asked.uses))
    return {
        "title": asked.name,
        "item": item.key if item else "",
        "mode": asked.availability.mode,
        "remote": asked.availability.remote,
        "rto_s": asked.availability.rto,
        "rpo_s": asked.availability.rpo,
        "personal_information": asked.personal_information,
        "exposure": next((reach for reach in ("internet", "extranet") if reach in reaches), "private"),
        "uses": tuple(capability.key for capability in capabilities),
        "peak_mbps": peak_mbps(request),
        "timestamping": TIMESTAMPS if asked.level >= 3 else None,
    }


def _quotas(blue: Sheet, request: Request, part: Part, pools: Node) -> None:
    takes: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for machine in blue.layout(request.stack).machines:
        takes[machine.pool][0] += machine.cpu
        takes[machine.pool][1] += machine.memory_mib
    for workload in request.system.workloads:
        pool = layout.pool_of(blue.city, request, workload)
        if pool is None:
            continue
        if pool.type == "cluster":
            takes[pool.key][0] += workload.cpu * workload.replicas
            takes[pool.key][1] += workload.memory * workload.replicas
        copies = sum(machine.role != "arbiter" for machine in blue.layout(request.stack).of(workload.name))
        disk = workload.storage or (DISK_MIB if workload.database else 0)
        takes[pool.key][2] += disk * copies
    for pool_key, (cpu, memory, storage) in takes.items():
        part.add(
            Quota, f"{slug(request.stack)}-{pool_key}", after=[pools], pool=pool_key, cpu=cpu,
            memory_gib=gibibytes(memory), storage_gib=gibibytes(storage),
        )  # fmt: skip


def _workload(
    blue: Sheet,
    request: Request,
    workload: Workload,
    group: Group,
    rules: Mapping[str, tuple[flows.Rule, ...]],
    segments: Mapping[str, Wanted],
    key: Wanted,
    root: Part,
) -> list[Wanted]:
    origin = request.origin("workloads", request.system.workloads.index(workload))
    part = root.part("compute:Workload", group.name, shared(request))
    made = hosts(blue, part, group, rules, segments, origin)
    if workload.storage:
        for machine in group.machines:
            name = f"{slug(request.stack)}-key"
            volume(
                part, machine, workload.storage, name, [made[machine.name], key], origin,
                protected=workload.deletion_protection,
            )  # fmt: skip
    return list(made.values())


def _buckets(blue: Sheet, request: Request, key: Wanted, key_name: str, root: Part) -> None:
    sites = layout.same_city(blue.city) if request.system.availability.mode == "dual-active" else ()
    sites = sites or layout.same_city(blue.city)[:1]
    for index, bucket in enumerate(request.system.buckets):
        origin = request.origin("buckets", index)
        name = f"{slug(request.stack)}-{bucket.name}"
        part = root.part("storage:Store", name, shared(request))
        made = part.add(
            Bucket, name, after=[key], site=sites[0], zone="dedicated", size_gib=gibibytes(bucket.size),
            encryption_key=key_name, versioning=bucket.versioning,
            personal_information=request.system.personal_information,
            deletion_protection=bucket.deletion_protection or None, origin=origin,
        )  # fmt: skip
        protect(
            blue.city, part, f"storage.bucket/{name}", name, sites, request.system.availability, key_name, [made, key],
            level=request.system.level, origin=origin,
        )  # fmt: skip
