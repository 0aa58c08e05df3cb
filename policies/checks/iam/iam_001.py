"""IAM-001: passwords are long, mixed, changed and not repeated."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import limited
from policies.checks.shape import Check, Looked, Mends, Param, Params, concluded
from policies.checks.told import Limit, absent, outside, unread

CHECK = Check(
    id="IAM-001",
    title_zh="口令复杂度与更换周期",
    title_en="Passwords are strong and changed",
    clauses=("GB/T 22239-2019 8.1.4.1 a)",),
    severity="high",
    severity_basis="weak-passwords",
    scope="estate",
    kinds=("iam.password_policy", "host.pam"),
    fix_zh="按参数提高口令策略(city-trust 层的 iam.password_policy)和主机的 PAM 设置",
    fix_en="raise the password policy (iam.password_policy of the city-trust layer) and PAM on the host to the "
    "parameters",
    params={
        "length": Param(8, "最短长度", "shortest length", least=8),
        "classes": Param(3, "字符种类下限", "fewest classes of characters", least=1, most=4),
        "age": Param(90, "最长使用天数", "most days of use", least=1),
        "history": Param(5, "不得重复的历史口令数", "former passwords that may not return", least=0),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a policy and a host's PAM; without a policy, where there are systems, nothing can be concluded."""
    yield from absent(estate, estate.kind("iam.password_policy"), "口令策略", "password policy")
    limits = _limits(params)
    for one in estate.kind(*CHECK.kinds):
        yield unread(one, *(limit.field for limit in limits)) or concluded(one, outside(one, limits))


def _limits(params: Params) -> tuple[Limit, ...]:
    return (
        Limit("min_length", "最短长度", "length", params["length"]),
        Limit("min_classes", "字符种类", "classes of characters", params["classes"]),
        Limit("max_age_days", "使用天数", "days of use", 1, params["age"]),
        Limit("history", "历史个数", "former passwords", params["history"]),
    )


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The policy at the parameters; what a host's PAM does was seen on the host and is mended there."""
    del estate
    return limited(one, _limits(params)) if one.kind == "iam.password_policy" else None
