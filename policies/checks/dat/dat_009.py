"""DAT-009: all data has a class, and what holds data has at least the class of what it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.shape import ORDER, Check, Looked, Param, Params, Words, concluded, missing, settled, unsure

CHECK = Check(
    id="DAT-009",
    title_zh="数据分级且就高从严",
    title_en="Data is graded, and the higher grade wins",
    clauses=("GB/T 43697-2024 6.1", "GB/T 43697-2024 6.5"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("db.instance", "storage.bucket", "storage.volume", "dr.backup_plan", "gov.system"),
    fix_zh="在申请中写明 data(一般 general、重要 important、核心 core);系统和备份的级别不低于其数据",
    fix_en="write data (general, important, core) in the request; systems and backups are not below their data",
    params={"classes": Param(("general", "important", "core"), "数据级别", "classes of data")},
)
_STORES = ("db.instance", "storage.bucket", "storage.volume")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a store, backup plan and system."""
    held: dict[str, list[Resource]] = defaultdict(list)
    by_reference: dict[str, Resource] = {}
    for one in estate.kind(*_STORES):
        by_reference[dr.reference(one)] = one
        if one.get("system") and settled(one["system"]):
            held[str(one["system"])].append(one)
        yield _graded(one, params) or concluded(one, ())
    for plan in estate.kind("dr.backup_plan"):
        if answer := _graded(plan, params) or unsure(plan, "of"):
            yield answer
        elif not plan.get("of"):
            yield concluded(plan, [("没有写备份对象", "does not say what it is of")])
        elif (store := by_reference.get(str(plan["of"]))) is None:
            kind, _, name = str(plan["of"]).partition("/")
            yield concluded(plan, (), [missing(plan, kind, name)])
        else:
            yield concluded(plan, *_holds(plan, [store]))
    for system in estate.kind("gov.system"):
        yield _graded(system, params) or concluded(system, *_holds(system, held[system.name]))


def _graded(one: Resource, params: Params) -> Looked | None:
    if open_ := unsure(one, "data_class"):
        return open_
    if (grade := one.get("data_class")) not in params["classes"]:
        return concluded(one, [(f"没有数据级别({grade})", f"has no class of data ({grade})")])
    return None


def _holds(holder: Resource, stores: list[Resource]) -> tuple[list[Words], list[Words]]:
    wrong: list[Words] = []
    open_words: list[Words] = []
    mine = ORDER.get(str(holder.get("data_class")), -1)
    for store in sorted(stores, key=lambda one: (one.kind, one.name)):
        if unsure(store, "data_class"):
            open_words.append((f"{store.name} 的数据级别尚未确定", f"the class of {store.name} is not known yet"))
        elif ORDER.get(str(store.get("data_class")), -1) > mine:
            wrong.append(
                (
                    f"级别低于所含 {store.name} 的 {store.get('data_class')}",
                    f"is below {store.name}, which is {store.get('data_class')}",
                )
            )
    return wrong, open_words
