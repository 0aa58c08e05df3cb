"""IAM-001: passwords are long, mixed, changed and not repeated."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, unknown, unsure

CHECK = Check(
    id="IAM-001",
    title_zh="口令复杂度与更换周期",
    title_en="Passwords are strong and changed",
    clauses=("GB/T 22239-2019 8.1.4.1 a)",),
    severity="high",
    severity_basis="weak-passwords",
    scope="estate",
    kinds=("iam.password_policy",),
    fix_zh="按参数提高口令策略(city-trust 层的 iam.password_policy)",
    fix_en="raise the password policy (iam.password_policy of the city-trust layer) to the parameters",
    params={
        "length": Param(8, "最短长度", "shortest length", least=8),
        "classes": Param(3, "字符种类下限", "fewest classes of characters", least=1, most=4),
        "age": Param(90, "最长使用天数", "most days of use", least=1),
        "history": Param(5, "不得重复的历史口令数", "former passwords that may not return", least=0),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a policy; without one, where there are systems, nothing can be concluded."""
    policies = estate.kind("iam.password_policy")
    if not policies and estate.kind("gov.system"):
        yield unknown(None, "被检查的范围内没有口令策略", "there is no password policy in what was judged")
    for one in policies:
        if open_ := unsure(one, "min_length", "min_classes", "max_age_days", "history"):
            yield open_
            continue
        length, classes = one.get("min_length") or 0, one.get("min_classes") or 0
        age, history = one.get("max_age_days") or 0, one.get("history") or 0
        wrong: list[Words] = []
        if length < params["length"]:
            wrong.append(
                (f"最短长度 {length:g},应不少于 {params['length']}", f"length {length:g} < {params['length']}")
            )
        if classes < params["classes"]:
            wrong.append(
                (f"字符种类 {classes:g},应不少于 {params['classes']}", f"classes {classes:g} < {params['classes']}")
            )
        if not 0 < age <= params["age"]:
            wrong.append(
                (f"使用期 {age:g} 天,应在 1 到 {params['age']} 天", f"age {age:g} d, wanted 1..{params['age']}")
            )
        if history < params["history"]:
            wrong.append(
                (f"历史 {history:g} 个,应不少于 {params['history']}", f"history {history:g} < {params['history']}")
            )
        yield concluded(one, wrong)
