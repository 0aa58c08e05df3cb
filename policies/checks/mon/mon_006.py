"""MON-006: attacks from, to and between the networks of tenants are seen."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import thing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, missing, passed
from policies.checks.told import absent, unread, why
from policies.checks.trails import covering

CHECK = Check(
    id="MON-006",
    title_zh="租户网络内部有入侵检测",
    title_en="Attacks within tenants' networks are seen",
    clauses=("GB/T 22239-2019 8.2.3.2 a)", "GB/T 22239-2019 8.2.3.2 b)", "GB/T 22239-2019 8.2.3.2 c)"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.vpc", "net.subnet", "sec.ids"),
    fix_zh="让看东西向流量的入侵检测(sec.ids)覆盖租户网络或它的全部网段",
    fix_en="let a sensor of east-west traffic (sec.ids) watch the network, or all of its segments",
    assurance="partial",
    params={
        "directions": Param(("east-west", "both"), "看得到内部流量的方向", "directions that include traffic inside")
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a tenant's network."""
    found = estate.kind("net.vpc")
    yield from absent(estate, found, "租户网络的记录", "record of tenants' networks")
    for one in found:
        yield _network(estate, one, params)


def _network(estate: Estate, one: Resource, params: Params) -> Looked:
    whole = _watched(estate, one, params)
    if whole is None:
        return passed(one)
    if open_ := unread(one, "segments"):
        return concluded(one, (), [*whole, (open_.zh, open_.en)])
    open_words, unseen = whole, not one["segments"]
    for name in one["segments"]:
        segment = thing(estate, f"net.subnet/{name}")
        doubts = [missing(one, "net.subnet", name)] if segment is None else _watched(estate, segment, params)
        unseen = unseen or doubts is not None
        open_words = [*open_words, *(doubts or ())]
    if not unseen:
        return passed(one)
    return concluded(one, () if open_words else [("没有入侵检测看着它", "no sensor watches it")], open_words)


def _watched(estate: Estate, one: Resource, params: Params) -> list[Words] | None:
    """None where a sensor watches it; else why that cannot be told, nothing where it is sure."""
    sensors, open_ = covering(estate, one, "sec.ids")
    open_ = list(open_)
    for sensor in sensors:
        if hidden := unread(sensor, "direction"):
            open_.append(why(sensor, hidden))
        elif sensor["direction"] in params["directions"]:
            return None
    return open_
