"""IAM-010: what is important is marked with its level and class, and who may reach it is decided by the marks."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import (
    ORDER,
    Check,
    Looked,
    Param,
    Params,
    Words,
    below,
    concluded,
    failed,
    not_applicable,
    passed,
    unknown,
    unsure,
)
from policies.checks.told import absent, given, naming, unread, why

CHECK = Check(
    id="IAM-010",
    title_zh="重要主体和客体有安全标记",
    title_en="What is important is marked, and rights follow the marks",
    clauses=("GB/T 22239-2019 8.1.4.2 g)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("iam.role", "db.instance", "storage.bucket", "iam.policy"),
    fix_zh="给重要数据资源写上等级和数据级别,给管理角色写上等级;访问策略的条件里写 sec_level 或 data_class",
    fix_en="write level and class on important data, the level on administrators' roles, and let policies look at "
    "sec_level or data_class",
    assurance="partial",
    params={"marks": Param(("sec_level", "data_class"), "条件中的标记", "marks that a condition looks at")},
)
_OBJECTS = ("db.instance", "storage.bucket")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an administrators' role and a store of data."""
    found = estate.kind("iam.role", *_OBJECTS)
    yield from absent(estate, found, "管理角色和数据资源", "administrators' role or store of data")
    for one in found:
        if open_ := unsure(one, "level", "data_class", "system"):
            yield open_
        elif one.kind == "iam.role":
            marked = given(one, "level")
            yield passed(one) if marked else failed(one, "没有写等级", "carries no level")
        else:
            yield _object(estate, one, params)


def _object(estate: Estate, one: Resource, params: Params) -> Looked:
    own = one.get("data_class")
    system = estate.named("gov.system", str(one.get("system")))
    inherited = system.get("data_class") if system else None
    graded = own or inherited
    if not isinstance(graded, str) or graded not in ORDER:  # a value that is hidden or not known yet is none of them
        return unknown(one, "没有记录数据级别", "its data class is not recorded")
    if not ORDER.get(graded):
        return not_applicable(one, "不是重要数据", "its data are not important")
    wrong: list[Words] = []
    open_: list[Words] = []
    if not own:
        wrong.append(("没有写数据级别", "carries no data class"))
    if one.get("level") is None:
        wrong.append(("没有写等级", "carries no level"))
    policies, untold = naming(estate, one, "resources", "iam.policy")
    open_ += untold
    for policy in policies:
        if hidden := unread(policy, "effect", "conditions"):
            open_.append(why(policy, hidden))
        elif policy["effect"] != "deny" and not set(policy["conditions"]).intersection(params["marks"]):
            wrong.append((f"策略 {policy.name} 不看标记", f"policy {policy.name} looks at no mark"))
    if not policies:
        open_.append(("没有看到针对它的访问策略", "no access policy names it"))
    return below(one, 3) or concluded(one, wrong, open_)
