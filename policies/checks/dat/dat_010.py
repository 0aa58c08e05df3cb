"""DAT-010: important and core data has all four: its own zone, national encryption, audit, a backup elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.references import thing
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    Words,
    concluded,
    not_applicable,
)
from policies.checks.told import unread
from policies.checks.wants import Want, among, true, unfound, weighed

CHECK = Check(
    id="DAT-010",
    title_zh="重要和核心数据的四项保护",
    title_en="Four protections of important and core data",
    clauses=("GB/T 43697-2024 附录 G",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("db.instance", "storage.bucket", "kms.key", "dr.backup_plan"),
    fix_zh="放在专用网络区,用 SM4 密钥加密,打开审计(存储桶为 access_log),备份到别的站点",
    fix_en="keep it in the dedicated zone under an SM4 key, switch on audit (access_log of a bucket), back it up elsewhere",
    assurance="partial",
    params={
        "classes": Param(("important", "core"), "须四项齐全的数据级别", "classes that need all four"),
        "zones": Param(("dedicated",), "专用的区", "zones of one unit's own"),
        "national": Param(("SM4",), "国密算法", "national algorithms"),
    },
)
_AUDIT = {
    "db.instance": Want("audit", true, "没有审计", "has no audit"),
    "storage.bucket": Want("access_log", bool, "没有访问记录", "does not record who reads it", blank=True),
}
_KEY = Want("encryption_key", bool, "没有加密", "is not encrypted", blank=True)
_NOT_AWAY = ("没有备份到别的站点", "is not backed up at another site")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a database and a bucket."""
    plans, hidden = dr.by_subject(estate, "dr.backup_plan")
    copies = dr.holding(estate)
    zone = Want("zone", among(*params["zones"]), "在 {} 区,不是专用的区", "is in zone {}, which is shared")
    for kind, audit in _AUDIT.items():
        for one in estate.kind(kind):
            if answer := _spared(one, params):
                yield answer
                continue
            wrong, open_ = weighed(one, (zone, audit))
            bad, unclear = _encrypted(estate, one, params)
            if kind == "db.instance" or one.name not in copies:
                rows = ((plan, ()) for plan in plans.get(dr.reference(one), []))
                more, vague = dr.away(one, rows, hidden, _NOT_AWAY)
                bad, unclear = bad + more, unclear + vague
            yield concluded(one, wrong + bad, open_ + unclear)


def _spared(one: Resource, params: Params) -> Looked | None:
    if hidden := unread(one, "data_class"):
        return hidden
    if (grade := one["data_class"]) not in params["classes"]:
        return not_applicable(one, f"数据级别是 {grade}", f"its data is {grade}")
    return None


def _encrypted(estate: Estate, one: Resource, params: Params) -> tuple[list[Words], list[Words]]:
    key = thing(estate, f"kms.key/{one.get('encryption_key')}")
    if key is None:
        wrong, open_ = weighed(one, (_KEY,))
        return wrong, open_ + unfound(estate, one, "encryption_key", "kms.key")
    spec = Want("spec", among(*params["national"]), "密钥算法 {} 不是国密", "its key is {}, not a national algorithm")
    return weighed(key, (spec,))
