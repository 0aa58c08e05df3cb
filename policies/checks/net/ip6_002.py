"""IP6-002: what the public is offered is offered over IPv6, by the same name and as well encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.prefixes import Span, span
from policies.checks.records import comparable, listing, silent, untold
from policies.checks.references import pointing, word
from policies.checks.shape import (
    Check,
    Looked,
    Params,
    Words,
    concluded,
    failed,
    missing,
    not_applicable,
    passed,
    unsure,
)

CHECK = Check(
    id="IP6-002",
    title_zh="公众服务支持 IPv6",
    title_en="Public services are offered over IPv6",
    clauses=("中网办发〔2021〕15号 政府网站与应用",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.listener", "dns.record"),
    fix_zh="给对互联网的负载均衡配 IPv6 地址,给它的域名加 AAAA 记录,两个协议用同样的 TLS 设置",
    fix_en="give the balancer an IPv6 address and its name an AAAA record, with the same TLS settings over both families",
)
_POLICY = ("port", "protocol", "tls", "suites")
_PUBLIC = "internet"


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a listener (by its balancer) and a name on the internet."""
    del params
    for one in estate.kind("net.listener"):
        if lacking := untold(one, "exposure"):
            yield concluded(one, (), lacking)
        elif one.get("exposure") != _PUBLIC:
            yield not_applicable(one, "不对互联网提供", "not offered to the internet")
        elif (balancer := estate.named("net.lb", str(one.get("lb")))) is None:
            yield concluded(one, (), [missing(one, "net.lb", one.get("lb"))])
        elif open_ := unsure(balancer, "vip6"):
            yield concluded(one, (), [(open_.zh, open_.en)])
        elif balancer.get("vip6"):
            yield passed(one)
        else:
            yield failed(one, "没有 IPv6 地址", "it has no IPv6 address")
    names, mute = pointing(estate, "fqdn", "dns.record"), silent(estate, "fqdn", "dns.record")
    behind = _Behind(estate)

    @cache
    def six(name: str) -> tuple[list[Words], list[str]]:
        """Addresses of IPv6 that a name has, and why that may not be all."""
        same = sorted(names.at(name), key=word)
        open_ = mute + [words for one in same for words in untold(one, "type", "values")]
        return open_, [text for one in same if one.get("type") == "AAAA" for text in listing(one.get("values"))]

    for record in estate.kind("dns.record"):
        if lacking := untold(record, "exposure", "fqdn", "type", "values"):
            yield concluded(record, (), lacking)
        elif record.get("exposure") != _PUBLIC:
            yield not_applicable(record, "不对互联网提供", "not offered to the internet")
        else:
            yield _named(record, *six(str(record.get("fqdn"))), behind)


def _named(record: Resource, open_: list[Words], six: list[str], behind: _Behind) -> Looked:
    """Has the name of a record addresses of IPv6, behind which all is as behind those of the record."""
    if open_:
        return concluded(record, (), open_)
    if not six:
        return failed(record, "这个域名没有 IPv6 地址", "its name has no address of IPv6")
    ours, theirs = behind.of(listing(record.get("values"))), behind.of(six)
    open_ = [(found.zh, found.en) for one in ours + theirs if (found := unsure(one, *_POLICY))]
    differ = {_policy(one) for one in ours} != {_policy(one) for one in theirs}
    if differ:
        open_ += sorted(behind.unread)
    wrong = ("两个协议的端口或 TLS 设置不同", "ports or TLS settings differ between the families")
    return concluded(record, [wrong] if differ and not open_ else [], sorted(set(open_)))


def _policy(listener: Resource) -> tuple[Any, ...]:
    port, protocol, version, suites = map(listener.get, _POLICY)
    return comparable(port), str(protocol), str(version), frozenset(listing(suites))


class _Behind:
    """Which listeners answer at an address."""

    def __init__(self, estate: Estate) -> None:
        self._at: dict[Span, list[Resource]] = {}
        self.unread: set[Words] = set()
        """balancers whose addresses are not known yet"""
        listeners = pointing(estate, "lb", "net.listener")
        for balancer in estate.kind("net.lb"):
            if found := unsure(balancer, "vip6", "vip4"):
                self.unread.add((found.zh, found.en))
            for key in ("vip6", "vip4"):
                if found := span(str(balancer.get(key))):
                    self._at[found] = listeners.at(balancer.name)

    def of(self, addresses: Iterable[str]) -> list[Resource]:
        """All behind these addresses; an address that is no balancer's has none."""
        return [one for text in addresses if (found := span(text)) for one in self._at.get(found, ())]
