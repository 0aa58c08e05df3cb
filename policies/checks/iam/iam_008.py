"""IAM-008: system, security and audit administration are three duties, and nobody has two of them."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.iam import duties
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, failed, listed, not_applicable
from policies.checks.told import absent, unread

CHECK = Check(
    id="IAM-008",
    title_zh="管理职责三权分立",
    title_en="Three duties, never in one hand",
    clauses=("GB/T 22239-2019 8.1.4.2 d)", "GB/T 31168-2023 8.9"),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("iam.role", "iam.policy"),
    fix_zh="把系统、安全、审计三类角色分给不同岗位,权限逐项列出,不用通配符",
    fix_en="give the three duties to different posts and list actions one by one, without wildcards",
    params={"duties": Param(("system", "security", "audit"), "须分立的职责", "duties that must be apart")},
)


_EVERYTHING = ("*", "*:*")
_FIELDS = ("duty", "members", "actions")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a policy, a role, and one for the duties that nobody has."""
    for policy in estate.kind("iam.policy"):
        yield unread(policy, "effect", "actions", "resources") or _policy(policy)
    roles = estate.kind("iam.role")
    yield from absent(estate, roles, "管理角色", "administrator role")
    held, whole = duties(roles), True
    for role in roles:
        if open_ := unread(role, *_FIELDS):
            whole = False
            yield open_
            continue
        wrong: list[Words] = []
        if role["duty"] not in params["duties"]:
            wrong.append((f"职责“{role['duty']}”不在三类之中", f"duty '{role['duty']}' is none of the three"))
        if wide := [action for action in role["actions"] if action.strip() in _EVERYTHING]:
            wrong.append((f"权限是通配符 {listed(wide)}", f"its actions are everything: {listed(wide)}"))
        if not role["members"]:
            wrong.append(("没有成员", "has no members"))
        if both := [member for member in role["members"] if len(held[member]) > 1]:
            wrong.append((f"{listed(both)} 身兼数职", f"{listed(both)} has more than one duty"))
        yield concluded(role, wrong)
    gone = [duty for duty in params["duties"] if duty not in [role.get("duty") for role in roles]]
    if roles and whole and gone:
        yield failed(None, f"没有角色承担 {listed(gone)} 职责", f"no role has the duty {listed(gone)}")


def _policy(one: Resource) -> Looked:
    if one["effect"] == "deny":
        return not_applicable(one, "是禁止,不是授权", "it denies, it grants nothing")
    everything = all(any(word.strip() in _EVERYTHING for word in one[field]) for field in ("actions", "resources"))
    return concluded(one, [("对全部资源授予全部权限", "grants everything on everything")] if everything else ())
