"""CHG-005: data and keys are not deleted by one slip of the hand."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend, switched
from policies.checks.shape import Check, Looked, Mends, Param, Params, Words, concluded
from policies.checks.told import unread

CHECK = Check(
    id="CHG-005",
    title_zh="数据和密钥有删除保护",
    title_en="Data and keys are protected from deletion",
    clauses=("GB/T 22239-2019 8.1.4.9 a)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("db.instance", "storage.bucket", "storage.volume", "kms.key"),
    fix_zh="数据库、存储桶、卷打开 deletion_protection;密钥的删除等待期加长,撤销待删除",
    fix_en="switch deletion_protection of databases, buckets and volumes on; let keys wait longer before they go, and "
    "cancel pending deletions",
    assurance="partial",
    params={"window": Param(7, "密钥删除等待天数下限", "fewest days before a key goes", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a database, bucket, volume and key."""
    for one in estate.kind("db.instance", "storage.bucket", "storage.volume"):
        yield unread(one, "deletion_protection") or concluded(
            one, [] if one["deletion_protection"] else [("没有删除保护", "is not protected from deletion")]
        )
    for key in estate.kind("kms.key"):
        yield unread(key, "pending_deletion", "deletion_window_days") or _key(key, params)


def _key(key: Resource, params: Params) -> Looked:
    wrong: list[Words] = [("正在等待删除", "is about to be deleted")] if key["pending_deletion"] else []
    days = key["deletion_window_days"]
    if days < params["window"]:
        wrong.append((f"删除等待 {days:g} 天,下限 {params['window']}", f"waits {days:g} d < {params['window']}"))
    return concluded(key, wrong)


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The switch, or the days of a key; a key that is about to be deleted is somebody's decision."""
    del estate
    if one.kind != "kms.key":
        return switched(one, "deletion_protection")
    return None if one["pending_deletion"] else mend(one, deletion_window_days=params["window"])
