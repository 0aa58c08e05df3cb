"""LOG-007: whoever deletes or restarts a machine is written down, and somebody is told."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, concluded
from policies.checks.trails import alarmed, covered

CHECK = Check(
    id="LOG-007",
    title_zh="删除和重启虚拟机有审计有告警",
    title_en="Deleting and restarting machines is recorded and told",
    clauses=("GB/T 22239-2019 8.2.3.3 a)",),
    severity="medium",
    severity_basis="audit-missing",
    scope="stack",
    kinds=("compute.host", "audit.trail", "mon.alarm"),
    fix_zh="让一条打开的审计记录 vm-delete 和 vm-reboot,并各配一条有联系人的告警",
    fix_en="let a trail that is on record vm-delete and vm-reboot, and raise an alarm with a contact on each",
    params={"events": Param(("vm-delete", "vm-reboot"), "特权操作", "privileged acts")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer about the estate, where it has machines."""
    if estate.kind("compute.host"):
        wrong, open_ = covered(estate, params["events"])
        more_wrong, more_open = alarmed(estate, params["events"])
        yield concluded(None, [*wrong, *more_wrong], [*open_, *more_open])
