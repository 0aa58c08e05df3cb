"""TEN-007: what runs belongs to a system with a quota of its pool; nobody takes more than that, nobody is promised more
than there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import word
from policies.checks.shape import Check, Looked, Params, Words, concluded, not_applicable
from policies.checks.told import follow, unread, why

CHECK = Check(
    id="TEN-007",
    title_zh="资源按配额统一分配",
    title_en="Resources are given out by quota",
    clauses=("GB/T 22239-2019 8.2.5.1 a)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.host", "storage.volume", "gov.quota", "compute.pool"),
    fix_zh="给系统在该资源池申请配额;超出配额的减少主机或提高配额,配额之和不超过资源池容量",
    fix_en="ask for a quota of the pool; where it is exceeded, run less or have it raised; let quotas together stay within "
    "the pool",
)
Key = tuple[str, str]
"""system and pool"""
_TAKES = {
    "compute.host": {"cpu": ("cpu", 1), "memory_gib": ("memory_mib", 1024)},
    "storage.volume": {"storage_gib": ("size_gib", 1)},
}
"""kind → field of a quota → field of the kind, and how many of its units make one of the quota's"""
_SIZES = ("cpu", "memory_gib", "storage_gib")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host, a quota and a pool."""
    del params
    quotas: dict[str, list[Resource]] = defaultdict(list)
    keys: set[Key] = set()
    vague: list[Words] = []
    for quota in sorted(estate.kind("gov.quota"), key=word):
        if hidden := unread(quota, "system", "pool", *_SIZES):
            vague.append(why(quota, hidden))
        else:
            keys.add((quota["system"], quota["pool"]))
            quotas[quota["pool"]].append(quota)
    for host in estate.kind("compute.host"):
        if host.get("system") is None:
            yield not_applicable(host, "属于城市自己,不占配额", "is the city's own and takes no quota")
        else:
            yield unread(host, "system", "pool") or _belongs(host, keys, vague)
    taken, unclear = _taken(estate)
    for quota in estate.kind("gov.quota"):
        if hidden := unread(quota, "system", "pool", *_SIZES):
            yield hidden
        else:
            yield concluded(quota, _more(quota, taken[quota["system"], quota["pool"]]), unclear)
    for pool in estate.kind("compute.pool"):
        yield unread(pool, "cpu", "memory_gib") or _promised(pool, quotas[pool.name], vague)


def _belongs(host: Resource, keys: set[Key], vague: list[Words]) -> Looked:
    if (host["system"], host["pool"]) in keys:
        return concluded(host, ())
    lacking = (f"所属系统没有资源池 {host['pool']} 的配额", f"its system has no quota of the pool {host['pool']}")
    return concluded(host, [] if vague else [lacking], vague)


def _taken(estate: Estate) -> tuple[dict[Key, dict[str, float]], list[Words]]:
    """What hosts and their volumes take, and what of it cannot be told."""
    taken: dict[Key, dict[str, float]] = defaultdict(lambda: dict.fromkeys(_SIZES, 0.0))
    unclear: list[Words] = []
    for kind, fields in _TAKES.items():
        for one in sorted(estate.kind(kind), key=word):
            host = one
            if kind == "storage.volume":
                host, gone = follow(estate, one, "host", "compute.host")
                unclear += gone
            if host is None or host.get("system") is None:
                continue
            hidden = unread(host, "system", "pool") or unread(one, *(field for field, _ in fields.values()))
            if hidden:
                unclear.append(why(one, hidden))
                continue
            for size, (field, units) in fields.items():
                taken[host["system"], host["pool"]][size] += one[field] / units
    return taken, unclear


def _more(quota: Resource, taken: dict[str, float]) -> list[Words]:
    return [
        (f"{size} 用了 {taken[size]:g},配额 {quota[size]:g}", f"{size}: {taken[size]:g} taken of {quota[size]:g}")
        for size in _SIZES
        if taken[size] > quota[size]
    ]


def _promised(pool: Resource, quotas: list[Resource], vague: list[Words]) -> Looked:
    if not quotas and not vague:
        return not_applicable(pool, "没有从它分出的配额", "nothing of it is promised")
    wrong = [
        (f"{size} 共分出 {total:g},容量 {pool[size]:g}", f"{size}: {total:g} promised of {pool[size]:g}")
        for size in ("cpu", "memory_gib")
        if (total := sum(quota[size] for quota in quotas)) > pool[size]
    ]
    return concluded(pool, wrong, vague)
