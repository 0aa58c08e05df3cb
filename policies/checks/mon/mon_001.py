"""MON-001: security devices are administered in the management zone and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, below, concluded, failed, passed
from policies.checks.told import DEVICES, absent, follow, unread

CHECK = Check(
    id="MON-001",
    title_zh="安全设备在管理区内管控",
    title_en="Security devices are administered in the management zone",
    clauses=("GB/T 22239-2019 8.1.5.4 a)",),
    severity="medium",
    severity_basis="zones",
    scope="stack",
    kinds=("sec.bastion", "net.subnet", *DEVICES),
    fix_zh="把堡垒机和安全设备的管理接口放进管理区的网段",
    fix_en="put the bastion and the management interfaces of security devices into a segment of the management zone",
    params={"zones": Param(("management",), "管理区", "zones of administration")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a bastion and a security device."""
    found = estate.kind("sec.bastion", *DEVICES)
    yield from absent(estate, found, "堡垒机和安全设备", "bastion or security device")
    for one in found:
        yield below(one, 3) or _placed(estate, one, params)


def _placed(estate: Estate, one: Resource, params: Params) -> Looked:
    field = "subnet" if one.kind == "sec.bastion" else "management_subnet"
    if one.get(field) == "":
        return failed(one, "没有单独的管理接口", "has no management interface of its own")
    subnet, open_ = follow(estate, one, field, "net.subnet")
    if subnet is None:
        return concluded(one, (), open_)
    if hidden := unread(subnet, "zone"):
        return concluded(one, (), [(hidden.zh, hidden.en)])
    if subnet["zone"] in params["zones"]:
        return passed(one)
    zone = subnet["zone"]
    return failed(one, f"管理接口在“{zone}”区的 {subnet.name}", f"is administered in {subnet.name}, zone '{zone}'")
