"""CRY-004: rules of access to applications are signed, and whoever enforces them checks the signature."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Params, below, concluded
from policies.checks.told import absent, unread

CHECK = Check(
    id="CRY-004",
    title_zh="应用访问控制策略签名并校验",
    title_en="Rules of access to applications are signed and checked",
    clauses=("GB/T 39786-2021 8.4 b)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("zt.policy",),
    fix_zh="策略发布前签名(signed),执行点加载时校验(verified)",
    fix_en="sign rules before they are published (signed) and let enforcement check them (verified)",
    assurance="partial",
)
_WANTED = (("signed", "没有签名", "is not signed"), ("verified", "执行时不校验签名", "is enforced unchecked"))


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a rule of level 3 and above."""
    del params
    found = estate.kind("zt.policy")
    yield from absent(estate, found, "访问策略的记录", "record of rules of access")
    for one in found:
        yield (
            below(one, 3)
            or unread(one, "signed", "verified")
            or concluded(one, [(zh, en) for field, zh, en in _WANTED if not one[field]])
        )
