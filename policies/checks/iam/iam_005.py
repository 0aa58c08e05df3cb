"""IAM-005: whoever has a right has an account: nothing is granted to everybody or to nobody in particular."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Param,
    Params,
    Words,
    concluded,
    failed,
    listed,
    not_applicable,
    passed,
)
from policies.checks.told import unread

CHECK = Check(
    id="IAM-005",
    title_zh="权限只授予有账户的主体",
    title_en="Rights go to accounts, never to everybody",
    clauses=("GB/T 22239-2019 8.1.4.2 a)",),
    severity="high",
    severity_basis="project",
    scope="resource",
    kinds=("storage.bucket", "storage.bucket_policy", "iam.policy", "k8s.role_binding"),
    fix_zh="把授权主体改成具体的用户或角色;对象存储不公开;Kubernetes 不绑定匿名组",
    fix_en="name users or roles as principals; make no bucket public; bind no anonymous group in Kubernetes",
    params={
        "anonymous": Param(
            ("anonymous", "everyone", "public", "allusers", "allauthenticatedusers", "system:anonymous",
             "system:unauthenticated", "system:authenticated"),
            "匿名或任何人", "anonymous or anybody",
        ),
        "roles": Param(
            ("system:public-info-viewer", "system:basic-user", "system:discovery"),
            "Kubernetes 自带、只能看版本和自己权限的角色", "roles of Kubernetes that only show its version and one's own rights",
        ),
    },
)  # fmt: skip
_PRINCIPALS = {"storage.bucket_policy": "principals", "iam.policy": "principals", "k8s.role_binding": "subjects"}


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a bucket, a policy and a binding."""
    for one in estate.kind(*CHECK.kinds):
        if one.kind == "storage.bucket":
            yield unread(one, "public") or _bucket(one)
        elif open_ := unread(one, _PRINCIPALS[one.kind], *(["effect"] if one.kind == "iam.policy" else [])):
            yield open_
        elif one.get("effect") == "deny":
            yield not_applicable(one, "是禁止,不是授权", "it denies, it grants nothing")
        elif one.kind == "k8s.role_binding" and one.get("role") in params["roles"]:
            yield not_applicable(one, "自带角色,只能看版本和自己的权限", "a built-in role that shows next to nothing")
        else:
            yield _granted(one, params)


def _bucket(one: Resource) -> Looked:
    return failed(one, "对任何人公开", "is open to everybody") if one["public"] else passed(one)


def _granted(one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    names = one[_PRINCIPALS[one.kind]]
    if wide := [name for name in names if name.endswith("*") or name.lower() in params["anonymous"]]:
        wrong.append((f"授权给了任何人:{listed(wide)}", f"grants to anybody: {listed(wide)}"))
    return concluded(one, wrong)


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """A bucket is closed; whom a policy should name instead of everybody is for people to say."""
    del estate, params
    return switched(one, "public", on=False) if one.kind == "storage.bucket" else None
