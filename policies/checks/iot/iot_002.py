"""IOT-002: things and their gateways speak to destinations that are written down, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.facts import Told
from policies.checks.prefixes import everywhere, rule, span
from policies.checks.references import pointing, word
from policies.checks.shape import Check, Looked, Params, Words, concluded
from policies.checks.told import follow, given, unread

CHECK = Check(
    id="IOT-002",
    title_zh="物联网只与写明的目标通信",
    title_en="Things speak only to whom is written down",
    clauses=("GB/T 22239-2019 8.4.2.2 a)", "GB/T 22239-2019 8.4.2.2 b)"),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("iot.gateway", "net.subnet", "compute.host", "net.sg", "net.sg_rule"),
    fix_zh="网关的 destinations 写明目标前缀;所在网段的主机出方向规则收窄,安全组默认拒绝",
    fix_en="write the prefixes into destinations of the gateway; narrow the egress rules of hosts on its segment, and let "
    "their groups deny by default",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a gateway: its own list, and the rules of the hosts on its segment."""
    del params
    segments: dict[str, Told] = {}
    for one in estate.kind("iot.gateway"):
        yield unread(one, "destinations") or _gateway(estate, one, segments)


def _gateway(estate: Estate, one: Resource, segments: dict[str, Told]) -> Looked:
    wrong: list[Words] = []
    spans = [(text, span(text)) for text in one["destinations"]]
    wrong += [(f"“{text}”不是地址前缀", f"'{text}' is not a prefix") for text, read in spans if read is None]
    if everywhere([read for _, read in spans if read]):
        wrong.append(("目标是任意地址", "its destinations are everywhere"))
    segment, open_words = follow(estate, one, "subnet", "net.subnet")
    if segment is None:
        return concluded(one, wrong, open_words)
    if segment.name not in segments:
        # several gateways may stand on one segment: its hosts are looked at once
        segments[segment.name] = _hosts(estate, segment)
    theirs, vague = segments[segment.name]
    return concluded(one, wrong + theirs, vague)


def _hosts(estate: Estate, segment: Resource) -> Told:
    wrong: list[Words] = []
    open_words: list[Words] = []
    hosts = pointing(estate, "subnet", "compute.host").at(segment.name)
    groups = {one.urn: one for host in hosts for one in pointing(estate, "hosts", "net.sg").at(host.name)}
    for group in sorted(groups.values(), key=word):
        _group(estate, group, wrong, open_words)
    return wrong, open_words


def _group(estate: Estate, group: Resource, wrong: list[Words], open_words: list[Words]) -> None:
    if not given(group, "default"):
        open_words.append((f"安全组 {group.name} 的默认动作没有记录", f"{group.name}: its default was not recorded"))
    elif group["default"] != "deny":
        wrong.append((f"安全组 {group.name} 默认放行", f"group {group.name} allows by default"))
    for one in sorted(pointing(estate, "sg", "net.sg_rule").at(group.name), key=word):
        read = rule(estate, one)
        if isinstance(read, Looked):
            open_words.append((f"规则 {one.name}:{read.zh}", f"rule {one.name}: {read.en}"))
        elif not read.ingress and read.everywhere:
            wrong.append((f"规则 {one.name} 放行任意目标", f"rule {one.name} leads everywhere"))
