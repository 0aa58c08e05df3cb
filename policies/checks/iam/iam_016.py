"""IAM-016: remote access is encrypted, approved, and ends on a day that was set beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import day
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, not_applicable
from policies.checks.told import unread

CHECK = Check(
    id="IAM-016",
    title_zh="远程访问经审批且到期收回",
    title_en="Remote access is approved and ends",
    clauses=("GB/T 31168-2023 8.17",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("net.vpn",),
    fix_zh="远程访问只走加密的 VPN 或零信任网关,写明审批号和到期日;过期的关闭或重新审批",
    fix_en="let remote access in by an encrypted VPN or zero-trust gateway, with the number of its approval and the day "
    "it ends; close what has ended or have it approved anew",
    dated=True,
    params={
        "purposes": Param(("remote-access", "remote-operations"), "远程访问的用途", "purposes that are remote access"),
        "clear": Param(("", "none", "null"), "等于不加密的写法", "words for no encryption"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a VPN gateway."""
    for one in estate.kind("net.vpn"):
        if open_ := unread(one, "purpose"):
            yield open_
        elif one["purpose"] not in params["purposes"]:
            yield not_applicable(one, "不是远程访问", "is not for remote access")
        else:
            yield unread(one, "encryption", "approval", "expires") or _access(one, params)


def _access(one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    ends = day(one["expires"])
    if one["encryption"].lower() in params["clear"]:
        wrong.append(("没有加密", "is not encrypted"))
    if not one["approval"].strip():
        wrong.append(("没有审批号", "has no number of an approval"))
    if ends is None:
        wrong.append(("没有到期日", "has no day on which it ends"))
    elif ends < params["today"]:
        wrong.append((f"已于 {ends} 到期", f"ended on {ends}"))
    return concluded(one, wrong)
