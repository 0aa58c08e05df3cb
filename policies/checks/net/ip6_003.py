"""IP6-003: what is served over IPv4 is served over IPv6, and nothing is open over one family that is shut over the other."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.proved import judged, shown, standing
from policies.checks.shape import Check, Looked, Params, Words, concluded, not_applicable
from policies.reach.city import INTERNET
from policies.reach.fields import FOUR, SIX, Field, Range
from policies.reach.headers import Headers
from policies.reach.proof import Proof

CHECK = Check(
    id="IP6-003",
    title_zh="IPv4 与 IPv6 访问控制一致",
    title_en="IPv4 and IPv6 are open alike",
    clauses=("GB/T 22239-2019 8.1.3.2 a)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.host", "net.lb"),
    fix_zh="让规则同时写两个协议的对端,给只有 IPv4 的服务补上 IPv6 地址",
    fix_en="name the peers of both families in the rule, and give a service that has only IPv4 its IPv6 address",
)
_CARRIED = ((6, 6), (17, 17))


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host and a balancer."""
    for one, name, proof, open_ in judged(estate, "compute.host", "net.lb"):
        if open_:
            yield open_
        elif not _both(proof, name):
            yield not_applicable(one, "只有 IPv6", "has IPv6 only")
        else:
            yield concluded(one, _apart(proof, name), standing(proof))


def _both(proof: Proof, name: str) -> bool:
    return name == INTERNET or len({":" in text for text in proof.network.named[name].local}) == 2


def _apart(proof: Proof, target: str) -> list[Words]:
    """What one family lets in and the other does not, from whoever has both."""
    wrong: list[Words] = []
    for family, other, zh, en in (
        (FOUR, SIX, "{} 能用 IPv4 访问它,用 IPv6 不能", "{} reaches it over IPv4 and not over IPv6"),
        (SIX, FOUR, "{} 能用 IPv6 访问它,用 IPv4 不能", "{} reaches it over IPv6 and not over IPv4"),
    ):
        question = f"{CHECK.id} {'IPv4' if family is FOUR else 'IPv6'}"
        found = []
        for source in proof.asked(question, target, proof.arriving.sources(target)):
            if _both(proof, source):
                headers = proof.arriving.headers(source, target)
                missing = _ports(headers, family) - _ports(headers, other)
                own = headers & headers.space.box({Field.TARGET: [family], Field.PROTOCOL: _CARRIED})
                asked = missing.assigned(Field.SOURCE, [family]).assigned(Field.TARGET, [family])
                found.append((source, own & asked if missing else missing))
        wrong += shown(proof.told(question, target, found), zh, en)
    return wrong


def _ports(headers: Headers, family: Range) -> Headers:
    """Protocols and ports alone: addresses forgotten."""
    some = headers & headers.space.box({Field.TARGET: [family], Field.PROTOCOL: _CARRIED})
    return some.assigned(Field.TARGET, [SIX]).assigned(Field.SOURCE, [SIX])
