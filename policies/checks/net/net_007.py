"""NET-007: what travels between sites is encrypted, on the line or by the replication itself."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.records import listing
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    failed,
    missing,
    not_applicable,
    passed,
    unknown,
    unsure,
)

CHECK = Check(
    id="NET-007",
    title_zh="站点间传输加密",
    title_en="Traffic between sites is encrypted",
    clauses=("GB/T 22239-2019 8.1.2.2 b)", "GB/T 31168-2023 7.2"),
    severity="high",
    severity_basis="clear-transmission",
    scope="estate",
    kinds=("net.link", "dr.replication"),
    fix_zh="在站点间线路上启用 IPsec 或 MACsec,或让复制通道自身加密",
    fix_en="switch on IPsec or MACsec on the line, or encrypt the replication itself",
    params={"traffic": Param(("production", "replication"), "须加密的流量", "traffic that must be encrypted")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a line and a replication."""
    for link in estate.kind("net.link"):
        if open_ := unsure(link, "carries", "encryption"):
            yield open_
        elif not set(listing(link.get("carries"))) & set(params["traffic"]):
            yield not_applicable(link, "不承载生产或复制流量", "carries neither production nor replication")
        elif link.get("encryption") in ("ipsec", "macsec"):
            yield passed(link)
        else:
            yield failed(link, "线路未加密", "the line is not encrypted")
    for flow in estate.kind("dr.replication"):
        if open_ := unsure(flow, "encrypted", "link"):
            yield open_
        elif flow.get("encrypted"):
            yield passed(flow)
        elif (link := estate.named("net.link", str(flow.get("link")))) is None:
            yield unknown(flow, *missing(flow, "net.link", flow.get("link")))
        elif open_ := unsure(link, "encryption"):
            yield unknown(flow, open_.zh, open_.en)
        elif link.get("encryption") in ("ipsec", "macsec"):
            yield passed(flow)
        else:
            yield failed(
                flow,
                f"复制未加密,所走线路 {link.name} 也未加密",
                f"neither the replication nor its line {link.name} is encrypted",
            )
