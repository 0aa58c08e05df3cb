"""HST-004: every important host has an agent that notices intruders and malicious code."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.agents import guarded
from policies.checks.shape import Check, Looked, Params

CHECK = Check(
    id="HST-004",
    title_zh="主机入侵检测与恶意代码防范",
    title_en="Hosts notice intruders and malicious code",
    clauses=("GB/T 22239-2019 8.1.4.4 f)", "GB/T 22239-2019 8.1.4.5"),
    severity="high",
    severity_basis="project",
    scope="stack",
    kinds=("compute.host", "sec.hids"),
    fix_zh="给主机装主机防护代理(sec.hids),并打开恶意代码防范(malware)",
    fix_en="put the host under an agent (sec.hids) that looks for malicious code too (malware)",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host of level 3 and above."""
    del params
    yield from guarded(estate, ("malware",), ("不防恶意代码", "does not look for malicious code"))
