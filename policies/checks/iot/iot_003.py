"""IOT-003: what is registered has a credential, and what has a credential is registered."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Params, failed, not_applicable, passed, unsure
from policies.checks.told import unread

CHECK = Check(
    id="IOT-003",
    title_zh="设备登记与凭证一致",
    title_en="The register of devices and their credentials agree",
    clauses=("GB/T 22239-2019 8.4.3.2 a)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("iot.device",),
    fix_zh="给登记的设备发凭证;吊销未登记设备的凭证,或补登记",
    fix_en="issue a credential to what is registered; revoke those of devices that are not, or register them",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a device."""
    del params
    for one in estate.kind("iot.device"):
        # that no credential is recorded means that there is none: only a hidden one is unknown
        if open_ := unsure(one, "credential") or unread(one, "registered"):
            yield open_
            continue
        credential = one.get("credential")
        if one["registered"] and not credential:
            yield failed(one, "已登记,没有凭证", "is registered and has no credential")
        elif credential and not one["registered"]:
            yield failed(one, "有凭证,没有登记", "has a credential and is not registered")
        elif credential:
            yield passed(one)
        else:
            yield not_applicable(one, "既没有登记也没有凭证", "is neither registered nor has a credential")
