"""Computing of the city (stack `city-pools`): the pools, and the city's own hosts for logs, monitoring and names.

In: the pools of the city, the addresses of its own hosts. Out: `compute.pool`, `compute.host` and what comes with it,
`storage.bucket` and `log.sink` for the city's logs, `dns.zone` for its names.
"""

from __future__ import annotations

from typing import Any

from inventory.kinds.compute import Pool
from inventory.kinds.dns import Zone
from inventory.kinds.log import Sink
from inventory.kinds.storage import Bucket
from stacks import flows
from stacks.hosts import hosts, volume
from stacks.parts import Draft
from stacks.sheets import Sheet
from stacks.trust import CITY_KEY, SINK

RETENTION_DAYS = 184
"""网络安全法 第二十三条(三): network logs for at least six months"""
LOG_DISK_MIB = 100 * 1024
LOG_BUCKET_GIB = 10 * 1024
LEVEL = 3


def city(blue: Sheet, draft: Draft) -> dict[str, Any]:
    """Stack `city-pools`. Exports the pools and the addresses of the city's own hosts."""
    trust = draft.reference("city-trust")
    part = draft.part("pools:Pools", "pools")
    pools = {
        pool.key: part.add(
            Pool, pool.key, title=pool.name, type=pool.type, architecture=pool.architecture, make=pool.make, os=pool.os,
            xinchuang=pool.xinchuang, sites=pool.sites, cpu=pool.cpu, memory_gib=pool.memory, level=pool.level,
        )
        for pool in blue.city.pools
    }  # fmt: skip
    rules = flows.of_city(blue)
    made = {}
    for group in flows.city_groups(blue):
        own = draft.part(
            "pools:Operations", group.role, {"level": LEVEL, "data_class": "general", "bureau": blue.operator}
        )
        made |= hosts(blue, own, group, rules, pools)
        if group.role == "log":
            for machine in group.machines:
                volume(own, machine, LOG_DISK_MIB, CITY_KEY, [made[machine.name], trust], "")
            bucket = own.add(
                Bucket, SINK, after=[trust], site=group.machines[0].site, zone="management", size_gib=LOG_BUCKET_GIB,
                encryption_key=CITY_KEY, versioning=True, locked_days=RETENTION_DAYS,
            )  # fmt: skip
            own.add(
                Sink, SINK, after=[bucket, made[group.machines[0].name]], site=group.machines[0].site, zone="management",
                host=group.machines[0].name, bucket=SINK, retention_days=RETENTION_DAYS, sources=("*",),
            )  # fmt: skip
        if group.role == "resolver":
            plan = blue.city.addresses
            # a prefix is here where nobody else answers for it: what is seen from outside is ours as well
            own.add(
                Zone, plan.domain, after=list(made.values()), domain=plan.domain,
                reverse=(plan.prefix6, plan.ula, plan.prefix4, plan.public4),
                servers=tuple(machine.name for machine in group.machines),
            )  # fmt: skip
    return {
        "pools": sorted(pools),
        "hosts": {name: blue.allocations.host(name).address6 for name in made},
        "logs": SINK,
    }
