"""LOG-008: a tenant can read what the provider did to its systems and data."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Params, Words, concluded, passed
from policies.checks.told import absent, unread, why
from policies.checks.trails import by_owner, delivered

CHECK = Check(
    id="LOG-008",
    title_zh="客户可以审计云服务商的操作",
    title_en="Tenants can audit what the provider does",
    clauses=("GB/T 22239-2019 8.2.3.3 b)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("gov.tenant", "audit.trail", "log.sink"),
    fix_zh="把云服务商的操作审计送到租户可读的日志库,readers 写上 tenant/<单位>",
    fix_en="deliver the provider's trail to a sink that the tenant may read, with tenant/<unit> among its readers",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a tenant."""
    del params
    tenants = estate.kind("gov.tenant")
    yield from absent(estate, tenants, "租户的记录", "record of tenants")
    owned, hidden = by_owner(estate)
    kept, gone = delivered(estate, owned.get("provider", ()))
    open_: list[Words] = [*hidden, *gone]
    readers: set[str] = set()
    for trail, _ in kept:
        if not_told := unread(trail, "readers"):
            open_.append(why(trail, not_told))
        else:
            readers.update(trail["readers"])
    for tenant in tenants:
        if not_told := unread(tenant, "bureau"):
            yield not_told
        elif (key := f"tenant/{tenant['bureau']}") in readers:
            yield passed(tenant)
        else:
            lost = [(f"{key} 读不到云服务商的操作审计", f"{key} reads no trail of the provider")]
            yield concluded(tenant, () if open_ else lost, open_)
