"""BND-002: nothing joins the network inside unasked: a port speaks with its own addresses only."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.prefixes import everywhere, span
from policies.checks.records import listing, untold
from policies.checks.shape import Check, Looked, Params, Words, below, concluded
from policies.checks.told import expected
from policies.checks.wants import Want, true, weighed

CHECK = Check(
    id="BND-002",
    title_zh="限制私自接入内部网络",
    title_en="Nothing joins the network inside unasked",
    clauses=("GB/T 22239-2019 8.1.3.1 b)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("net.port",),
    fix_zh="在端口上启用端口安全和地址绑定,额外允许的地址只写需要的几个",
    fix_en="switch on port security and the binding of addresses, and allow the few further addresses that are needed",
    assurance="partial",
)
_WANTS = (
    Want("port_security", true, "没有启用端口安全", "port security is off"),
    Want("address_binding", true, "没有绑定硬件地址和 IP 地址", "hardware and IP addresses are not bound"),
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a port."""
    del params
    found = estate.kind("net.port")
    yield from expected(estate, found, "没有记录任何网络端口", "no port of the network was recorded")
    for one in found:
        if answer := below(one, 3):
            yield answer
            continue
        wrong, open_ = weighed(one, _WANTS)
        if lacking := untold(one, "allowed_addresses"):
            open_ += lacking
        else:
            wrong += _allowed(listing(one.get("allowed_addresses")))
        yield concluded(one, wrong, open_)


def _allowed(words: tuple[str, ...]) -> list[Words]:
    """What is wrong with the addresses that it may use beside its own."""
    spans = [span(word) for word in words]
    if None in spans:
        bad = words[spans.index(None)]
        return [(f"“{bad}”不是地址前缀", f"'{bad}' is not a prefix")]
    if everywhere([one for one in spans if one]):
        return [("允许使用任意地址", "it may speak from any address")]
    return []
