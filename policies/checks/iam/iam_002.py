"""IAM-002: failed logins lock the account, idle sessions end."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, unknown, unsure

CHECK = Check(
    id="IAM-002",
    title_zh="登录失败锁定与空闲退出",
    title_en="Failed logins lock, idle sessions end",
    clauses=("GB/T 22239-2019 8.1.4.1 b)", "GB/T 31168-2023 8.10", "GB/T 31168-2023 8.14"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("iam.password_policy", "sec.bastion"),
    fix_zh="设置锁定次数、锁定时长和空闲退出时间;零表示不启用,不可接受",
    fix_en="set tries, minutes of lock and idle minutes; zero means off and will not do",
    assurance="partial",
    params={
        "tries": Param(5, "锁定前的失败次数上限", "most failures before the lock", least=1),
        "lock": Param(10, "锁定分钟数下限", "fewest minutes of lock", least=1),
        "idle": Param(30, "空闲退出分钟数上限", "most idle minutes", least=1),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a policy and a bastion."""
    found = estate.kind("iam.password_policy", "sec.bastion")
    if not found and estate.kind("gov.system"):
        yield unknown(
            None,
            "被检查的范围内没有口令策略和堡垒机",
            "there is neither a password policy nor a bastion in what was judged",
        )
    for one in found:
        if open_ := unsure(one, "lockout_tries", "lockout_minutes", "idle_minutes"):
            yield open_
            continue
        tries, lock, idle = (one.get(key) or 0 for key in ("lockout_tries", "lockout_minutes", "idle_minutes"))
        wrong: list[Words] = []
        if not 0 < tries <= params["tries"]:
            wrong.append(
                (
                    f"失败 {tries:g} 次锁定,应在 1 到 {params['tries']} 次",
                    f"locks after {tries:g}, wanted 1..{params['tries']}",
                )
            )
        if lock < params["lock"]:
            wrong.append(
                (f"锁定 {lock:g} 分钟,应不少于 {params['lock']}", f"locks for {lock:g} min < {params['lock']}")
            )
        if not 0 < idle <= params["idle"]:
            wrong.append(
                (
                    f"空闲 {idle:g} 分钟退出,应在 1 到 {params['idle']} 分钟",
                    f"idle {idle:g} min, wanted 1..{params['idle']}",
                )
            )
        yield concluded(one, wrong)
