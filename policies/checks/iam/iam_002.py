"""IAM-002: failed logins lock the account, idle sessions end."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import limited
from policies.checks.shape import Check, Looked, Mends, Param, Params, Words, concluded, listed, unknown
from policies.checks.told import Limit, absent, outside, unread

CHECK = Check(
    id="IAM-002",
    title_zh="登录失败锁定与空闲退出",
    title_en="Failed logins lock, idle sessions end",
    clauses=("GB/T 22239-2019 8.1.4.1 b)", "GB/T 31168-2023 8.10", "GB/T 31168-2023 8.14"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("iam.password_policy", "sec.bastion", "iam.settings", "host.pam", "host.sshd"),
    fix_zh="设置锁定次数、锁定时长和空闲退出时间;零表示不启用,不可接受",
    fix_en="set tries, minutes of lock and idle minutes; zero means off and will not do",
    params={
        "tries": Param(5, "锁定前的失败次数上限", "most failures before the lock", least=1),
        "lock": Param(10, "锁定分钟数下限", "fewest minutes of lock", least=1),
        "idle": Param(30, "空闲退出分钟数上限", "most idle minutes", least=1),
    },
)


_LOCK = ("lockout_tries", "lockout_minutes", "idle_minutes")
_SSHD = ("maxauthtries", "clientaliveinterval", "clientalivecountmax")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a policy, a bastion, a console and a host's PAM and SSH server."""
    locking = estate.kind("iam.password_policy", "sec.bastion", "host.pam")
    yield from absent(estate, locking, "口令策略和堡垒机", "password policy or bastion")
    limits = _limits(params)
    for one in locking:
        yield unread(one, *_LOCK) or concluded(one, outside(one, limits))
    for one in estate.kind("iam.settings"):
        yield unread(one, "idle_minutes") or concluded(one, outside(one, limits[-1:]))
    for one in estate.kind("host.sshd"):
        yield unread(one, "settings") or _sshd(one, params)


def _sshd(one: Resource, params: Params) -> Looked:
    words = [str(one["settings"].get(key, "")) for key in _SSHD]
    if not all(map(str.isdecimal, words)):
        return unknown(one, f"没有记录 {listed(_SSHD)}", f"not all of {listed(_SSHD)} are recorded")
    tries, interval, count = map(int, words)
    seconds = interval * count  # zero of either means: never
    wrong: list[Words] = []
    if not 0 < tries <= params["tries"]:
        wrong.append((f"一次连接可试 {tries} 次", f"{tries} tries a connection"))
    if not 0 < seconds <= 60 * params["idle"]:
        wrong.append((f"没有应答的会话 {seconds} 秒后才断", f"sessions without an answer end after {seconds} s"))
    return concluded(one, wrong)


def _limits(params: Params) -> tuple[Limit, ...]:
    """The last is of idle sessions: a console has no other."""
    return (
        Limit("lockout_tries", "锁定前的失败次数", "failures before the lock", 1, params["tries"]),
        Limit("lockout_minutes", "锁定分钟数", "minutes of lock", params["lock"]),
        Limit("idle_minutes", "空闲退出分钟数", "idle minutes", 1, params["idle"]),
    )


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The numbers at the parameters; what PAM and the SSH server of a host do was seen there and is mended there."""
    del estate
    limits = _limits(params)
    if one.kind == "iam.settings":
        return limited(one, limits[-1:])
    return limited(one, limits) if one.kind in ("iam.password_policy", "sec.bastion") else None
