"""IAM-008: system, security and audit administration are three duties, and nobody has two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, failed, listed, texts, unknown, unsure

CHECK = Check(
    id="IAM-008",
    title_zh="管理职责三权分立",
    title_en="Three duties, never in one hand",
    clauses=("GB/T 22239-2019 8.1.4.2 d)", "GB/T 31168-2023 8.9"),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("iam.role",),
    fix_zh="把系统、安全、审计三类角色分给不同岗位,权限逐项列出,不用通配符",
    fix_en="give the three duties to different posts and list actions one by one, without wildcards",
    params={"duties": Param(("system", "security", "audit"), "须分立的职责", "duties that must be apart")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a role, and one for each duty that nobody has."""
    roles = estate.kind("iam.role")
    if not roles and estate.kind("gov.system"):
        yield unknown(None, "被检查的范围内没有管理角色", "there are no administrator roles in what was judged")
    readable = [role for role in roles if unsure(role, "duty", "members", "actions") is None]
    duties: dict[str, set[str]] = defaultdict(set)
    for role in readable:
        for member in texts(role.get("members")):
            duties[member].add(str(role.get("duty")))
    for role in roles:
        if open_ := unsure(role, "duty", "members", "actions"):
            yield open_
            continue
        wrong: list[Words] = []
        if role.get("duty") not in params["duties"]:
            wrong.append((f"职责“{role.get('duty')}”不在三类之中", f"duty '{role.get('duty')}' is none of the three"))
        if wide := [action for action in texts(role.get("actions")) if action.strip() in ("*", "*:*")]:
            wrong.append((f"权限是通配符 {listed(wide)}", f"its actions are everything: {listed(wide)}"))
        if not texts(role.get("members")):
            wrong.append(("没有成员", "has no members"))
        if both := [member for member in texts(role.get("members")) if len(duties[member]) > 1]:
            wrong.append((f"{listed(both)} 身兼数职", f"{listed(both)} has more than one duty"))
        yield concluded(role, wrong)
    if roles and len(readable) == len(roles):
        held = {role.get("duty") for role in readable}
        for duty in params["duties"]:
            if duty not in held:
                yield failed(None, f"没有角色承担“{duty}”职责", f"no role has the duty '{duty}'")
