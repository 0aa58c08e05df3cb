"""TEN-001: no platform, pool or zone carries a system of a higher level than its own, over all stacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from inventory.estate import Estate, Resource
from policies.checks.references import grouped
from policies.checks.shape import (
    Check,
    Looked,
    Params,
    Words,
    concluded,
    missing,
    not_applicable,
    texts,
    unsure,
)
from policies.checks.told import given, unread

CHECK = Check(
    id="TEN-001",
    title_zh="平台等级不低于所承载系统",
    title_en="No platform is graded below what it carries",
    clauses=("GB/T 22239-2019 8.2.2.1 a)",),
    severity="high",
    severity_basis="cloud-level",
    scope="estate",
    kinds=("gov.system",),
    fix_zh="把系统移到等级足够的资源池或平台,或先提升平台的定级并测评",
    fix_en="move the system to a pool or platform of sufficient level, or have the platform graded and assessed higher",
)
_PLACED = ("compute.host", "k8s.namespace", "gov.quota")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a system: the pools that it runs in and the shared capabilities that it uses."""
    del params
    placed = grouped(estate.kind(*_PLACED), "system")
    offers: dict[str, Resource] = {}
    # of several that offer the same, the lowest decides
    for platform in sorted(estate.kind("gov.platform"), key=_rank, reverse=True):
        offers.update(dict.fromkeys(map(str, texts(platform.get("capabilities"))), platform))
    for system in estate.kind("gov.system"):
        mine = placed.get(system["system"] if given(system, "system") else system.name, ())
        yield unsure(system, "level", "uses") or _carried(estate, system, mine, offers)


def _carried(estate: Estate, system: Resource, placed: Sequence[Resource], offers: Mapping[str, Resource]) -> Looked:
    if system.get("level") is None:
        return concluded(system, [("没有定级", "has no level")])
    if not placed and not texts(system.get("uses")):
        return not_applicable(system, "不在任何资源池或平台上", "runs on no pool and uses no platform")
    if hidden := unread(system, "level"):
        return hidden
    wrong: list[Words] = []
    open_words: list[Words] = []
    if any(not given(one, "pool") for one in placed):
        open_words.append(("有主机的资源池尚未确定", "a host's pool is not known yet"))
    for name in sorted({one["pool"] for one in placed if given(one, "pool")}):
        _compare(system, "compute.pool", name, estate.named("compute.pool", name), wrong, open_words)
    for capability in sorted(map(str, texts(system.get("uses")))):
        _compare(system, "gov.platform", capability, offers.get(capability), wrong, open_words)
    return concluded(system, wrong, open_words)


def _rank(platform: Resource) -> tuple[int, str]:
    level = platform.get("level")
    return (int(level) if isinstance(level, int | float) else 0, platform.name)


def _compare(
    system: Resource, kind: str, name: str, carrier: Resource | None, wrong: list[Words], open_words: list[Words]
) -> None:
    if carrier is None:
        open_words.append(missing(system, kind, name))
    elif carrier.get("level") is None:
        wrong.append((f"{carrier.name} 没有定级", f"{carrier.name} has no level"))
    elif unread(carrier, "level"):
        open_words.append((f"{carrier.name} 的等级尚未确定", f"the level of {carrier.name} is not known yet"))
    elif carrier["level"] < system["level"]:
        low, high = int(carrier["level"]), int(system["level"])
        wrong.append(
            (f"第 {high} 级系统用了第 {low} 级的 {name}", f"a system of level {high} on {name} of level {low}")
        )
