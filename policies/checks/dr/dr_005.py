"""DR-005: a storage pool keeps enough copies, and all of them say the same."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import Check, Looked, Mends, Param, Params, Words, below, concluded, settled, unknown
from policies.checks.wants import Want, among, number, untold, weighed

CHECK = Check(
    id="DR-005",
    title_zh="存储有多个一致的副本",
    title_en="Storage keeps several equal copies",
    clauses=("GB/T 22239-2019 8.2.4.6 c)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("storage.pool",),
    fix_zh="存储池设三副本(或能容两处损坏的纠删码),一致性设为 strong",
    fix_en="three replicas in the pool (or an erasure code that survives two losses), consistency strong",
    params={"replicas": Param(3, "副本数下限;纠删码能容的损坏数少一", "fewest replicas; parity: one less", least=2)},
)
_CONSISTENCY = Want("consistency", among("strong"), "一致性是 {},不是 strong", "its consistency is {}, not strong")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a pool; where there is storage and no pool was recorded, one about the estate."""
    pools = estate.kind("storage.pool")
    if not pools and estate.kind("storage.bucket", "storage.volume"):
        yield unknown(None, "没有记录存储池的副本", "it is not recorded how pools keep copies")
    for pool in pools:
        if answer := below(pool, 3):
            yield answer
            continue
        wrong, open_ = weighed(pool, (_CONSISTENCY,))
        bad, unclear = _copies(pool, params["replicas"])
        yield concluded(pool, wrong + bad, open_ + unclear)


def _copies(pool: Resource, least: int) -> tuple[list[Words], list[Words]]:
    """A pool has replicas or parity; which of them is not set is the other's way."""
    replicas, parity = number(pool, "replicas"), number(pool, "parity")
    if (replicas or 0) >= least or (parity or 0) >= least - 1:
        return [], []
    if (replicas is None and parity is None) or not settled((pool.get("replicas"), pool.get("parity"))):
        return [], [untold("replicas, parity")]
    return [(f"副本 {replicas or 0:g}、纠删码容损 {parity or 0:g},不足 {least} 份",
             f"{replicas or 0:g} replicas and parity {parity or 0:g}: less than {least} copies")], []  # fmt: skip


def remedy(estate: Estate, pool: Resource, params: Params) -> Mends | None:
    """Strong, and enough replicas; a pool that has parity and no replicas has chosen the other way."""
    del estate
    changes: dict[str, object] = {"consistency": "strong"} if pool.get("consistency") is not None else {}
    if _copies(pool, params["replicas"])[0]:
        if number(pool, "replicas") is None:
            return None
        changes["replicas"] = params["replicas"]
    return mend(pool, **changes)
