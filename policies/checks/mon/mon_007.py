"""MON-007: floods, broken isolation, machines that nobody ordered and spreading malware raise an alarm."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, concluded
from policies.checks.trails import alarmed, covered

CHECK = Check(
    id="MON-007",
    title_zh="云上异常有告警",
    title_en="What is abnormal in the cloud raises an alarm",
    clauses=(
        "GB/T 22239-2019 8.2.3.2 d)",
        "GB/T 22239-2019 8.2.4.3 a)",
        "GB/T 22239-2019 8.2.4.3 b)",
        "GB/T 22239-2019 8.2.4.3 c)",
    ),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.host", "mon.alarm", "audit.trail"),
    fix_zh="为每类事件配一条有联系人的告警,并让审计记录虚拟机的新建,和部署状态不符的变更也要告警",
    fix_en="raise an alarm with a contact on each class of event, on changes that the deployed state does not know too, "
    "and let a trail record new machines",
    params={
        "alarms": Param(
            ("abnormal-traffic", "isolation-failure", "unauthorised-vm", "malware", "unmanaged-change"),
            "须告警的事件",
            "events that raise an alarm",
        ),
        "recorded": Param(("vm-create", "vm-reboot"), "须审计的事件", "events that are recorded"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer about the estate, where it has machines."""
    if estate.kind("compute.host"):
        wrong, open_ = alarmed(estate, params["alarms"])
        more_wrong, more_open = covered(estate, params["recorded"])
        yield concluded(None, [*wrong, *more_wrong], [*open_, *more_open])
