"""IAM-007: each account has one owner in one department, and keys for programs are renewed."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import day
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, listed, not_applicable, unknown
from policies.checks.told import absent, unread

CHECK = Check(
    id="IAM-007",
    title_zh="账户各有其主,访问密钥定期更换",
    title_en="Accounts have one owner, keys are renewed",
    clauses=("GB/T 22239-2019 8.1.4.2 c)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("iam.user", "iam.access_key"),
    fix_zh="给每个账户指定一个责任人,不跨单位共用;超期的访问密钥换新并停用旧的;不用的账户停用",
    fix_en="give each account one owner, share none over departments; renew keys that are too old; disable what is "
    "not used",
    assurance="partial",
    dated=True,
    params={"days": Param(90, "访问密钥最长使用天数", "most days of an access key", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an account and a key."""
    found = estate.kind(*CHECK.kinds)
    yield from absent(estate, found, "账户的记录", "record of accounts")
    for one in found:
        yield _user(one) if one.kind == "iam.user" else _key(one, params)


def _user(one: Resource) -> Looked:
    if one.get("enabled") is False:
        return not_applicable(one, "账户已停用", "the account is disabled")
    if open_ := unread(one, "owners", "bureaus"):
        return open_
    wrong: list[Words] = []
    owners, bureaus = set(one["owners"]), set(one["bureaus"])
    if len(owners) != 1:
        wrong.append((f"有 {len(owners)} 个责任人", f"has {len(owners)} owners"))
    if len(bureaus) > 1:
        wrong.append((f"由 {listed(bureaus)} 共用", f"is shared by {listed(bureaus)}"))
    return concluded(one, wrong)


def _key(one: Resource, params: Params) -> Looked:
    created = day(one.get("created"))
    if created is None:
        return unread(one, "created") or unknown(one, "created 不是日期", "created is no date")
    age = (params["today"] - created).days
    wrong: list[Words] = []
    if not 0 <= age <= params["days"]:
        wrong.append((f"已用 {age} 天,应为 0..{params['days']}", f"is {age} d old, wanted 0..{params['days']}"))
    return concluded(one, wrong)
