"""What is proved of a city, worked out once for all checks. In: a `City`. Out: who reaches whom, with what, and witnesses.

Sources are hosts (from their own addresses), the bastion, load balancers (the connections that they open) and the
internet (from any address at all, also a stolen one). `arrivals` is what really arrives, by the rendered filters and the
routes; `declared` what people meant it to be (`policies.reach.meaning`). `changes` says what a loss takes away or opens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from inventory.estate import Estate
from policies.reach import keeping
from policies.reach.alike import digest, representatives
from policies.reach.arriving import Arrivals
from policies.reach.city import INTERNET, PORTS, City, Loss, city
from policies.reach.connections import opening
from policies.reach.fields import Field, addresses
from policies.reach.filters import passed
from policies.reach.headers import Headers, Space
from policies.reach.keeping import Kept
from policies.reach.meaning import Meant
from policies.reach.network import Link, Network, Node, Route
from policies.reach.spreading import Reached, reach, sent, served
from policies.reach.walking import Trace, walk

_PROBE: Final = "probe:"


@dataclass(frozen=True, slots=True)
class Difference:
    """Of what one node sends to another: a set that should not be, or is missing, with one packet of it and its hops."""

    source: str
    target: str
    headers: Headers
    trace: Trace


class Proof:
    """As long as one estate is judged: the sets, and what was asked already. `kept`: what was proved last; `keeps`: whether
    what is proved now will be kept."""

    def __init__(self, of: City, kept: Kept | None = None, *, keeps: bool = False) -> None:
        self.city, self.space = of, Space()
        self.network = of.network
        self._kept, self._keeps = kept, keeps or kept is not None
        self._reached: dict[str, Reached] = {}
        self._declared: dict[str, Mapping[str, Headers]] = {}
        self._beyond: dict[str, tuple[Difference, ...]] = {}
        self._before: dict[str, Mapping[str, Headers]] = {}
        self._calmed: dict[str, bool] = {}
        self._asked: dict[str, set[str]] = defaultdict(set)
        self._wrong: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        self._meant = Meant(of)

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """Nodes that send and receive: everything but routers, by name."""
        return tuple(sorted(node.name for node in self.network.nodes if node.kind != "router"))

    @cached_property
    def beginning(self) -> Headers:
        """Every packet that may begin a connection. Discovery of neighbours is no connection and is not handed on."""
        return opening(self.space) & self.space.box({Field.STATE: [(0, 0)]})

    def reached(self, source: str) -> Reached:
        """Everything that arrives of what a node may send."""
        if source not in self._reached:
            self._reached[source] = reach(self.space, self.network, source, self._sends(source), losses=False)
        return self._reached[source]

    @cached_property
    def inward(self) -> bool:
        """Whether anything from the internet may come to a balancer that is not the internet's, which would pass it on:
        directly, as is kept, or by another balancer, which is taken for granted where one is the member of another. Where
        nothing may, nobody needs to ask what spreads from there."""
        nodes = [node for node in self.network.nodes if node.kind == "balancer"]
        own = {address for node in nodes for address in node.local}
        if any(member in own for node in nodes for service in node.services for member in service.members):
            return True
        others = (node.name for node in nodes if self.city.places[node.name].get("exposure") != "internet")
        return any(self.arriving.headers(INTERNET, name) for name in others)

    @cached_property
    def arriving(self) -> Arrivals:
        """What arrives directly; what a load balancer passes on is the balancer's own."""
        return Arrivals(self.space, self.network, self._sends, self._kept, self._facts)

    @cached_property
    def arrivals(self) -> Mapping[str, Mapping[str, Headers]]:
        """target → source → what arrives directly, all of it: for those who count"""
        return self.arriving.every()

    @cached_property
    def _facts(self) -> Mapping[str, str]:
        return self._meant.facts() if self._keeps else {}

    def declared(self, target: str, only: Collection[str] | None = None) -> Mapping[str, Headers]:
        """source → what the rules of both ends declare; `only`: of these sources"""
        if only is not None and target not in self._declared:
            return self._meant.declared(self.space, target, only)
        if target not in self._declared:
            self._declared[target] = self._meant.declared(self.space, target)
        return self._declared[target]

    def beyond(self, target: str) -> Iterable[Difference]:
        """What arrives at a host that no rule declares."""
        if target not in self._beyond:
            self._beyond[target] = tuple(self.undeclared("beyond", target, lambda source: True))
        return self._beyond[target]

    def undeclared(self, question: str, target: str, counts: Callable[[str], bool]) -> Iterator[Difference]:
        """What arrives at a host of the sources that `counts` names and no rule declares."""
        sources = [name for name in self.asked(question, target, self.arriving.sources(target)) if counts(name)]
        declared = self.declared(target, {*sources}) if sources else {}
        extra = (
            (name, self.arriving.headers(name, target) - declared.get(name, self.space.nothing)) for name in sources
        )
        return self.told(question, target, extra)

    def missing(self, target: str) -> Iterator[Difference]:
        """What the rules of both ends declare and does not arrive at a host."""
        only = self._doubtful("missing", target)
        absent = []
        for source, headers in sorted(self.declared(target, only).items() if only is None or only else ()):
            arrives = self.arriving.headers(source, target)
            # how many routers stand between says nothing about what was declared
            absent.append((source, headers.assigned(Field.NEAR, [(0, 0)]) - arrives.assigned(Field.NEAR, [(0, 0)])))
        return self.told("missing", target, absent)

    def asked(self, question: str, target: str, sources: Iterable[str]) -> list[str]:
        """Those of the sources of which the answer has to be looked for: all, unless the question was asked before, nothing
        was wrong, and nothing that the answer depends on has changed since. Who asks says with `told` what was wrong."""
        only = self._doubtful(question, target)
        return sorted(sources if only is None else only.intersection(sources))

    def _doubtful(self, question: str, target: str) -> set[str] | None:
        found = self.arriving.doubtful(target)
        kept = self._kept
        if found is None or kept is None or target not in kept.asked.get(question, ()):
            return None
        return {*found, *kept.wrong.get(question, {}).get(target, ())}

    def told(self, question: str, target: str, wrong: Iterable[tuple[str, Headers]]) -> Iterator[Difference]:
        """Those sets that are not empty, as differences; noted for the next proof."""
        found = [(source, headers) for source, headers in wrong if headers]
        self.noted(question, target, [source for source, _ in found])
        return (self.difference(source, target, headers) for source, headers in found)

    def noted(self, question: str, target: str, wrong: Iterable[str]) -> None:
        """A question was asked of a target to the end, and these of its sources (or "") gave a reason to look again."""
        self._asked[question].add(target)
        if some := tuple(wrong):
            self._wrong[question][target] = some

    def kept(self) -> Kept | None:
        """What the next proof may know of this one; None where it is what is kept already, or cannot be kept."""
        if not self._keeps or "arriving" not in vars(self):
            return None
        asked = {question: frozenset(targets) for question, targets in self._asked.items()}
        calm = self._kept.calm if self._kept else {}
        if self._calmed:
            calm = {digest(self._few): sorted(key for key, nothing in self._calmed.items() if nothing)}
        return self.arriving.keep(self.city.texts, asked, self._wrong, calm)

    def difference(self, source: str, target: str, headers: Headers, network: Network | None = None) -> Difference:
        """A set with its witness, walked through the network as it is (or as it would be)."""
        sample = headers.sample()
        assert sample is not None
        return Difference(source, target, headers, walk(network or self.network, source, sample))

    def changes(self, lost: Loss) -> Iterator[tuple[bool, Difference]]:
        """After a loss, between ends that are still there: True and what arrives that did not before, False and what
        arrived before and does not any more."""
        if not self._filtering and self._calm(lost):
            return
        after = self.city.after(lost)
        joined = self._joined(after)
        for router in sorted(set(self.city.attached.values())):
            if router not in after.named:
                continue
            if router not in self._before:
                self._before[router] = self._probed(router, self._whole)
            before, now = self._before[router], self._probed(router, joined)
            for place in sorted({*before, *now}):
                old, new = (each.get(place, self.space.nothing) for each in (before, now))
                if old != new:
                    yield from self._changed(router, place, old - new, new - old, after)

    def _calm(self, lost: Loss) -> bool:
        """Whether a loss changes nothing between ends that are left, where routers do not filter: asked of one end of each
        kind, and once of cities that are alike in these."""
        if lost.key not in self._calmed:
            self._calmed[lost.key] = lost.key in self._known_calm or self._changes_nothing(lost)
        return self._calmed[lost.key]

    @cached_property
    def _known_calm(self) -> Collection[str]:
        return self._kept.calm.get(digest(self._few), ()) if self._kept else ()

    def _changes_nothing(self, lost: Loss) -> bool:
        small, before = self._few, self._few_before
        after = small.after(lost)
        joined = self._joined(after)
        left = [addresses(text) for end in small.attached if end in after.named for text in after.named[end].local]
        ours = self.space.box({Field.TARGET: left})
        for router in sorted({*small.attached.values()} & joined.named.keys()):
            now = self._probed(router, joined)
            for place in {*before[router], *now}:
                old, new = (each.get(place, self.space.nothing) & ours for each in (before[router], now))
                if old != new:
                    return False
        return True

    @cached_property
    def _few(self) -> City:
        return representatives(self.city)

    @cached_property
    def _few_before(self) -> Mapping[str, Mapping[str, Headers]]:
        """What comes to each place from each router of the city with one end of each kind."""
        joined = self._joined(self._few.network)
        return {router: self._probed(router, joined) for router in sorted({*self._few.attached.values()})}

    def _changed(
        self, router: str, place: str, gone: Headers, more: Headers, after: Network
    ) -> Iterator[tuple[bool, Difference]]:
        ends = [name for name in self.ends if name in after.named]
        targets = [name for name in ends if self._place(name) == place]
        for source in (name for name in ends if targets and self.city.attached.get(name) == router):
            for target in targets:
                if source == target:
                    continue
                arrived = self.arriving.headers(source, target)
                if less := arrived & gone:
                    yield False, self.difference(source, target, less, after)
                if more:
                    own = {Field.TARGET: [addresses(text) for text in self.network.named[target].local]}
                    may = self._sends(source) & more & self.space.box(own)
                    may = may & passed(self.space, self.network.named[source].rules, "output")
                    if may := may & passed(self.space, self.network.named[target].rules, "input"):
                        yield True, self.difference(source, target, may, after)

    def _place(self, end: str) -> str:
        """Where an end is compared after a loss: with everything that hangs on its router, or by itself where routers
        filter and ports are not alike."""
        return end if self._filtering else f"behind {self.city.attached.get(end)}"

    @cached_property
    def _filtering(self) -> bool:
        return any(node.rules.chains or node.rewrites for node in self.network.nodes if node.kind == "router")

    @cached_property
    def _whole(self) -> Network:
        return self._joined(self.network)

    def _joined(self, network: Network) -> Network:
        """The network with all that hangs on one router as one node without a filter, where routers do not filter."""
        if self._filtering:
            return network
        held: dict[str, list[str]] = defaultdict(list)
        for end, at in self.city.attached.items():
            if end in network.named:
                held[at] += network.named[end].local
        nodes: list[Node] = []
        links = list(network.links)
        for node in network.nodes:
            if node.kind == "router":
                own = tuple(Route(text, "behind") for text in held[node.name])
                through = tuple(route for route in node.routes if not (route.out or "").startswith(PORTS))
                nodes.append(replace(node, routes=(*through, *own)))
                nodes.append(Node(f"behind {node.name}", "host", tuple(held[node.name])))
                links.append(Link("", ((node.name, "behind"), (f"behind {node.name}", "eth0"))))
        return Network(tuple(nodes), tuple(links))

    def _probed(self, router: str, network: Network) -> Mapping[str, Headers]:
        """What comes to each place of everything that anything could send at a router."""
        probe = Node(_PROBE, "host", (), (Route("::/0", "x"), Route("0.0.0.0/0", "x")))
        link = Link(_PROBE, ((_PROBE, "x"), (router, _PROBE)))
        probed = Network((*network.nodes, probe), (*network.links, link))
        return reach(self.space, probed, _PROBE, self.beginning, losses=False, opens=False).arrived

    def _sends(self, source: str) -> Headers:
        node = self.network.named[source]
        if node.kind == "outside":
            return self.beginning
        if node.kind == "balancer":
            return self.space.union(served(self.space, node, self.space.everything))
        own = self.space.box({Field.TARGET: [addresses(text) for text in node.local]})
        return sent(self.space, node) & self.beginning - own


def proof(estate: Estate) -> Proof:
    """The proof of an estate: made once, and kept with it as its indexes are."""
    kept = vars(estate)
    if "reachability" not in kept:
        file: Path | None = kept.get("proved before")
        before = keeping.load(file) if file else None
        kept["reachability"] = Proof(city(estate, before.texts if before else None), before, keeps=file is not None)
    return kept["reachability"]


def recall(estate: Estate, file: Path) -> None:
    """Let the proof of an estate begin with what was kept in a file."""
    vars(estate)["proved before"] = file


def keep(estate: Estate) -> None:
    """Keep what was proved of an estate in the file that `recall` named, for the next proof."""
    file: Path | None = vars(estate).get("proved before")
    done: Proof | None = vars(estate).get("reachability")
    if file is not None and done is not None and (made := done.kept()):
        keeping.save(file, made)


def worked_out(estate: Estate) -> Proof | None:
    """The proof of an estate where a check has asked already what arrives; None where it would have to begin now."""
    done: Proof | None = vars(estate).get("reachability")
    return done if done is not None and "arriving" in vars(done) else None
