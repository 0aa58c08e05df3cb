"""LOG-006: what audits cannot be stopped by those whom it watches."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, below, concluded
from policies.checks.told import absent, unread
from policies.checks.trails import denied

CHECK = Check(
    id="LOG-006",
    title_zh="审计进程不得未授权中断",
    title_en="Auditing cannot be interrupted",
    clauses=("GB/T 22239-2019 8.1.4.3 d)",),
    severity="medium",
    severity_basis="audit-missing",
    scope="resource",
    kinds=("audit.trail", "host.auditd", "iam.policy"),
    fix_zh="用策略禁止除审计角色外的任何人停止、删除、修改审计;主机 auditd 开机运行并锁定规则(-e 2)",
    fix_en="deny stopping, deleting and changing the trail to all but the audit role; run auditd and lock its rules (-e 2)",
    params={"verbs": Param(("stop", "delete", "update"), "须禁止的操作", "acts that must be denied")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a trail and a host's auditd."""
    found = estate.kind("audit.trail", "host.auditd")
    yield from absent(estate, found, "审计和 auditd 的记录", "audit trail or record of auditd")
    for one in found:
        if open_ := below(one, 3):
            yield open_
        elif one.kind == "audit.trail":
            yield unread(one, "enabled") or concluded(one, *denied(estate, one, params["verbs"]))
        else:
            yield unread(one, "running", "immutable") or _auditd(one)


def _auditd(one: Resource) -> Looked:
    wrong: list[Words] = []
    if not one["running"]:
        wrong.append(("auditd 没有运行", "auditd does not run"))
    if not one["immutable"]:
        wrong.append(("规则没有锁定", "its rules can be changed"))
    return concluded(one, wrong)
