"""CHG-003: of every asset it is written who answers for it, how important it is and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import Check, Looked, Mends, Param, Params, concluded, settled, unsure

CHECK = Check(
    id="CHG-003",
    title_zh="资产标明责任单位、重要程度和位置",
    title_en="Every asset names its owner, importance and place",
    clauses=("GB/T 22239-2019 8.1.10.2 a)", "GB/T 22239-2019 8.1.10.2 b)"),
    severity="low",
    severity_basis="project",
    scope="resource",
    kinds=("gov.system", "compute.host", "db.instance", "storage.bucket", "storage.volume", "net.lb"),
    fix_zh="补全 bureau、level、data_class、site;它们来自申请,不要手工填写",
    fix_en="complete bureau, level, data_class and site; they come from the request, never by hand",
    params={
        "graded": Param(
            ("gov.system", "db.instance", "storage.bucket", "storage.volume"), "还须写数据级别的类型", "kinds with data"
        )
    },
)
_NOWHERE = frozenset({"gov.system"})
"""a system as such has no place; its resources have"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an asset."""
    for one in estate.kind(*CHECK.kinds):
        fields = ["bureau", "level"] + (["data_class"] if one.kind in params["graded"] else [])
        if open_ := unsure(one, *fields, "site", "sites"):
            yield open_
            continue
        absent = [key for key in fields if one.get(key) in (None, "")]
        if one.kind not in _NOWHERE and not one.get("site") and not one.get("sites"):
            absent.append("site")
        words = ", ".join(absent)
        yield concluded(one, [(f"没有写 {words}", f"does not say {words}")] if absent else [])


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """What its system says; where that says nothing either, or the place is missing, nobody can say it here."""
    system = estate.named("gov.system", one.get("system"))
    fields = ["bureau", "level"] + (["data_class"] if one.kind in params["graded"] else [])
    absent = [key for key in fields if one.get(key) in (None, "")]
    if system is None or system.urn == one.urn or not (one.get("site") or one.get("sites")):
        return None
    told = {key: system.get(key) for key in absent}
    return mend(one, **told) if all(value not in (None, "") and settled(value) for value in told.values()) else None
