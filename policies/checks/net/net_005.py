"""NET-005: what everything passes through exists at least twice, and not in one rack or with one carrier."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, Words, below, concluded, texts, unsure

CHECK = Check(
    id="NET-005",
    title_zh="关键线路和设备有冗余",
    title_en="Key lines and devices are redundant",
    clauses=("GB/T 22239-2019 8.1.2.1 e)",),
    severity="high",
    severity_basis="redundancy",
    scope="stack",
    kinds=("net.router", "net.lb", "net.link"),
    fix_zh="路由器、负载均衡至少两台并分放机柜,站点间线路至少两条并来自不同运营商",
    fix_en="at least two routers and balancers, in different racks; at least two lines between sites, from two carriers",
    params={
        "devices": Param(2, "设备台数下限", "fewest devices", least=2),
        "spread": Param(2, "机柜或运营商个数下限", "fewest racks or carriers", least=1),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a router, balancer and line."""
    few, spread = params["devices"], params["spread"]
    for one in estate.kind("net.router"):
        if open_ := unsure(one, "count", "racks"):
            yield open_
            continue
        yield concluded(
            one,
            [
                *_few(one.get("count"), few, "台设备", "device"),
                *_few(_kinds(one.get("racks")), spread, "个机柜", "rack"),
            ],
        )
    for one in estate.kind("net.lb"):
        if answer := below(one, 3) or unsure(one, "count"):
            yield answer
            continue
        yield concluded(one, _few(one.get("count"), few, "台设备", "device"))
    for one in estate.kind("net.link"):
        if open_ := unsure(one, "lines", "carriers"):
            yield open_
            continue
        yield concluded(
            one,
            [
                *_few(one.get("lines"), few, "条线路", "line"),
                *_few(_kinds(one.get("carriers")), spread, "家运营商", "carrier"),
            ],
        )


def _kinds(value: object) -> int:
    return len(set(texts(value)))


def _few(found: int | float | None, least: int, zh: str, en: str) -> list[Words]:
    count = int(found or 0)
    return (
        []
        if count >= least
        else [(f"只有 {count} {zh},至少要 {least}", f"only {count} {en}(s), at least {least} wanted")]
    )
