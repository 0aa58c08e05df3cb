"""ZT-006: enforcement and decision speak over a channel on which both prove who they are, with keys of the city."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded
from policies.checks.told import absent, follow, unread

CHECK = Check(
    id="ZT-006",
    title_zh="执行与判决之间双向认证加密",
    title_en="Enforcement and decision prove themselves to one another",
    clauses=("GB/T 43696-2024 7.5",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("zt.pep", "zt.pdp", "kms.key", "sec.certificate"),
    fix_zh="执行与判决之间用双向 TLS 或 TLCP,证书和密钥来自统一密码服务",
    fix_en="mutual TLS or TLCP between enforcement and decision, with certificate and key of the cryptographic service",
    params={"channels": Param(("mtls", "tlcp"), "认可的通道", "accepted channels")},
)
_REFERENCES = (
    ("decides", "zt.pdp", "没有写判决组件", "names no decision point"),
    ("certificate", "sec.certificate", "没有证书", "has no certificate"),
    ("key", "kms.key", "密钥不来自密码服务", "has no key of the cryptographic service"),
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an enforcement point."""
    found = estate.kind("zt.pep")
    yield from absent(estate, found, "策略执行组件", "policy enforcement point")
    for one in found:
        yield unread(one, "channel", "decides", "certificate", "key") or _channel(estate, one, params)


def _channel(estate: Estate, one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    open_words: list[Words] = []
    if one["channel"] not in params["channels"]:
        wrong.append((f"通道是“{one['channel']}”", f"its channel is '{one['channel']}'"))
    for field, kind, zh, en in _REFERENCES:
        if one[field]:
            open_words += follow(estate, one, field, kind)[1]
        else:
            wrong.append((zh, en))
    return concluded(one, wrong, open_words)
