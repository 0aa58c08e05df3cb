"""What clouds have, as the network's nouns: security groups, peering, translation between the families.

Pure. In: declarations of the clouds' shape. Out: a `Ruleset`, links with routes, rewrites.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from policies.reach.fields import FOUR, PROTOCOLS, SIX, Field, Range, addresses
from policies.reach.filters import Chain, Hook, Rule, Ruleset
from policies.reach.network import Change, Link, Network, Rewrite, Route

_ESTABLISHED: Final = Rule(((Field.STATE, ((1, 2),)),), "accept", text="established and related")
_ECHO: Final = ((1, 8), (58, 128))
_SIDES: Final[tuple[tuple[Hook, str, Field], ...]] = (
    ("input", "ingress", Field.SOURCE), ("output", "egress", Field.TARGET),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allow:
    """One rule of a security group: an allow-list, so its order says nothing."""

    name: str
    protocol: str
    """tcp, udp, icmpv6 (an echo, over both families), or `-1` for all"""
    ports: Range | None
    peers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A security group of the EC2 shape: stateful, and what no rule allows is denied."""

    name: str
    ingress: tuple[Allow, ...] = ()
    egress: tuple[Allow, ...] = ()
    default: Literal["deny", "allow"] = "deny"


def group(name: str, rules: Iterable[Mapping[str, Any]], default: Literal["deny", "allow"] = "deny") -> Group:
    """A group of its rules' properties (`net.sg_rule`)."""
    sides: dict[str, list[Allow]] = {"ingress": [], "egress": []}
    for rule in rules:
        ports = (int(rule["ports"][0]), int(rule["ports"][1])) if rule.get("ports") else None
        peers = (*(rule.get("peers6") or ()), *(rule.get("peers4") or ()))
        sides[rule["direction"]].append(Allow(str(rule.get("name", "")), rule["protocol"], ports, peers))
    return Group(name, tuple(sides["ingress"]), tuple(sides["egress"]), default)


def filter_of(groups: Iterable[Group]) -> Ruleset:
    """The filter of an interface that has these groups: the union of what each allows, in each direction."""
    some = tuple(groups)
    chains = []
    for hook, side, peer in _SIDES:
        rules = [_ESTABLISHED]
        for one in some:
            if one.default == "allow":
                rules.append(Rule((), "accept", text=f"{one.name}: default"))
            rules += [made for allow in getattr(one, side) for made in _allowed(one, allow, peer)]
        chains.append(Chain(side, tuple(rules), "inet", hook, 0, "drop"))
    return Ruleset(", ".join(one.name for one in some), tuple(chains))


def _allowed(of: Group, allow: Allow, peer: Field) -> Iterable[Rule]:
    spans = tuple(addresses(text) for text in allow.peers)
    text = f"{of.name}: {allow.name}"
    if allow.protocol == "icmpv6":
        for (protocol, kind), whole in zip(_ECHO, (FOUR, SIX), strict=True):
            mine = tuple(span for span in spans if whole[0] <= span[0] <= whole[1])
            ranges = ((Field.PROTOCOL, ((protocol, protocol),)), (Field.PORT, ((kind, kind),)), (peer, mine))
            yield Rule(ranges, "accept", text=text, name=allow.name)
        return
    ranges: tuple[tuple[Field, tuple[Range, ...]], ...] = ((peer, spans),)
    if allow.protocol != "-1":
        number = PROTOCOLS[allow.protocol]
        ranges = (*ranges, (Field.PROTOCOL, ((number, number),)))
    if allow.ports is not None:
        ranges = (*ranges, (Field.PORT, (allow.ports,)))
    yield Rule(ranges, "accept", text=text, name=allow.name)


@dataclass(frozen=True, slots=True)
class Peering:
    """Two networks joined at a router each; what each side routes to the other is said, nothing else follows."""

    name: str
    ends: tuple[str, str]
    """routers"""
    prefixes: tuple[tuple[str, ...], tuple[str, ...]]
    """what lies behind the first, and behind the second"""


def peered(network: Network, peering: Peering) -> Network:
    """The network with the peering: a link, and the routes of each side to the other's prefixes."""
    nodes = []
    for node in network.nodes:
        for mine, behind in zip(peering.ends, reversed(peering.prefixes), strict=True):
            if node.name == mine:
                more = tuple(Route(prefix, peering.name) for prefix in behind)
                node = replace(node, routes=(*node.routes, *more))  # noqa: PLW2901
        nodes.append(node)
    first, second = peering.ends
    return Network(tuple(nodes), (*network.links, Link(peering.name, ((first, peering.name), (second, peering.name)))))


def nat64(name: str, prefix6: str, pool4: str, clients6: str) -> tuple[Rewrite, ...]:
    """A stateless translator (RFC 6052, RFC 7915) before the routes are asked: IPv6 clients whose last 32 bits are those
    of the IPv4 pool, one to one, reach IPv4 targets inside the /96. TCP, UDP and echoes; nothing else is translated."""
    to6, from4, from6 = addresses(prefix6), addresses(pool4), addresses(clients6)
    if to6[1] - to6[0] != (1 << 32) - 1 or from6[1] - from6[0] != from4[1] - from4[0]:
        raise ValueError("a NAT64 prefix is a /96, and clients and pool are of one size")
    moves = (Change(Field.TARGET, delta=FOUR[0] - to6[0]), Change(Field.SOURCE, delta=from4[0] - from6[0]))
    hit = ((Field.TARGET, (to6,)), (Field.SOURCE, (from6,)))
    plain = Rewrite(name, "prerouting", (*hit, (Field.PROTOCOL, ((6, 6), (17, 17)))), moves)
    echo = Rewrite(
        name, "prerouting", (*hit, (Field.PROTOCOL, ((58, 58),)), (Field.PORT, ((128, 128),))),
        (*moves, Change(Field.PROTOCOL, ((1, 1),)), Change(Field.PORT, ((8, 8),))),
    )  # fmt: skip
    return plain, echo


def destination_nat(name: str, address: str, protocol: int, port: Range, members: Iterable[str]) -> Rewrite:
    """A load balancer that only translates: what is sent to its address goes on to one of its members."""
    return Rewrite(
        name, "prerouting",
        ((Field.TARGET, (addresses(address),)), (Field.PROTOCOL, ((protocol, protocol),)), (Field.PORT, (port,))),
        (Change(Field.TARGET, tuple(addresses(member) for member in members)),),
    )  # fmt: skip


def source_nat(name: str, inside: Iterable[str], address: str) -> Rewrite:
    """What comes from inside is sent on from one address and any port."""
    return Rewrite(
        name, "postrouting", ((Field.SOURCE, tuple(addresses(text) for text in inside)), (Field.PROTOCOL, ((6, 6), (17, 17)))),
        (Change(Field.SOURCE, (addresses(address),)), Change(Field.SOURCE_PORT, ((0, 65535),))),
    )  # fmt: skip
