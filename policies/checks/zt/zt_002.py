"""ZT-002: important applications are reached through an enforcement point, and there is no way beside it."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import pointing, word
from policies.checks.shape import Check, Looked, Params, Words, below, concluded, listed, missing
from policies.checks.told import absent, follow, naming, unread, why
from policies.checks.trails import covering

CHECK = Check(
    id="ZT-002",
    title_zh="应用都在策略执行组件之后",
    title_en="Applications stand behind an enforcement point",
    clauses=("GB/T 43696-2024 6.2",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("net.listener", "zt.pep", "net.lb", "compute.host", "net.eip", "net.route"),
    fix_zh="把监听或其负载均衡、分区写进策略执行组件的 protects;去掉绕过它的监听、公网地址和路由",
    fix_en="name the listener, its balancer or its zone in protects of an enforcement point; take away listeners, public "
    "addresses and routes that lead past it",
    assurance="partial",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a listener of level 3 and above."""
    del params
    listeners = estate.kind("net.listener")
    yield from absent(estate, listeners, "监听", "listener")
    for one in listeners:
        yield below(one, 3) or _behind(estate, one)


def _behind(estate: Estate, one: Resource) -> Looked:
    balancer, lost = follow(estate, one, "lb", "net.lb")
    guards, open_words = _guards(estate, one, balancer)
    if not guards:
        open_words = open_words + lost
        return concluded(one, [] if open_words else [("前面没有策略执行组件", "has no enforcement point")], open_words)
    if balancer is None:
        return concluded(one, (), lost)
    if hidden := unread(balancer, "members"):
        return concluded(one, (), [why(balancer, hidden)])
    ways: set[str] = set()
    open_words = []
    for name in balancer["members"]:
        host = estate.named("compute.host", name)
        if host is None:
            open_words.append(missing(one, "compute.host", name))
            continue
        before, mute = covering(estate, host, "zt.pep")
        past, vague = _beside(estate, host)
        if not before:
            # a guard that does not say where it stands may stand before the host itself: then there is no way past it
            ways |= set() if mute else past
            open_words += [*vague, *(mute if past else [])]
    names = listed(ways)
    return concluded(one, [(f"有绕过它的通路:{names}", f"there are ways past it: {names}")] if ways else [], open_words)


def _guards(estate: Estate, listener: Resource, balancer: Resource | None) -> tuple[list[Resource], list[Words]]:
    """Enforcement points before a listener or its balancer, or why there may be one."""
    found, open_words = covering(estate, listener, "zt.pep")
    if not found and balancer:
        found, open_words = covering(estate, balancer, "zt.pep")
    return found, open_words


def _beside(estate: Estate, host: Resource) -> tuple[set[str], list[Words]]:
    """What leads to a host and has no enforcement point before it, and what may."""
    ways: set[str] = set()
    open_words: list[Words] = []
    for field, kind in (("of", "net.eip"), ("next_hop", "net.route")):
        found, mute = naming(estate, host, field, kind)
        ways.update(map(word, found))
        open_words += mute
    for balancer in pointing(estate, "members", "net.lb").at(host.name):
        for listener in pointing(estate, "lb", "net.listener").at(balancer.name):
            guards, unsure = _guards(estate, listener, balancer)
            open_words += [] if guards else unsure
            ways |= set() if guards or unsure else {word(listener)}
    return ways, open_words
