"""A city with one end of each kind. In: a `City` whose routers do not filter. Out: a smaller one, in which a loss changes
something exactly where it does in the whole.

Whether routers hand a packet on depends on its destination alone, and of that only on which prefixes it lies in, where these
are held and which router it hangs on: routes to all prefixes of one router are alike (`inventory.rendering.routes`). Ends
that agree in that are lost and found together, so one of them is asked for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from policies.reach.city import PORTS, City
from policies.reach.fields import Range, addresses
from policies.reach.routing import Held

Kind = tuple[object, ...]


def representatives(of: City) -> City:
    """The city with one end of each kind, and no more prefixes than these lie in."""
    held = _Prefixes(of.held)
    kinds: dict[Kind, str] = {}
    for end, router in sorted(of.attached.items()):
        there = tuple(held.around(addresses(text)) for text in of.network.named[end].local)
        kinds.setdefault((router, str(of.places[end].get("site")), there), end)
    kept = {*kinds.values()}
    gone = of.attached.keys() - kept
    spans = [addresses(text) for end in kept for text in of.network.named[end].local]
    own = {
        router: tuple(route for route in routes if (route.out or "").removeprefix(PORTS) not in gone)
        for router, routes in of.own.items()
    }
    left = of.network.without(gone)
    around = tuple(one for one in of.held if any(_in(span, addresses(one.prefix)) for span in spans))
    small = replace(
        of, network=left, held=around, own=own, attached={end: of.attached[end] for end in sorted(kept)},
        places={name: one for name, one in of.places.items() if name not in gone},
    )  # fmt: skip
    return replace(small, network=small.routed())


def digest(of: City) -> str:
    """Of all that a loss can change in such a city: two of one digest lose and find alike. Filters of ends are not in it."""
    routers = [(n.name, n.kind, n.forwards, n.local, n.routes) for n in of.network.nodes if n.name not in of.attached]
    ends = [(end, at, of.network.named[end].local) for end, at in sorted(of.attached.items())]
    sites = sorted((name, str(one.get("site"))) for name, one in of.places.items())
    links = [(link.name, link.ends) for link in of.network.links]
    return sha256(repr((routers, ends, sites, links, of.edges, of.held, sorted(of.own.items()))).encode()).hexdigest()


class _Prefixes:
    """Where prefixes are held, by size."""

    def __init__(self, held: Iterable[Held]) -> None:
        self._by: dict[int, dict[int, set[tuple[str, bool]]]] = defaultdict(lambda: defaultdict(set))
        for one in held:
            low, high = addresses(one.prefix)
            self._by[high - low + 1][low].add((one.router, one.rest))
        self._sizes = sorted(self._by)

    def around(self, span: Range) -> tuple[object, ...]:
        """The holders of every prefix that an address lies in, the smallest prefix first."""
        found = []
        for size in self._sizes:
            holders = self._by[size].get(span[0] - span[0] % size)
            if holders:
                found.append(frozenset(holders))
        return tuple(found)


def _in(inner: Range, outer: Range) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
