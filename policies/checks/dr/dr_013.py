"""DR-013: a recovery plan was exercised within the last year."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.evidence import shown
from policies.checks.shape import Check, Looked, Param, Params, below, unknown

CHECK = Check(
    id="DR-013",
    title_zh="恢复预案每年演练",
    title_en="Recovery plans are exercised every year",
    clauses=("GB/T 22239-2019 8.1.10.13 c)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("dr.plan", "gov.evidence"),
    fix_zh="演练一次,把记录登记为 gov.evidence(subject 为 drill,about 为 dr.plan/<名称>)",
    fix_en="hold a drill and record it as gov.evidence (subject drill, about dr.plan/<name>)",
    assurance="evidence",
    dated=True,
    params={"days": Param(365, "演练记录须新于该天数", "a record must be younger than so many days", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a recovery plan; systems without any are an open question."""
    plans = estate.kind("dr.plan")
    if not plans and estate.kind("gov.system"):
        yield unknown(None, "没有记录任何恢复预案", "no recovery plan was recorded")
    for plan in plans:
        yield below(plan, 3) or shown(estate, plan, "drill", params["today"], params["days"])
