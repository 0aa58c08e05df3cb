"""MON-002: what administers a device reaches it apart from everything else, or encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, below, failed, passed
from policies.checks.told import DEVICES, absent, unread

CHECK = Check(
    id="MON-002",
    title_zh="管理通道独立或加密",
    title_en="Devices are administered out of band or encrypted",
    clauses=("GB/T 22239-2019 8.1.5.4 b)",),
    severity="medium",
    severity_basis="clear-transmission",
    scope="stack",
    kinds=DEVICES,
    fix_zh="给设备单独的管理网络,或让管理流量走加密通道",
    fix_en="give the device a management network of its own, or encrypt what administers it",
    assurance="partial",
    params={"channels": Param(("out-of-band", "encrypted"), "可接受的管理通道", "channels that will do")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a security device."""
    found = estate.kind(*DEVICES)
    yield from absent(estate, found, "安全设备的记录", "record of security devices")
    for one in found:
        yield below(one, 3) or unread(one, "management_channel") or _channel(one, params)


def _channel(one: Resource, params: Params) -> Looked:
    channel = one["management_channel"]
    if channel in params["channels"]:
        return passed(one)
    return failed(one, f"管理通道是“{channel}”", f"its management channel is '{channel}'")
