"""DR-004: of a tenant's data there is a copy in a place of the tenant's own, not the platform's."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.references import pointing, thing, word
from policies.checks.shape import Check, Looked, Params, failed, missing, not_applicable, passed, unknown, unsure
from policies.checks.told import given

CHECK = Check(
    id="DR-004",
    title_zh="租户在本地存有数据备份",
    title_en="The tenant keeps a copy of its own",
    clauses=("GB/T 22239-2019 8.2.4.6 a)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("db.instance", "storage.bucket", "dr.backup_plan", "dr.copy", "gov.tenant"),
    fix_zh="把备份再存一份到单位自己的机房,登记为 dr.copy(owner 为单位,location 为 tenant/<单位>)",
    fix_en="keep a copy of the backup at the unit's own place, and record it as dr.copy (owner: the unit, location: tenant/<unit>)",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a database and a bucket; where no copy at all was recorded, one about the estate."""
    del params
    found = estate.kind(*dr.DATA)
    if found and not estate.kind("dr.copy"):
        yield unknown(None, "没有记录任何备份副本", "no copy of a backup was recorded")
        return
    plans, hidden = dr.by_subject(estate, "dr.backup_plan")
    holding = dr.holding(estate)
    for one in found:
        if one.kind == "storage.bucket" and one.name in holding:
            yield not_applicable(one, "只存放备份或日志", "holds backups or logs only")
        else:
            yield unsure(one, "system", "bureau") or _kept(estate, one, plans.get(dr.reference(one), []), hidden)


def _kept(estate: Estate, one: Resource, plans: list[Resource], hidden: bool) -> Looked:
    tenant = one.get("bureau")
    if not one.get("system"):
        return not_applicable(one, "平台自用的数据,不属于租户", "the platform's own data, no tenant's")
    if not tenant:
        return unknown(one, "没有记录它属于哪个单位", "it is not recorded whose it is")
    pointers = pointing(estate, "of", "dr.copy")
    copies = [copy for plan in plans for copy in pointers.at(word(plan))]
    if any(copy.get("owner") == tenant and copy.get("location") == f"tenant/{tenant}" for copy in copies):
        if thing(estate, f"gov.tenant/{tenant}") is None:
            return unknown(one, *missing(one, "gov.tenant", tenant))
        return passed(one)
    if hidden or pointers.unsure or not all(given(copy, "owner", "location") for copy in copies):
        return unknown(
            one, "有备份副本的对象、归属或位置不明", "what some copy is of, whose it is or where, is not told"
        )
    return failed(one, f"单位 {tenant} 自己没有备份副本", f"{tenant} has no copy at a place of its own")
