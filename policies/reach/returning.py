"""The way back. In: packets that arrived, and on which way. Out: where the answers end, with connection tracking as each
node on the way has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from policies.reach.connections import reversed_headers, untranslated
from policies.reach.fields import MESSAGES, STATES, TOP, Field
from policies.reach.filters import Hook
from policies.reach.headers import Headers, Space
from policies.reach.network import Network
from policies.reach.spreading import Part, Reached, Spread, Way


def returned(space: Space, network: Network, way: Way) -> Reached:
    """The answers to what arrived on a way, sent back from its end to where the connection was opened: they are
    established at nodes that saw the question and pass their translations backwards; elsewhere a TCP or ICMP answer
    is invalid and any other new, as in the kernel. What gets back is `arrived` at the way's start."""
    node = network.named[way.at]
    spread = Spread(space, network, True, Tracked(space, way))
    part = Part(node, "", reversed_headers(way.headers), (), 0)
    return Reached(way.at, tuple(spread.run([part])))


class Tracked:
    """What the nodes on a way know of its connections, while the answers travel."""

    def __init__(self, space: Space, way: Way) -> None:
        self.space = space
        self._saw: dict[str, Headers] = {}
        self._changes = way.changes
        self._nodes = [hop.node for hop in way.hops]
        form = way.headers
        # backwards from the end: what was seen at each node, in the form in which it left it
        for index in range(len(way.hops) - 1, way.start - 1, -1):
            name = way.hops[index].node
            self._saw[name] = self._saw.get(name, space.nothing) | reversed_headers(form)
            for hop, rewrite, before, _ in reversed(way.changes):
                if hop == index:
                    form = untranslated(form, rewrite, before)

    def known(self, node: str, headers: Headers) -> Headers:
        """The answers with the state that this node gives them."""
        mine = headers & _any_state(self._saw.get(node, self.space.nothing))
        rest = headers - mine
        strict = self.space.box({Field.PROTOCOL: [(6, 6), *((n, n) for n in MESSAGES)]})
        state = {word: [(number, number)] for number, word in enumerate(STATES)}
        return self.space.union(
            (
                mine.assigned(Field.STATE, state["established"]),
                (rest & strict).assigned(Field.STATE, state["invalid"]),
                (rest - strict).assigned(Field.STATE, state["new"]),
            )
        )

    def undone(self, part: Part, hook: Hook) -> Iterator[Part]:
        """The translations of the question backwards: where it changed the source, before the routes are asked about the
        answer's destination; where only the destination, after."""
        headers = part.headers
        for hop, rewrite, before, after in reversed(self._changes):
            before_routes = any(change.field is Field.SOURCE for change in rewrite.changes)
            if self._nodes[hop] == part.node.name and before_routes is (hook == "prerouting"):
                mine = headers & _any_state(reversed_headers(after))
                if mine:
                    back = untranslated(reversed_headers(mine), rewrite, before)
                    state = self.space.box({Field.STATE: [(1, 1)]})
                    headers = (headers - mine) | (_any_state(reversed_headers(back)) & state)
        yield replace(part, headers=headers)


def _any_state(headers: Headers) -> Headers:
    every = [(0, TOP[Field.STATE])]
    return headers.assigned(Field.STATE, every).assigned(Field.NEAR, [(0, 1)])
