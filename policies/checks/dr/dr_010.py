"""DR-010: the two sites of a dual-active system are near enough, share nothing that fails, and each carries it alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, missing, not_applicable
from policies.checks.told import given, unread
from policies.checks.wants import number, untold

CHECK = Check(
    id="DR-010",
    title_zh="同城双活的两个站点够近、互不牵连、各能独担",
    title_en="Dual-active sites are near, independent, and each large enough",
    clauses=("liangzhu 同城双活",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("gov.system", "gov.site", "net.lb"),
    fix_zh="选距离和时延在限内、供电、运营商、密钥和域名各自独立的两个站点,入口带宽各不低于系统峰值",
    fix_en="choose two sites within the limits, with power, carriers, keys and names of their own, each as wide as the peak",
    params={
        "km": Param(100, "站点距离上限(公里)", "most kilometres between sites", least=1),
        "rtt": Param(2, "往返时延上限(毫秒)", "most milliseconds of round trip", least=1),
    },
)
_FAR = (
    ("distance_km", "km", "相距 {:g} 公里,上限 {}", "are {:g} km apart, at most {}"),
    ("rtt_ms", "rtt", "往返 {:g} 毫秒,上限 {}", "are {:g} ms apart, at most {}"),
)
_SHARED = (("power", "供电", "power"), ("kms", "密钥", "keys"), ("dns", "域名", "names"))


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a system."""
    for system in estate.kind("gov.system"):
        if hidden := unread(system, "mode"):
            yield hidden
        elif (mode := system["mode"]) != "dual-active":
            yield not_applicable(system, f"模式是 {mode},不是双活", f"its mode is {mode}, not dual-active")
        else:
            yield _judged(estate, system, params)


def _judged(estate: Estate, system: Resource, params: Params) -> Looked:
    wide: dict[str, float] = defaultdict(float)
    wrong: list[Words] = []
    parts = estate.derived(dr.balancers)
    open_: list[Words] = list(parts.lost)
    for balancer in parts.of.get(system.name, ()):
        width = number(balancer, "bandwidth_mbps")
        if width is not None and given(balancer, "site"):
            wide[str(balancer["site"])] += width
        else:
            open_.append((f"{balancer.name} 的站点或带宽不明", f"site or bandwidth of {balancer.name} is not told"))
    if not wide:
        open_.append(("没有负载均衡,看不出在哪些站点服务", "has no balancers that tell from which sites it serves"))
    elif len(wide) < 2 and not open_:
        wrong.append(("不在两个站点提供服务", "does not serve from two sites"))
    if (peak := number(system, "peak_mbps")) is None:
        open_.append(untold("peak_mbps"))
    elif not open_:
        small = [(site, width) for site, width in sorted(wide.items()) if width < peak]
        wrong += [(f"站点 {site} 只有 {width:g} Mbps,峰值 {peak:g}",
                   f"site {site} has {width:g} Mbps of a peak of {peak:g}") for site, width in small]  # fmt: skip
    for one, other in combinations(sorted(wide), 2):
        bad, unclear = _pair(estate, system, (one, other), params)
        wrong, open_ = wrong + bad, open_ + unclear
    return concluded(system, wrong, open_)


def _pair(estate: Estate, system: Resource, names: tuple[str, str], params: Params) -> tuple[list[Words], list[Words]]:
    """What two sites have between them and in common."""
    sites = [estate.named("gov.site", name) for name in names]
    one, other = sites
    if one is None or other is None:
        return [], [missing(system, "gov.site", name) for name, site in zip(names, sites, strict=True) if site is None]
    pair = "、".join(names), " and ".join(names)
    wrong: list[Words] = []
    open_: list[Words] = []
    for field, key, zh, en in _FAR:
        far = _between(one, other, field)
        if far is None:
            open_.append((f"站点 {pair[0]}:{untold(field)[0]}", f"sites {pair[1]}: {untold(field)[1]}"))
        elif far > params[key]:
            wrong.append(
                (f"站点 {pair[0]} {zh.format(far, params[key])}", f"sites {pair[1]} {en.format(far, params[key])}")
            )
    for field, zh, en in _SHARED:
        if not (given(one, field) and given(other, field)):
            open_.append((f"站点 {pair[0]}:{untold(field)[0]}", f"sites {pair[1]}: {untold(field)[1]}"))
        elif one[field] == other[field]:
            wrong.append((f"站点 {pair[0]} 共用{zh}", f"sites {pair[1]} share their {en}"))
    if not (given(one, "carriers") and given(other, "carriers")):
        open_.append((f"站点 {pair[0]}:{untold('carriers')[0]}", f"sites {pair[1]}: {untold('carriers')[1]}"))
    elif not (set(one["carriers"]) - set(other["carriers"]) and set(other["carriers"]) - set(one["carriers"])):
        wrong.append((f"站点 {pair[0]} 没有各自的运营商", f"sites {pair[1]} have no carrier of their own each"))
    return wrong, open_


def _between(one: Resource, other: Resource, field: str) -> float | None:
    """What either of them says of the way to the other."""
    for here, there in ((one, other), (other, one)):
        table: Any = here.get(field)
        found = table.get(there.name) if isinstance(table, Mapping) else None
        if isinstance(found, int | float):
            return found
    return None
