"""TEN-009: tenants share neither the number of an overlay segment nor a storage pool of another isolation class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from inventory.estate import Estate
from policies.checks.records import comparable, listing, untold
from policies.checks.shape import Check, Looked, Params, concluded, failed, listed, not_applicable, passed

CHECK = Check(
    id="TEN-009",
    title_zh="虚拟网络和存储不跨租户共用",
    title_en="Tenants share neither overlay segments nor storage of another class",
    clauses=("GB/T 31168-2023 7.11", "GB/T 31168-2023 7.12", "GB/T 31168-2023 7.13"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.vpc", "storage.pool"),
    fix_zh="给每个租户的虚拟网络分配不同的段号;存储池只给它那一类租户用",
    fix_en="number the overlay segments of each tenant apart; let only tenants of its class use a storage pool",
    assurance="partial",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a virtual network and a storage pool."""
    del params
    networks = estate.kind("net.vpc")
    users: dict[Any, set[str | None]] = defaultdict(set)
    for one in networks:
        users[comparable(one.get("segment_id"))].add(None if untold(one, "bureau") else str(one.get("bureau")))
    for one in networks:
        if lacking := untold(one, "segment_id", "bureau"):
            yield concluded(one, (), lacking)
            continue
        others = users[comparable(one.get("segment_id"))] - {str(one.get("bureau"))}
        names = listed(name for name in others if name)
        wrong = [(f"段号与 {names} 的虚拟网络相同", f"its segment number is also that of {names}")] if names else []
        nameless = ("同段号的另一虚拟网络不知是谁的", "it is not told whose another network of this number is")
        yield concluded(one, wrong, [nameless] if None in others else [])
    for pool in estate.kind("storage.pool"):
        if lacking := untold(pool, "isolation", "users"):
            yield concluded(pool, (), lacking)
        elif not (classes := set(listing(pool.get("users")))):
            yield not_applicable(pool, "没有人使用", "nobody uses it")
        elif strangers := classes - {str(pool.get("isolation"))}:
            names = listed(strangers)
            yield failed(pool, f"别的隔离类 {names} 也在用", f"other isolation classes use it: {names}")
        else:
            yield passed(pool)
