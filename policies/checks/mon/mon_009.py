"""MON-009: provider and tenant each watch their own part of every class of virtual device."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Params, Words, concluded, listed, unsure
from policies.checks.told import DEVICES, unread, why

CHECK = Check(
    id="MON-009",
    title_zh="云服务商与客户各自集中监测",
    title_en="Provider and tenant each watch their part",
    clauses=("GB/T 22239-2019 8.2.5.1 d)",),
    severity="low",
    severity_basis="project",
    scope="estate",
    kinds=("mon.target", "compute.host", "net.vpc", "net.router", "net.lb", *DEVICES),
    fix_zh="为虚拟网络、虚拟机、虚拟安全设备各配云服务商的(不属于任何系统)和客户系统的监测目标",
    fix_en="give each class (networks, machines, security devices) targets of the provider, which belong to no system, and "
    "of the tenants' systems",
)
_CLASSES: dict[Words, tuple[str, ...]] = {
    ("虚拟机", "machines"): ("compute.host",),
    ("虚拟网络", "networks"): ("net.vpc", "net.router", "net.lb"),
    ("虚拟安全设备", "security devices"): DEVICES,
}
_CLASS = {kind: said for said, kinds in _CLASSES.items() for kind in kinds}


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer about the estate, where it has virtual devices."""
    del params
    present = [said for said, kinds in _CLASSES.items() if estate.kind(*kinds)]
    if not present:
        return
    watched: set[tuple[Words | None, bool]] = set()
    open_: list[Words] = []
    targets = estate.kind("mon.target")
    for target in targets:
        if hidden := unread(target, "of") or unsure(target, "system"):
            open_.append(why(target, hidden))
        else:
            watched.add((_CLASS.get(target["of"].partition("/")[0]), bool(target.get("system"))))
    if not targets:
        open_.append(("被检查的范围内没有监测目标", "there is no target in what was judged"))
    wrong: list[Words] = []
    for tenant, zh, en in ((False, "云服务商", "the provider"), (True, "客户", "tenants")):
        gone = [said for said in present if (said, tenant) not in watched]
        if gone:
            wrong.append(
                (f"{zh}没有监测 {listed(one for one, _ in gone)}", f"{en}: watches no {listed(one for _, one in gone)}")
            )
    yield concluded(None, () if open_ else wrong, open_ if wrong else ())
