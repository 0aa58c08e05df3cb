"""A walker of single packets, as simple as can be and without a line of the engine's: the other opinion in the tests.

In: a `World` (plain data) and a packet as plain values. Out: every end that it may come to. It knows prefixes from the
standard library, tries each rule from the top, and follows each of several equal routes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from ipaddress import ip_network as _ip_network

from policies.reach.fields import BASE4, Packet
from tests.policies.reach.worlds import KINDS, Box, Line, World

ip_network = lru_cache(_ip_network)
NAMES = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6", 47: "gre"}


@dataclass(frozen=True)
class One:
    """A packet in plain values."""

    source: IPv4Address | IPv6Address
    target: IPv4Address | IPv6Address
    protocol: str
    port: int
    from_: int
    near: bool
    state: str = "new"


def plain(packet: Packet) -> One:
    """The engine's packet in plain values."""
    ends = [IPv4Address(n - BASE4) if n >= BASE4 else IPv6Address(n) for n in (packet.source, packet.target)]
    return One(ends[0], ends[1], NAMES[packet.protocol], packet.port, packet.source_port, bool(packet.near))


Trail = tuple[tuple[str, str, One], ...]
"""nodes, interfaces that the packet came by, and the packet as it came"""


@dataclass(frozen=True)
class Ended:
    """An end: how, where, what the packet was then, and the nodes on the way."""

    how: str
    at: str
    one: One
    trail: Trail = field(compare=False, default=())


def ends(world: World, source: str, one: One) -> set[Ended]:
    """Everything that may become of a packet that a node sends."""
    return set(_from(world, world.boxes[source], "", one, ()))


def _from(
    world: World, box: Box, comes: str, one: One, trail: Trail, states: Mapping[str, str] | None = None
) -> Iterator[Ended]:
    if states is not None:
        one = replace(one, state=states[box.name])
    here = (box.name, comes, one)
    if here in trail:
        yield Ended("loop", box.name, one, trail)
        return
    trail = (*trail, here)
    if not comes:
        yield from _route(world, box, comes, one, trail, states)
    elif _blocked(box, "prerouting", one, comes, ""):
        yield Ended("filtered", box.name, one, trail)
    else:
        for changed in _translated(box, "prerouting", one):
            yield from _route(world, box, comes, changed, trail, states)


def _route(
    world: World, box: Box, comes: str, one: One, trail: Trail, states: Mapping[str, str] | None
) -> Iterator[Ended]:
    outs = _looked_up(box, one)
    if outs == ("local",):
        # what a node sends to itself passes its loopback
        looped = [("output", "", "lo"), ("postrouting", "", "lo"), ("prerouting", "lo", "")] if not comes else []
        blocked = any(_blocked(box, hook, one, *between) for hook, *between in [*looped, ("input", comes or "lo", "")])
        yield Ended("filtered" if blocked else "arrived", box.name, one, trail)
    elif outs == ("refused",) or not outs:
        yield Ended("refused" if outs else "no-route", box.name, one, trail)
    elif comes and not box.forwards:
        yield Ended("not-forwarded", box.name, one, trail)
    else:
        passed_on = replace(one, near=False) if comes else one
        for out in outs:
            hook = "forward" if comes else "output"
            if _blocked(box, hook, passed_on, comes, out) or _blocked(box, "postrouting", passed_on, comes, out):
                yield Ended("filtered", box.name, passed_on, trail)
                continue
            for changed in _translated(box, "postrouting", passed_on):
                other = next((pair[1 - n] for pair in world.links for n in (0, 1) if pair[n] == (box.name, out)), None)
                if other is None or other[0] not in world.boxes:
                    yield Ended("dead-end", box.name, changed, trail)
                else:
                    yield from _from(world, world.boxes[other[0]], other[1], changed, trail, states)


def _looked_up(box: Box, one: One) -> tuple[str, ...]:
    return _looked(box.local, box.routes, one.target)


@lru_cache(maxsize=20000)
def _looked(
    local: tuple[str, ...], routes: tuple[tuple[str, str | None, int], ...], target: IPv4Address | IPv6Address
) -> tuple[str, ...]:
    found: list[tuple[int, int, str]] = []
    for text, out, metric in [*((text, "local", -1) for text in local), *routes]:
        net = ip_network(text)
        if target in net:
            found.append((-net.prefixlen, metric, out or "refused"))
    best = min((row[:2] for row in found), default=None)
    outs = list(dict.fromkeys(out for *rank, out in found if tuple(rank) == best))
    # of equal routes the one that refuses holds where it is the first, and is nothing beside others
    return tuple(outs[:1]) if outs[:1] == ["refused"] else tuple(out for out in outs if out != "refused")


def _blocked(box: Box, hook: str, one: One, comes: str, leaves: str) -> bool:
    if hook not in box.chains:
        return False
    policy, lines = box.chains[hook]
    return (_said(box, lines, one, comes, leaves) or policy) == "drop"


def _said(box: Box, lines: tuple[Line, ...], one: One, comes: str, leaves: str) -> str:
    for line in lines:
        if not _asked(line, one, comes, leaves):
            continue
        if line.verdict == "return":
            return ""
        if line.verdict == "jump sub":
            deeper = _said(box, box.chains["sub"][1], one, comes, leaves)
            if deeper:
                return deeper
            continue
        return line.verdict
    return ""


def _asked(line: Line, one: One, comes: str, leaves: str) -> bool:
    version = one.target.version
    if (line.comes and line.comes != comes) or (line.leaves and line.leaves != leaves):
        return False
    if line.states and one.state not in line.states:
        return False
    if line.near and not (version == 6 and one.near):
        return False
    for values, mine, no in ((line.source, one.source, line.but), (line.target, one.target, False)):
        if values and (version != line.version or any(mine in ip_network(text) for text in values) is no):
            return False
    if line.protocol and one.protocol != line.protocol:
        return False
    if line.ports and not line.ports[0] <= one.port <= line.ports[1]:
        return False
    if line.from_ is not None and one.from_ != line.from_:
        return False
    if line.kinds:
        known = KINDS[line.version or 6]
        name = "icmpv6" if line.version == 6 else "icmp"
        return version == line.version and one.protocol == name and one.port in [known[kind] for kind in line.kinds]
    return True


def _translated(box: Box, hook: str, one: One) -> list[One]:
    for rewrite in box.rewrites:
        if rewrite["hook"] == hook and one.protocol == "tcp" and str(one.target) == rewrite["target"]:
            if rewrite.get("port", one.port) != one.port:
                continue
            kind = IPv4Address if one.target.version == 4 else IPv6Address
            if "to_target" in rewrite:
                return [replace(one, target=kind(text)) for text in rewrite["to_target"]]
            return [replace(one, source=kind(rewrite["to_source"]))]
    return [one]


def answers(world: World, forth: Ended) -> set[Ended]:
    """Everything that may become of the answer to a packet that arrived: established at the nodes that saw it, elsewhere
    invalid (TCP, ICMP) or new. Nothing where the packet asks for no answer."""
    one = forth.one
    kind = {("icmp", 8): 0, ("icmpv6", 128): 129}.get((one.protocol, one.port), -1)
    if one.protocol in ("icmp", "icmpv6"):
        if kind < 0:
            return set()
        answer = One(one.target, one.source, one.protocol, kind, 0, False)
    else:
        answer = One(one.target, one.source, one.protocol, one.from_, one.port, False)
    saw = {name for name, _, _ in forth.trail}
    other = "new" if one.protocol == "udp" else "invalid"
    states = {name: "established" if name in saw else other for name in world.boxes}
    return set(_from(world, world.boxes[forth.at], "", answer, (), states))
