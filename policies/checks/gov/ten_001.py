"""TEN-001: no platform, pool or zone carries a system of a higher level than its own, over all stacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import (
    Check,
    Looked,
    Params,
    Words,
    concluded,
    missing,
    not_applicable,
    settled,
    texts,
)
from policies.checks.told import garbled

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
    pools: dict[str, set[str]] = defaultdict(set)
    hidden: set[str] = set()
    for one in estate.kind(*_PLACED):
        system = one.get("system")
        if not isinstance(system, str) or not system or not settled(system):
            continue
        if settled(one.get("pool")):
            pools[system].add(str(one.get("pool")))
        else:
            hidden.add(system)
    offers: dict[str, Resource] = {}
    for platform in estate.kind("gov.platform"):
        for capability in texts(platform.get("capabilities")):
            if not isinstance(capability, str):
                continue
            # of two that offer the same, the lower one decides
            known = offers.get(capability)
            if known is None or _rank(platform) < _rank(known):
                offers[capability] = platform
    for system in estate.kind("gov.system"):
        if open_ := garbled(system, "level", "uses"):
            yield open_
            continue
        if system.get("level") is None:
            yield concluded(system, [("没有定级", "has no level")])
            continue
        key = str(system.get("system") or system.name)
        wrong: list[Words] = []
        open_words: list[Words] = (
            [("有主机的资源池尚未确定", "a host's pool is not known yet")] if key in hidden else []
        )
        for name in sorted(pools[key]):
            _compare(system, "compute.pool", name, estate.named("compute.pool", name), wrong, open_words)
        for capability in sorted(texts(system.get("uses"))):
            _compare(system, "gov.platform", capability, offers.get(capability), wrong, open_words)
        if not pools[key] and not texts(system.get("uses")) and not open_words:
            yield not_applicable(system, "不在任何资源池或平台上", "runs on no pool and uses no platform")
        else:
            yield concluded(system, wrong, open_words)


def _rank(platform: Resource) -> tuple[float, str]:
    level = platform.get("level")
    return (level if isinstance(level, int | float) else 0, platform.name)


def _compare(
    system: Resource, kind: str, name: str, carrier: Resource | None, wrong: list[Words], open_words: list[Words]
) -> None:
    if carrier is None:
        open_words.append(missing(system, kind, name))
    elif garbled(carrier, "level"):
        open_words.append((f"{carrier.name} 的等级尚未确定", f"the level of {carrier.name} is not known yet"))
    elif carrier.get("level") is None:
        wrong.append((f"{carrier.name} 没有定级", f"{carrier.name} has no level"))
    elif carrier["level"] < system["level"]:
        low, high = int(carrier["level"]), int(system["level"])
        wrong.append(
            (f"第 {high} 级系统用了第 {low} 级的 {name}", f"a system of level {high} on {name} of level {low}")
        )
