"""NET-006: what crosses a zone is encrypted, by a version that holds; from level 3 on with the national algorithms."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.records import Findings, graded, listing, untold
from policies.checks.shape import Check, Looked, Param, Params, concluded, not_applicable

CHECK = Check(
    id="NET-006",
    title_zh="跨区域通信加密",
    title_en="What crosses a zone is encrypted",
    clauses=(
        "GB/T 22239-2019 8.1.2.2 a)",
        "GB/T 22239-2019 8.1.2.2 b)",
        "GB/T 39786-2021 8.2 a)",
        "GB/T 39786-2021 8.2 b)",
        "GB/T 39786-2021 8.2 c)",
    ),
    severity="high",
    severity_basis="clear-transmission",
    scope="resource",
    kinds=("net.listener", "net.vpn"),
    fix_zh="监听改用 TLS 1.2 以上或 TLCP,VPN 用 IPsec、TLCP 或 TLS;三级及以上系统再加国密套件(SM4 与 SM3)",
    fix_en="let the listener speak TLS 1.2 or later or TLCP and the gateway IPsec, TLCP or TLS; from level 3 on with a suite of "
    "SM4 and SM3",
    params={
        "outside": Param(("internet", "extranet"), "跨区域的开放范围", "exposures that cross a zone"),
        "versions": Param(("TLSv1.2", "TLSv1.3", "TLCP"), "可用的协议版本", "versions that hold"),
        "tunnels": Param(("ipsec", "tlcp", "tls1.2", "tls1.3"), "可用的隧道", "tunnels that hold"),
        "national": Param(3, "自该等级起须用国密套件", "national suites from this level on", least=1, most=5),
    },
)
_NO_LEVEL = ("等级不能确定,不知是否须用国密", "its level cannot be told, and so whether national suites are due")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a listener and a gateway."""
    for one in estate.kind("net.listener"):
        if lacking := untold(one, "exposure", "protocol"):
            yield concluded(one, (), lacking)
        elif one.get("exposure") not in params["outside"]:
            yield not_applicable(one, "只有声明过的调用方能访问", "only declared callers reach it")
        else:
            yield concluded(one, *_listener(estate, one, params))
    for one in estate.kind("net.vpn"):
        if lacking := untold(one, "encryption"):
            yield concluded(one, (), lacking)
        else:
            yield concluded(one, *_tunnel(estate, one, params))


def _listener(estate: Estate, one: Resource, params: Params) -> Findings:
    version, level = one.get("tls"), graded(estate, one)
    if version is None and one.get("protocol") not in ("https", "tls"):
        return [("明文监听", "it listens in clear")], []
    if lacking := untold(one, "tls"):
        return [], lacking
    if version not in params["versions"]:
        return [(f"协议版本 {version} 不可用", f"{version} does not hold")], []
    if version == "TLCP":
        return [], []
    if level is None:
        return [], [_NO_LEVEL]
    if level < params["national"]:
        return [], []
    if lacking := untold(one, "suites"):
        return [], lacking
    if any("SM4" in suite and "SM3" in suite for suite in listing(one.get("suites"))):
        return [], []
    return [("没有国密套件", "it offers no suite of SM4 and SM3")], []


def _tunnel(estate: Estate, one: Resource, params: Params) -> Findings:
    text, level = str(one.get("encryption")).lower(), graded(estate, one)
    if text.partition("-")[0] not in params["tunnels"]:
        return [(f"“{text}”不是加密隧道", f"'{text}' is no tunnel that holds")], []
    if text == "tlcp" or "sm4" in text:
        return [], []
    if level is None:
        return [], [_NO_LEVEL]
    if level >= params["national"]:
        return [("没有国密算法", "it uses no national algorithm")], []
    return [], []
