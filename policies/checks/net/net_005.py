"""NET-005: what everything passes through exists at least twice, not in one rack or with one carrier, and the loss of any
line, router or site neither cuts the others off nor opens anything: proved over the routes that are found then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice

from inventory.estate import Estate, Resource
from policies.checks.proved import shown
from policies.checks.records import listing, number, untold
from policies.checks.shape import Check, Looked, Param, Params, Words, below, concluded, unsure
from policies.checks.told import garbled
from policies.reach.city import Loss, losses
from policies.reach.proof import proof

CHECK = Check(
    id="NET-005",
    title_zh="关键线路和设备有冗余",
    title_en="Key lines and devices are redundant",
    clauses=("GB/T 22239-2019 8.1.2.1 e)",),
    severity="high",
    severity_basis="redundancy",
    scope="estate",
    kinds=("net.router", "net.lb", "net.link", "sec.firewall"),
    fix_zh="路由器、负载均衡、防火墙至少两台,路由器分放机柜,站点间线路至少两条并来自不同运营商(备用线路除外)",
    fix_en="at least two routers, balancers and firewalls, the routers in different racks; at least two lines between sites, "
    "from two carriers, except where a line stands by",
    params={
        "devices": Param(2, "设备台数下限", "fewest devices", least=2),
        "spread": Param(2, "机柜或运营商个数下限", "fewest racks or carriers", least=1),
    },
)

_MOST = 5
"""consequences of one loss that are told"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a router, balancer, line and firewall."""
    few, spread = params["devices"], params["spread"]
    after = _after(estate)
    for one in estate.kind("net.router"):
        if open_ := unsure(one, "count", "racks"):
            yield open_
            continue
        yield concluded(
            one,
            [
                *_few(one.get("count"), few, "台设备", "device"),
                *_few(_kinds(one.get("racks")), spread, "个机柜", "rack"),
                *after.get(one.urn, ()),
            ],
            _untried(one, "site", "role", "loopback6"),
        )
    for one in estate.kind("net.lb"):
        if answer := below(one, 3) or unsure(one, "count"):
            yield answer
            continue
        yield concluded(one, _few(one.get("count"), few, "台设备", "device"))
    for one in estate.kind("net.link"):
        if open_ := unsure(one, "lines", "carriers", "backup"):
            yield open_
            continue
        # a line that stands by is itself the second way; that nothing hangs on it alone is proved like of any other
        single = [
            *_few(one.get("lines"), few, "条线路", "line"),
            *_few(_kinds(one.get("carriers")), spread, "家运营商", "carrier"),
        ]
        wrong = [*([] if one.get("backup") is True else single), *after.get(one.urn, ())]
        yield concluded(one, wrong, _untried(one, "routers", "rtt_ms", "prefix6"))
    for one in estate.kind("sec.firewall"):
        if lacking := untold(one, "count"):
            yield concluded(one, (), lacking)
        else:
            yield concluded(one, _few(one.get("count"), few, "台设备", "device"))


def _after(estate: Estate) -> Mapping[str, list[Words]]:
    """URN → what its loss cuts off or opens; of a site, at its core router."""
    done = proof(estate)
    found: dict[str, list[Words]] = defaultdict(list)
    for lost in losses(done.city):
        changes = list(islice(done.changes(lost), _MOST))
        what = _named(lost)
        for new, zh, en in (
            (False, "{} 到不了 {}", "{} no longer reaches {}"),
            (True, "{} 反而能到达 {}", "{} now reaches {}"),
        ):
            for one in (difference for opened, difference in changes if opened is new):
                words = zh.format("{}", one.target), en.format("{}", one.target)
                found[lost.resource.urn] += shown(
                    [one], f"失去{what[0]}后 {words[0]}", f"without {what[1]}, {words[1]}"
                )
    return found


def _untried(one: Resource, *fields: str) -> list[Words]:
    """Why nobody could try what its loss does: its place in the network cannot be read."""
    open_ = garbled(one, *fields)
    return [(open_.zh, open_.en)] if open_ else []


def _named(lost: Loss) -> Words:
    return {
        "link": (f"线路 {lost.name}", f"the line {lost.name}"),
        "router": (f"路由器 {lost.name}", f"the router {lost.name}"),
        "site": (f"站点 {lost.name}", f"the site {lost.name}"),
    }[lost.kind]


def _kinds(value: object) -> int:
    return len(set(listing(value)))


def _few(found: object, least: int, zh: str, en: str) -> list[Words]:
    count = int(number(found))
    return (
        []
        if count >= least
        else [(f"只有 {count} {zh},至少要 {least}", f"only {count} {en}(s), at least {least} wanted")]
    )
