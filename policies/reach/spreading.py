"""Exact reachability. In: a network, a node, and what it may send. Out: where every packet of that ends, and on which way.

A set spreads through the network as one packet would: translated, routed, filtered at each hook, handed over the link.
It is split where its packets part, and never widened, so what arrives is exactly what would. Connection tracking is
each node's own: what is sent is new at every node; `returned` sends the answers back, which are established only at
nodes that saw the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final, Protocol

from policies.reach.connections import opening, translated
from policies.reach.fields import Field, addresses
from policies.reach.filters import Hook, passed
from policies.reach.headers import Headers, Space
from policies.reach.network import LOOPBACK, Fate, Network, Node, Rewrite, Table, table

LOOPED: Final[tuple[tuple[Hook, str, str], ...]] = (
    ("output", "", LOOPBACK), ("postrouting", "", LOOPBACK), ("prerouting", LOOPBACK, ""),
)  # fmt: skip
HOPS: Final = 64
"""a packet that has been handed on so often is given up, as by its hop limit"""


class End(StrEnum):
    """What became of packets."""

    ARRIVED = "arrived"
    FILTERED = "filtered"
    NO_ROUTE = "no-route"
    REFUSED = "refused"
    """a route says that what lies there is unreachable"""
    NOT_FORWARDED = "not-forwarded"
    """came to a host that is not theirs"""
    DEAD_END = "dead-end"
    """a route leads out of an interface that nothing is at: the link is down"""
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Hop:
    """A node on the way; "" where the packet started or ended."""

    node: str
    comes: str
    leaves: str


@dataclass(frozen=True, slots=True)
class Way:
    """Packets that went the same way to the same end, as they are there."""

    end: End
    headers: Headers
    hops: tuple[Hop, ...]
    start: int = 0
    """index of the hop where the connection was opened: later than 0 where a load balancer opened a new one"""
    hook: Hook | None = None
    """where a filter dropped them"""
    changes: tuple[tuple[int, Rewrite, Headers, Headers], ...] = ()
    """hop, translation, what went in and what came out"""

    @property
    def at(self) -> str:
        """The node where they ended."""
        return self.hops[-1].node

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(hop.node for hop in self.hops)

    @property
    def handed_on(self) -> bool:
        """Whether a router has lowered the hop limit since the connection was opened."""
        later = self.hops[self.start :]
        return any(hop.comes and hop.leaves for hop in later) or (
            self.hook in ("forward", "postrouting") and bool(later[-1].comes)
        )


@dataclass(frozen=True)
class Reached:
    """Everything that became of what one node sent."""

    source: str
    ways: tuple[Way, ...]

    @cached_property
    def arrived(self) -> Mapping[str, Headers]:
        """node → exactly what arrives at it"""
        return {name: ways[0].headers.space.union(way.headers for way in ways) for name, ways in self._to.items()}

    def to(self, node: str) -> tuple[Way, ...]:
        """The ways that arrive at a node."""
        return self._to.get(node, ())

    @cached_property
    def _to(self) -> Mapping[str, tuple[Way, ...]]:
        found: dict[str, list[Way]] = {}
        for way in self.ended(End.ARRIVED):
            found.setdefault(way.at, []).append(way)
        return {name: tuple(ways) for name, ways in found.items()}

    def ended(self, *ends: End) -> tuple[Way, ...]:
        """The ways that ended so: loops, black holes, drops."""
        return tuple(way for way in self.ways if way.end in ends)


def sent(space: Space, node: Node) -> Headers:
    """All that a node may send of its own: from its addresses, as the start of a connection."""
    own = [addresses(text) for text in node.local]
    return space.box({Field.SOURCE: own}) & opening(space) if own else space.nothing


def reach(
    space: Space,
    network: Network,
    source: str,
    headers: Headers | None = None,
    *,
    losses: bool = True,
    opens: bool = True,
) -> Reached:
    """Where the headers (all that the node may send, if None) end. Without `losses` only arrivals, loops and dead ends are
    told; without `opens` load balancers open no new connections. KeyError where there is no such node."""
    node = network.named[source]
    some = sent(space, node) if headers is None else headers
    spread = Spread(space, network, losses, None, opens)
    return Reached(source, tuple(spread.run([Part(node, "", some, (), 0)])))


@dataclass(frozen=True, slots=True)
class Part:
    """A set on its way: where it is now, and how it came there."""

    node: Node
    comes: str
    headers: Headers
    hops: tuple[Hop, ...]
    start: int
    changes: tuple[tuple[int, Rewrite, Headers, Headers], ...] = ()
    seen: tuple[tuple[str, str, Headers], ...] = ()
    """nodes, interfaces and sets since the last translation: whoever comes there again goes round for ever"""

    def having(self, headers: Headers) -> Part:
        """The same of other headers."""
        if headers is self.headers:
            return self
        return Part(self.node, self.comes, headers, self.hops, self.start, self.changes, self.seen)


class Knows(Protocol):
    """What nodes know of connections, where answers travel (`policies.reach.returning`)."""

    def known(self, node: str, headers: Headers) -> Headers:
        """The set with the state that the node gives it."""
        ...

    def undone(self, part: Part, hook: Hook) -> Iterator[Part]:
        """The set with the translations of the question undone that are undone at this hook."""
        ...


class Spread:
    """As long as one set spreads."""

    def __init__(
        self, space: Space, network: Network, losses: bool, tracked: Knows | None = None, opens: bool = True
    ) -> None:
        self.space, self.network, self.losses, self.tracked, self.opens = space, network, losses, tracked, opens

    def run(self, parts: list[Part]) -> Iterator[Way]:
        """Until nothing is on its way any more."""
        while parts:
            part = parts.pop()
            if not part.headers:
                continue
            if self.tracked:
                part = part.having(self.tracked.known(part.node.name, part.headers))
            if not part.comes:
                yield from self._routed(part, parts)
                continue
            part, looped = self._new(part)
            if looped:
                yield Way(End.LOOP, looped, (*part.hops, Hop(part.node.name, part.comes, "")), part.start)
            if len(part.hops) > HOPS and part.headers:
                yield self._way(End.LOOP, part, part.headers)
                continue
            headers, lost = self._filtered(part, part.headers, "prerouting", part.comes, "")
            yield from lost
            for each in self._rewritten(part.having(headers), "prerouting"):
                yield from self._routed(each, parts)

    def _routed(self, part: Part, parts: list[Part]) -> Iterator[Way]:
        for fate, headers in part.headers.by_target(*_routes(self.space, part.node)).items():
            if fate == "local":
                yield from self._ends(part, headers, parts)
            elif isinstance(fate, str):
                if self.losses:
                    yield self._way(End.NO_ROUTE if fate == "nowhere" else End.REFUSED, part, headers)
            elif part.comes and not part.node.forwards:
                if self.losses:
                    yield self._way(End.NOT_FORWARDED, part, headers)
            else:
                for out in fate:
                    yield from self._leaves(part, headers, out, parts)

    def _ends(self, part: Part, headers: Headers, parts: list[Part]) -> Iterator[Way]:
        # what a node sends to itself goes out of and comes in at its loopback
        own: tuple[tuple[Hook, str, str], ...] = () if part.comes else LOOPED
        hooks: tuple[tuple[Hook, str, str], ...] = (*own, ("input", part.comes or LOOPBACK, ""))
        for hook, came, leaves in hooks:
            headers, lost = self._filtered(part, headers, hook, came, leaves)
            yield from lost
        if not headers:
            return
        yield self._way(End.ARRIVED, part, headers)
        if part.node.services and part.comes and self.opens:
            hops = (*part.hops, Hop(part.node.name, part.comes, ""))
            for opened in served(self.space, part.node, headers):
                parts.append(Part(part.node, "", opened, hops, len(hops), part.changes))

    def _leaves(self, part: Part, headers: Headers, out: str, parts: list[Part]) -> Iterator[Way]:
        node, comes, lost = part.node, part.comes, []
        if comes:
            # the kernel lowers the hop limit before its forward hook
            headers = headers.assigned(Field.NEAR, [(0, 0)])
        if node.rules.chains:
            hooks: tuple[Hook, ...] = ("forward" if comes else "output", "postrouting")
            for hook in hooks:
                headers, lost = self._filtered(part, headers, hook, comes, out)
                yield from lost
        end = self.network.across.get((node.name, out))
        peer = self.network.named.get(end[0]) if end else None
        hop = Hop(node.name, comes, out)
        for each in self._rewritten(part.having(headers), "postrouting"):
            hops = (*each.hops, hop)
            if not each.headers:
                continue
            if end is None or peer is None:
                yield Way(End.DEAD_END, each.headers, hops, each.start, None, each.changes)
            else:
                parts.append(Part(peer, end[1], each.headers, hops, each.start, each.changes, each.seen))

    def _filtered(self, part: Part, headers: Headers, hook: Hook, comes: str, leaves: str) -> tuple[Headers, list[Way]]:
        """What a hook lets through, and the way of what it does not."""
        rules = part.node.rules
        if not rules.chains or not headers:
            return headers, []
        through = headers & passed(self.space, rules, hook, comes, leaves)
        if self.losses and (gone := headers - through):
            return through, [self._way(End.FILTERED, part, gone, hook)]
        return through, []

    def _rewritten(self, part: Part, hook: Hook) -> Iterable[Part]:
        """The parts that translations make of it; most nodes have none."""
        if self.tracked:
            return self.tracked.undone(part, hook)
        return self._translated(part, hook) if part.node.rewrites else (part,)

    def _translated(self, part: Part, hook: Hook) -> Iterator[Part]:
        rest = part.headers
        for rewrite in part.node.rewrites:
            if rewrite.hook == hook and (mine := rest & self.space.box(dict(rewrite.ranges))):
                rest = rest - mine
                made = translated(mine, rewrite)
                change = (len(part.hops), rewrite, mine, made)
                yield replace(part, headers=made, changes=(*part.changes, change), seen=())
        yield part.having(rest)

    def _new(self, part: Part) -> tuple[Part, Headers]:
        """What has not been here on this way, and what has."""
        looped = self.space.nothing
        for node, comes, before in part.seen:
            if (node, comes) == (part.node.name, part.comes):
                looped = looped | (part.headers & before)
        headers = part.headers - looped
        seen = (*part.seen, (part.node.name, part.comes, headers))
        return Part(part.node, part.comes, headers, part.hops, part.start, part.changes, seen), looped

    def _way(self, end: End, part: Part, headers: Headers, hook: Hook | None = None) -> Way:
        hops = (*part.hops, Hop(part.node.name, part.comes, ""))
        return Way(end, headers, hops, part.start, hook, part.changes)


def served(space: Space, node: Node, headers: Headers) -> Iterator[Headers]:
    """The connections that a load balancer opens for those that arrive at it, each to all members."""
    for service in node.services:
        own = addresses(service.address)
        asked = {Field.TARGET: [own], Field.PROTOCOL: [(service.protocol,) * 2], Field.PORT: [(service.port,) * 2]}
        if service.members and headers & space.box(asked):
            yield space.box(
                {
                    **asked,
                    Field.SOURCE: [own],
                    Field.TARGET: [addresses(m) for m in service.members],
                    Field.STATE: [(0, 0)],
                }
            )


def _routes(space: Space, node: Node) -> tuple[tuple[int, ...], tuple[Fate, ...]]:
    found: Table | None = space.notes.get(("table", node))
    if found is None:
        found = space.notes[("table", node)] = table(node)
    return found.ends, found.fates
