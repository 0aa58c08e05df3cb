"""CRY-005: an important system is bound to a signature and timestamp service that exists."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, below, failed, missing, passed, unknown, unsure

CHECK = Check(
    id="CRY-005",
    title_zh="关键业务行为不可否认",
    title_en="Key acts cannot be denied later",
    clauses=("GB/T 39786-2021 8.4 h)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("gov.system",),
    fix_zh="把系统接入签名与时间戳服务(gov.system 的 timestamping)",
    fix_en="bind the system to the signature and timestamp service (timestamping of gov.system)",
    assurance="partial",
    params={"level": Param(3, "自该等级起要求", "asked for from this level on", least=1, most=5)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a system."""
    for system in estate.kind("gov.system"):
        if answer := below(system, params["level"]) or unsure(system, "timestamping"):
            yield answer
        elif not (name := system.get("timestamping")):
            yield failed(system, "没有接入签名与时间戳服务", "is bound to no signature and timestamp service")
        elif estate.named("sec.tsa", str(name)) is None:
            yield unknown(system, *missing(system, "sec.tsa", name))
        else:
            yield passed(system)
