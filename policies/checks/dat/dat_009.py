"""DAT-009: all data has a class, and what holds data has at least the class of what it holds."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.shape import ORDER, Check, Looked, Param, Params, Words, concluded, missing, unsure

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
    held = dr.parts(estate.kind(*_STORES))
    by_reference: dict[str, Resource] = {}
    for one in estate.kind(*_STORES):
        by_reference[dr.reference(one)] = one
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
        if answer := _graded(system, params):
            yield answer
            continue
        wrong, open_ = _holds(system, held.of.get(system.name, []))
        yield concluded(system, wrong, open_ + held.lost)


def _graded(one: Resource, params: Params) -> Looked | None:
    if open_ := unsure(one, "data_class"):
        return open_
    if (grade := one.get("data_class")) not in params["classes"]:
        return concluded(one, [(f"没有数据级别({grade})", f"has no class of data ({grade})")])
    return None


def _holds(holder: Resource, stores: list[Resource]) -> tuple[list[Words], list[Words]]:
    wrong: list[Words] = []
    open_words: list[Words] = []
    mine = ORDER.get(str(holder.get("data_class")))
    for store in sorted(stores, key=lambda one: (one.kind, one.name)):
        theirs = ORDER.get(str(store.get("data_class")))
        if mine is None or theirs is None:
            open_words.append((f"不能与 {store.name} 的级别比较", f"cannot be compared with the class of {store.name}"))
        elif theirs > mine:
            wrong.append(
                (
                    f"级别低于所含 {store.name} 的 {store.get('data_class')}",
                    f"is below {store.name}, which is {store.get('data_class')}",
                )
            )
    return wrong, open_words
