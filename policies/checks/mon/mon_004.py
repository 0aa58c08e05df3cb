"""MON-004: protection from malicious code and patches are managed in one place, for every host."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.agents import guarded
from policies.checks.shape import Check, Looked, Params

CHECK = Check(
    id="MON-004",
    title_zh="主机防护与补丁集中管理",
    title_en="Protection and patches are managed in one place",
    clauses=("GB/T 22239-2019 8.1.5.4 e)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("compute.host", "sec.hids"),
    fix_zh="给主机装主机防护代理(sec.hids),写明集中管理端和补丁基线",
    fix_en="put the host under an agent (sec.hids) that names its central manager and its baseline of patches",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host of level 3 and above."""
    del params
    yield from guarded(estate, ("manager", "patch_baseline"), ("没有管理端或补丁基线", "lacks a manager or a baseline"))
