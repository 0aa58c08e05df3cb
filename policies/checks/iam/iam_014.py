"""IAM-014: whoever administers the cloud platform, and the platform, prove to each other who they are."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, below, concluded
from policies.checks.told import absent, follow, unread

CHECK = Check(
    id="IAM-014",
    title_zh="云平台管理端双向验证",
    title_en="Platform and administrator prove themselves to each other",
    clauses=("GB/T 22239-2019 8.2.4.1",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("net.management_endpoint", "sec.certificate"),
    fix_zh="管理接口只用 TLS/TLCP,要求客户端证书,并写明自己的服务器证书",
    fix_en="serve the endpoint over TLS or TLCP, ask for client certificates and name its own certificate",
    params={"protocols": Param(("https", "tls", "tlcp"), "能双向验证的协议", "protocols that prove both sides")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an endpoint of administration."""
    found = estate.kind("net.management_endpoint")
    yield from absent(estate, found, "云平台管理接口的记录", "record of the platform's endpoints")
    for one in found:
        yield below(one, 3) or unread(one, "protocol", "client_certificates") or _mutual(estate, one, params)


def _mutual(estate: Estate, one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    open_: list[Words] = []
    if one["protocol"].lower() not in params["protocols"]:
        wrong.append((f"使用 {one['protocol']}", f"speaks {one['protocol']}"))
    if not one["client_certificates"]:
        wrong.append(("不要求客户端证书", "asks for no client certificate"))
    if one.get("certificate") == "":
        wrong.append(("没有服务器证书", "has no certificate of its own"))
    else:
        open_ += follow(estate, one, "certificate", "sec.certificate")[1]
    return concluded(one, wrong, open_)
