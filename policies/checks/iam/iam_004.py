"""IAM-004: who administers shows two different factors, one of them cryptographic."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, not_applicable
from policies.checks.told import absent, unread

CHECK = Check(
    id="IAM-004",
    title_zh="管理员双因素鉴别",
    title_en="Two factors for those who administer",
    clauses=("GB/T 22239-2019 8.1.4.1 d)", "GB/T 39786-2021 8.3 a)", "GB/T 39786-2021 8.4 a)"),
    severity="high",
    severity_basis="multi-factor",
    scope="estate",
    kinds=("sec.bastion", "iam.idp", "iam.user"),
    fix_zh="为堡垒机、统一身份认证和能登录控制台的账户启用至少两种鉴别方式,其中一种基于密码技术(证书、UKey、FIDO)",
    fix_en="let the bastion, the identity provider and accounts of the console ask for two factors, one of them cryptographic "
    "(certificate, UKey, FIDO)",
    params={
        "factors": Param(2, "鉴别方式个数下限", "fewest factors", least=1),
        "cryptographic": Param(
            ("certificate", "ukey", "fido", "fido2", "passkey", "smartcard", "sm2"), "密码技术类", "cryptographic ones"
        ),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a bastion, an identity provider and an account."""
    doors = estate.kind("sec.bastion", "iam.idp")
    yield from absent(estate, doors, "堡垒机和身份服务", "bastion or identity provider")
    for one in (*doors, *estate.kind("iam.user")):
        if one.get("enabled") is False:
            yield not_applicable(one, "账户已停用", "the account is disabled")
        elif one.kind == "iam.user" and one.get("console") is False and one.get("administrator") is False:
            yield not_applicable(one, "不登录控制台,也不是管理员", "neither logs in to the console nor administers")
        else:
            yield unread(one, "mfa") or _factors(one, params)


def _factors(one: Resource, params: Params) -> Looked:
    factors = {word.strip().lower() for word in one["mfa"]}
    wrong: list[Words] = []
    if len(factors) < params["factors"]:
        wrong.append((f"只有 {len(factors)} 种鉴别方式", f"asks for {len(factors)} factor(s)"))
    if not factors & set(params["cryptographic"]):
        wrong.append(("没有一种基于密码技术", "none of its factors is cryptographic"))
    return concluded(one, wrong)
