"""IAM-004: who administers shows two different factors, one of them cryptographic."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, texts, unknown, unsure

CHECK = Check(
    id="IAM-004",
    title_zh="管理员双因素鉴别",
    title_en="Two factors for those who administer",
    clauses=("GB/T 22239-2019 8.1.4.1 d)", "GB/T 39786-2021 8.3 a)", "GB/T 39786-2021 8.4 a)"),
    severity="high",
    severity_basis="multi-factor",
    scope="estate",
    kinds=("sec.bastion", "iam.idp"),
    fix_zh="为堡垒机和统一身份认证启用至少两种鉴别方式,其中一种基于密码技术(证书、UKey、FIDO)",
    fix_en="let the bastion and the identity provider ask for two factors, one of them cryptographic "
    "(certificate, UKey, FIDO)",
    params={
        "factors": Param(2, "鉴别方式个数下限", "fewest factors", least=1),
        "cryptographic": Param(
            ("certificate", "ukey", "fido", "fido2", "passkey", "smartcard", "sm2"), "密码技术类", "cryptographic ones"
        ),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a bastion and an identity provider."""
    found = estate.kind("sec.bastion", "iam.idp")
    if not found and estate.kind("gov.system"):
        yield unknown(
            None,
            "被检查的范围内没有堡垒机和身份服务",
            "there is neither a bastion nor an identity provider in what was judged",
        )
    for one in found:
        if open_ := unsure(one, "mfa"):
            yield open_
            continue
        factors = {str(word).strip().lower() for word in texts(one.get("mfa"))}
        wrong: list[Words] = []
        if len(factors) < params["factors"]:
            wrong.append((f"只有 {len(factors)} 种鉴别方式", f"asks for {len(factors)} factor(s)"))
        if not factors & set(params["cryptographic"]):
            wrong.append(("没有一种基于密码技术", "none of its factors is cryptographic"))
        yield concluded(one, wrong)
