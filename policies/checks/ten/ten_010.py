"""TEN-010: development stands apart from production: not joined, no route between, no copy of production data restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventory.estate import Estate, Resource
from policies.checks.networks import joints, told_of
from policies.checks.records import listing, untold
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    Words,
    concluded,
    failed,
    listed,
    not_applicable,
    passed,
)

CHECK = Check(
    id="TEN-010",
    title_zh="开发环境与生产环境分开",
    title_en="Development stands apart from production",
    clauses=("GB/T 22239-2019 8.1.9.4 a)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.peering", "net.route", "storage.snapshot"),
    fix_zh="撤掉开发与生产虚拟网络之间的对接和路由,生产数据的快照不恢复到其他环境",
    fix_en="take away what joins networks of development and production, and restore no snapshot of production elsewhere",
    assurance="partial",
    params={"environment": Param("production", "生产环境的写法", "how the production environment is called")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a peering, a route between virtual networks, and a snapshot."""
    production = params["environment"]
    for one, networks, nowhere in joints(estate):
        yield nowhere or _apart(one, networks, production)
    for snapshot in estate.kind("storage.snapshot"):
        yield _restored(snapshot, production)


def _apart(one: Resource, networks: Iterable[Resource | Words], production: str) -> Looked:
    """Are all of these networks of production, or none."""
    environments, open_ = told_of(networks, "environment")
    sides = {environment == production for environment in environments}
    wrong = [("连接了生产环境和其他环境", "it joins production and another environment")] if len(sides) > 1 else []
    return concluded(one, wrong, open_)


def _restored(snapshot: Resource, production: str) -> Looked:
    if lacking := untold(snapshot, "environment"):
        return concluded(snapshot, (), lacking)
    if snapshot.get("environment") != production:
        return not_applicable(snapshot, "不是生产数据", "holds no data of production")
    if lacking := untold(snapshot, "restored_into"):
        return concluded(snapshot, (), lacking)
    if elsewhere := set(listing(snapshot.get("restored_into"))) - {production}:
        names = listed(elsewhere)
        return failed(snapshot, f"恢复到了 {names}", f"it was restored into {names}")
    return passed(snapshot)
