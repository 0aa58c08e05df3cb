"""DAT-001: what lies on disks, in buckets, databases and backups is encrypted with a key that exists."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Param,
    Params,
    failed,
    missing,
    not_applicable,
    passed,
    unknown,
    unsure,
)
from policies.checks.told import garbled

CHECK = Check(
    id="DAT-001",
    title_zh="存储加密",
    title_en="Data at rest is encrypted",
    clauses=("GB/T 22239-2019 8.1.4.8 b)", "GB/T 39786-2021 8.4 存储机密性"),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("storage.bucket", "storage.volume", "db.instance", "dr.backup_plan"),
    fix_zh="指定 encryption_key,引用用途为加密的 kms.key",
    fix_en="name an encryption_key: a kms.key whose usage is to encrypt",
    params={
        "level": Param(3, "自该等级起要求;重要和核心数据一律要求", "from this level on; important data always", least=1)
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a store and a backup plan. General data of lower levels is not concerned."""
    for one in estate.kind(*CHECK.kinds):
        if open_ := garbled(one, "encryption_key", "level", "data_class"):
            yield open_
            continue
        level = one.get("level")
        light = level is not None and level < params["level"] and one.get("data_class") in (None, "general")
        name = one.get("encryption_key")
        if light and not name:
            yield not_applicable(
                one, f"第 {int(level or 0)} 级系统的一般数据", f"general data of a system of level {int(level or 0)}"
            )
        elif not name:
            yield failed(one, "没有指定加密密钥", "names no encryption key")
        elif (key := estate.named("kms.key", name)) is None:
            yield unknown(one, *missing(one, "kms.key", name))
        elif unsure(key, "usage"):
            yield unknown(one, f"密钥 {name} 的用途尚未确定", f"the usage of key {name} is not known yet")
        elif key.get("usage") != "encrypt":
            yield failed(one, f"密钥 {name} 的用途不是加密", f"key {name} is not one to encrypt with")
        else:
            yield passed(one)


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The key of its own system, where that has just one to encrypt with."""
    del params
    keys = [
        key for key in estate.kind("kms.key")
        if one.get("system") and key.get("system") == one["system"] and key.get("usage") == "encrypt"
        and key.get("pending_deletion") is not True
    ]  # fmt: skip
    return mend(one, encryption_key=keys[0].name) if len(keys) == 1 and not one.get("encryption_key") else None
