"""ZT-007: what no rule allows is denied, and what was allowed is looked at again and again."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import Check, Looked, Mends, Param, Params, Words, concluded
from policies.checks.told import absent, unread

CHECK = Check(
    id="ZT-007",
    title_zh="默认拒绝、持续验证",
    title_en="Denied by default, verified all the time",
    clauses=("liangzhu 零信任默认拒绝",),
    severity="high",
    severity_basis="project",
    scope="resource",
    kinds=("zt.policy",),
    fix_zh="默认动作设为 deny,缩短会话时长和重新评估间隔;零表示不限,不可接受",
    fix_en="let the default be deny and shorten sessions and the time between evaluations; zero means no limit and will "
    "not do",
    params={
        "hours": Param(8, "会话时长上限(小时)", "most hours of a session", least=1),
        "minutes": Param(15, "重新评估间隔上限(分钟)", "most minutes between evaluations", least=1),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a rule."""
    found = estate.kind("zt.policy")
    yield from absent(estate, found, "访问策略的记录", "record of rules of access")
    for one in found:
        yield unread(one, "default", "session_hours", "reevaluate_minutes") or _strict(one, params)


def _strict(one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    if one["default"] != "deny":
        wrong.append((f"默认动作是“{one['default']}”", f"its default is '{one['default']}'"))
    for field, most, zh, en in (
        ("session_hours", params["hours"], "会话小时数", "hours of a session"),
        ("reevaluate_minutes", params["minutes"], "重新评估间隔分钟数", "minutes between evaluations"),
    ):
        if not 0 < one[field] <= most:
            wrong.append((f"{zh}为 {one[field]:g},上限 {most}", f"{en}: {one[field]:g}, at most {most}"))
    return concluded(one, wrong)


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """Denied by default, and the times at their limits."""
    del estate
    times = {
        field: one[field] if 0 < one[field] <= most else most
        for field, most in (("session_hours", params["hours"]), ("reevaluate_minutes", params["minutes"]))
    }
    return mend(one, default="deny", **times)
