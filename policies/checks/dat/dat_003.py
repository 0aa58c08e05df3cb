"""DAT-003: a tenant's data is encrypted with the tenant's own key."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import thing
from policies.checks.shape import (
    Check,
    Looked,
    Params,
    below,
    failed,
    missing,
    not_applicable,
    passed,
    unknown,
    unsure,
)

CHECK = Check(
    id="DAT-003",
    title_zh="租户数据用租户自己的密钥",
    title_en="A tenant's data has the tenant's own key",
    clauses=("GB/T 22239-2019 8.2.4.5 d)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("storage.bucket", "storage.volume", "db.instance", "kms.key"),
    fix_zh="给系统建自己的 kms.key(bureau 为责任单位),数据资源的 encryption_key 指向它",
    fix_en="make a kms.key of the system's own (bureau: its unit) and let encryption_key of the data name it",
)
_STORES = ("storage.bucket", "storage.volume", "db.instance")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a store of level 3 or above."""
    del params
    for one in estate.kind(*_STORES):
        yield below(one, 3) or unsure(one, "encryption_key", "bureau", "system") or _keyed(estate, one)


def _keyed(estate: Estate, one: Resource) -> Looked:
    name, tenant = one.get("encryption_key"), one.get("bureau")
    if not name:
        return failed(one, "没有指定密钥", "names no key")
    key = thing(estate, f"kms.key/{name}")
    if key is None:
        return unknown(one, *missing(one, "kms.key", name))
    if open_ := unsure(key, "bureau"):
        return unknown(one, f"密钥 {name}:{open_.zh}", f"key {name}: {open_.en}")
    owner = key.get("bureau")
    if owner == "provider":  # a cloud's service made it for itself: nobody else has it, whoever the tenant is
        return failed(one, f"密钥 {name} 是云服务自己的", f"key {name} is the cloud service's own")
    if not owner and not one.get("system"):
        return not_applicable(
            one, "平台自用的数据,用平台的密钥", "the platform's own data, under the platform's own key"
        )
    if not tenant:
        return unknown(one, "没有记录它属于哪个单位", "it is not recorded whose it is")
    if owner != tenant:
        return failed(one, f"密钥 {name} 不归 {tenant}", f"key {name} is not {tenant}'s")
    return passed(one)
