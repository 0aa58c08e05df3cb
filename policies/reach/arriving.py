"""What arrives where, and what of it has to be looked at again. In: a network, who sends what, and what was kept of the last
proof. Out: sets for each two ends, the same as if nothing had been kept.

Only what may fare otherwise spreads again (`policies.reach.differing`): everything that a changed node sends, and of the
others the packets that meet something changed. The rest is taken as it was kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

from policies.reach import keeping
from policies.reach.differing import differing
from policies.reach.fields import Field, addresses
from policies.reach.filters import passed
from policies.reach.headers import Headers, Space
from policies.reach.keeping import Diagram, Kept, Sets
from policies.reach.network import Network, Node
from policies.reach.spreading import End, reach


class Arrivals:
    """As long as one proof: target → source → what arrives directly."""

    def __init__(
        self, space: Space, network: Network, sends: Callable[[str], Headers],
        kept: Kept | None = None, facts: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`sends`: an end → all that it may send. `facts`: end → digest of what answers depend on beside the network."""
        self.space, self.network, self._sends = space, network, sends
        self.facts: Mapping[str, str] = facts or {}
        self.kept = kept if kept and keeping.known(network) else None
        self.ends = tuple(sorted(node.name for node in network.nodes if node.kind != "router"))
        """nodes that send and receive: everything but routers, by name"""
        self._old: dict[str, dict[str, int]] = {}
        self._new: dict[str, dict[str, Headers]] = defaultdict(dict)
        self._again: dict[str, set[str]] = defaultdict(set)
        self._before: dict[str, Node | None] = {}
        self.changed = self.senders = frozenset(self.ends)
        """ends that are new or not as they were; those of them that may send otherwise"""
        if self.kept is None:
            self._sent(self.ends)
        else:
            self._renewed(self.kept)

    def sources(self, target: str) -> Collection[str]:
        """Whose packets arrive."""
        return {**self._old.get(target, {}), **self._new.get(target, {})}.keys()

    def headers(self, source: str, target: str) -> Headers:
        """Exactly what arrives."""
        new = self._new.get(target, {})
        if source not in new and source in self._old.get(target, {}):
            self._new[target][source] = self._sets[self._old[target][source]]
        return self._new.get(target, {}).get(source, self.space.nothing)

    def every(self) -> Mapping[str, Mapping[str, Headers]]:
        """All of them."""
        found = ((target, self.sources(target)) for target in sorted({*self._old, *self._new}))
        return {target: {name: self.headers(name, target) for name in names} for target, names in found if names}

    def keep(
        self, texts: Mapping[str, str], asked: Mapping[str, frozenset[str]], wrong: Mapping[str, Mapping[str, tuple[str, ...]]],
        calm: Mapping[str, list[str]],
    ) -> Kept | None:  # fmt: skip
        """All of it as plain data, for the next proof; None where it is as it was kept, or cannot be kept. `texts`: digest →
        the text of each filter; the others as `Kept` has them."""
        if not keeping.known(self.network):
            return None
        if self.same and self.kept and (asked, calm) == (self.kept.asked, self.kept.calm):
            return None
        old = self.kept if self.kept and len(self.kept.diagram) <= 2 * self.kept.fresh else None
        diagram = Diagram(old.diagram if old else ())
        every: Mapping[str, Mapping[str, Headers]] = self._new if old else self.every()
        pairs = {target: {**by} for target, by in self._old.items()} if old else {}
        for target, by in every.items():
            pairs.setdefault(target, {}).update({name: diagram.number(one.node) for name, one in by.items()})
        rows = {node.name: keeping.row(node) for node in self.network.nodes}
        return Kept(
            rows, self.network.links, texts, self.sent(), self.facts, asked, wrong, calm, pairs, diagram.rows,
            old.fresh if old else len(diagram.rows),
        )  # fmt: skip

    @property
    def same(self) -> bool:
        """Whether all is as it was kept."""
        kept, now = self.kept, self.network
        return kept is not None and not self._before and not self.changed and kept.rows.keys() == now.named.keys()

    def sent(self) -> Mapping[str, list[list[int]]]:
        """Source → ranges of destinations that it may send to: where changes are elsewhere, its filter need not be read."""
        out: dict[str, list[str]] = defaultdict(list)
        for name, interface in self.network.across:
            out[name].append(interface)
        old = {} if self.kept is None else self.kept.sent
        found = {}
        for name in self.ends:
            if name in old and name not in self.senders:
                found[name] = old[name]
            else:
                rules = self.network.named[name].rules
                through = self.space.union(passed(self.space, rules, "output", "", each) for each in out[name])
                found[name] = [[*span] for span in (self._sends(name) & through).targets()]
        return found

    def doubtful(self, target: str) -> Collection[str] | None:
        """Sources of which an answer about a target may not be as it was; None: all of them."""
        if self.kept is None or target in self.changed:
            return None
        return self.changed | self._again[target] if target in self._again else self.changed

    def _renewed(self, kept: Kept) -> None:
        self._sets = Sets(self.space, kept.diagram)
        for node in self.network.nodes:
            old = kept.rows.get(node.name)
            if old is None or old != keeping.row(node):
                self._before[node.name] = None if old is None else kept.node(node.name)
        gone = kept.rows.keys() - self.network.named.keys()
        found = differing(self.space, self._before, gone, kept.links, self.network)
        self.senders = found.senders
        self.changed = found.senders | {name for name in self.ends if self.facts.get(name) != kept.facts.get(name)}
        for target in kept.pairs.keys() & self.network.named.keys():
            by = kept.pairs[target]
            self._old[target] = {name: by[name] for name in by if name not in found.senders and name not in gone}
        self._sent(name for name in self.ends if name in found.senders)
        meeting = found.headers.targets()
        for source in self.ends if meeting else ():
            if source not in found.senders and _meet(meeting, kept.sent[source]):
                own = found.headers & self._from(source)
                if _meet(own.targets(), kept.sent[source]):
                    self._met(source, own)

    def _met(self, source: str, changed: Headers) -> None:
        """One that did not change, some of whose packets may meet something that did: these spread again, and take the
        place of what was kept of them. No packet becomes another on its way (`differing` would have said so)."""
        mine = self._sends(source) & changed
        arrived = self._spread(source, mine)
        for target in (self._whose(mine) | arrived.keys()) - {source}:
            now = (self.headers(source, target) - changed) | arrived.get(target, self.space.nothing)
            self._again[target].add(source)
            self._old.get(target, {}).pop(source, None)
            self._new[target].pop(source, None)
            if now:
                self._new[target][source] = now

    def _sent(self, sources: Iterable[str]) -> None:
        for source in sources:
            for target, headers in self._spread(source, self._sends(source)).items():
                self._new[target][source] = headers

    def _spread(self, source: str, headers: Headers) -> Mapping[str, Headers]:
        found: dict[str, list[Headers]] = defaultdict(list)
        for way in reach(self.space, self.network, source, headers, losses=False, opens=False).ended(End.ARRIVED):
            if way.at != source:
                found[way.at].append(way.headers)
        return {target: self.space.union(sets) for target, sets in found.items()}

    def _from(self, source: str) -> Headers:
        """All packets with its own source addresses: asked before its filter is looked at."""
        node = self.network.named[source]
        if node.kind == "outside":
            return self.space.everything
        return self.space.box({Field.SOURCE: [addresses(text) for text in node.local]})

    def _whose(self, headers: Headers) -> set[str]:
        """Nodes that packets of a set are, or were, sent to."""
        found: set[str] = set()
        spans, wide = self._spans
        lasts = self._lasts
        for low, high in headers.targets():
            at = bisect_left(lasts, low)
            while at < len(spans) and spans[at][0] <= high:
                found.add(spans[at][2])
                at += 1
            found.update(name for first, last, name in wide if first <= high and last >= low)
        return found

    @cached_property
    def _spans(self) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, str]]]:
        """First, last and node of each prefix that is or was a node's own, sorted; beside them those that others lie in."""
        both = [*self.network.nodes, *filter(None, self._before.values())]
        spans = sorted({(*addresses(text), node.name) for node in both for text in node.local})
        wide = {one for one, other in pairwise(spans) if other[0] <= one[1]}
        return [one for one in spans if one not in wide], sorted(wide)

    @cached_property
    def _lasts(self) -> list[int]:
        return [last for _, last, _ in self._spans[0]]


def _meet(some: Sequence[Sequence[int]], others: Sequence[Sequence[int]]) -> bool:
    """Whether two lists of sorted ranges have a number in common."""
    i = j = 0
    while i < len(some) and j < len(others):
        if some[i][0] <= others[j][1] and others[j][0] <= some[i][1]:
            return True
        i, j = (i + 1, j) if some[i][1] < others[j][1] else (i, j + 1)
    return False
