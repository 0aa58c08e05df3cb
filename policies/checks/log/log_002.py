"""LOG-002: a record of an act says who, when, what, with which result and from where."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, concluded, not_applicable
from policies.checks.told import absent, unread
from policies.checks.trails import lacking

CHECK = Check(
    id="LOG-002",
    title_zh="审计记录要素齐全",
    title_en="Audit records are whole",
    clauses=("GB/T 22239-2019 8.1.4.3 b)",),
    severity="medium",
    severity_basis="audit-missing",
    scope="resource",
    kinds=("audit.trail", "k8s.cluster"),
    fix_zh="让审计记录带上用户、时间、事件类型、结果和来源地址",
    fix_en="let records carry user, time, type of event, result and source address",
    params={"fields": Param(("user", "time", "type", "result", "source"), "要素", "what a record carries")},
)
_FIELDS = {"audit.trail": ("enabled", "fields"), "k8s.cluster": ("audit", "audit_fields")}


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a trail and a cluster."""
    found = estate.kind(*_FIELDS)
    yield from absent(estate, found, "审计", "audit trail")
    for one in found:
        switch, fields = _FIELDS[one.kind]
        if one.get(switch) is False:
            yield not_applicable(one, "没有打开(见 LOG-001)", "is switched off (see LOG-001)")
        elif open_ := unread(one, fields):
            yield open_
        else:
            wrong, _ = lacking(params["fields"], one[fields], [], "记录中没有", "its records lack")
            yield concluded(one, wrong)
