"""IOT-001: a thing comes in with a credential of its own, never without a name."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.references import pointing
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Params,
    Words,
    concluded,
    failed,
    not_applicable,
    passed,
    unsure,
)
from policies.checks.told import unread

CHECK = Check(
    id="IOT-001",
    title_zh="感知节点凭证接入",
    title_en="Things come in with a credential of their own",
    clauses=("GB/T 22239-2019 8.4.2.1",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("iot.gateway", "iot.device"),
    fix_zh="网关关闭匿名接入,凭证一机一份(per-device);共用的凭证逐台换发",
    fix_en="switch anonymous access off and give each device a credential (per-device); replace those that are shared",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a gateway and a device."""
    del params
    for one in estate.kind("iot.gateway"):
        yield unread(one, "anonymous", "credentials") or _gateway(one)
    held = pointing(estate, "credential", "iot.device")
    for one in estate.kind("iot.device"):
        if open_ := unsure(one, "credential"):
            yield open_
        elif not (name := one.get("credential")):
            yield not_applicable(one, "没有凭证,由 IOT-003 判断", "has no credential: IOT-003 judges that")
        elif (sharing := len(held.at(str(name)))) > 1:
            yield failed(
                one, f"凭证 {name} 由 {sharing} 台设备共用", f"its credential {name} is that of {sharing} devices"
            )
        else:
            yield passed(one)


def _gateway(one: Resource) -> Looked:
    wrong: list[Words] = [("允许匿名接入", "lets in who has no name")] if one["anonymous"] else []
    if one["credentials"] != "per-device":
        wrong.append((f"凭证方式是“{one['credentials']}”", f"its credentials are '{one['credentials']}'"))
    return concluded(one, wrong)


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """A gateway that lets in who has no name is closed; credentials of their own are issued one by one."""
    del estate, params
    if one.kind != "iot.gateway" or one["credentials"] != "per-device":
        return None
    return switched(one, "anonymous", on=False)
