"""What systems move at their peak, and where: for checks on bandwidth and on what devices can do.

In: an estate. Out: for a place or a pair of places, the systems that count there; their sum in Mbps. A system is at every
site where it has a segment; between two sites it moves at most its peak (both hold all of it, or one replicates to the
other); from the internet it moves its peak at every site that serves it, because the other may be gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inventory.estate import Estate
from policies.checks.shape import Words, settled

Found = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Demand:
    """By site: systems that are there, and those that it serves to the internet; between sites: who replicates."""

    there: Found
    served: Found
    moved: Mapping[frozenset[str], frozenset[str]]
    peaks: Mapping[str, float | None]
    """system → Mbps; None where that is not known yet"""

    def between(self, ends: Iterable[str]) -> frozenset[str]:
        """Systems that move something between two sites."""
        pair = frozenset(ends)
        everywhere = [self.there.get(site, frozenset()) for site in pair]
        return frozenset.intersection(*everywhere) | self.moved.get(pair, frozenset()) if everywhere else frozenset()

    def out_of(self, site: str) -> frozenset[str]:
        """Systems that move something between a site and any other."""
        others = {*self.there, *(end for pair in self.moved for end in pair)} - {site}
        return frozenset().union(*(self.between((site, other)) for other in others))

    def total(self, systems: Iterable[str]) -> tuple[float, list[Words]]:
        """Their peaks together in Mbps, and why that may not be all."""
        total, open_ = 0.0, []
        for name in sorted(systems):
            peak = self.peaks.get(name)
            if peak is None:
                open_.append((f"系统 {name} 的峰值不能确定", f"the peak of system {name} cannot be told"))
            else:
                total += peak
        return total, open_


def demand(estate: Estate) -> Demand:
    """Of the whole estate."""
    there: dict[str, set[str]] = defaultdict(set)
    served: dict[str, set[str]] = defaultdict(set)
    moved: dict[frozenset[str], set[str]] = defaultdict(set)
    for one in estate.kind("net.subnet", "net.lb"):
        site, system = one.get("site"), one.get("system")
        if isinstance(site, str) and isinstance(system, str) and settled((site, system)):
            there[site].add(system)
            if one.kind == "net.lb" and one.get("exposure") == "internet":
                served[site].add(system)
    for one in estate.kind("dr.replication"):
        ends, system = (one.get("source_site"), one.get("target_site")), one.get("system")
        if isinstance(system, str) and settled((ends, system)) and all(isinstance(end, str) for end in ends):
            moved[frozenset(map(str, ends))].add(system)
    peaks: dict[str, float | None] = {}
    for one in estate.kind("gov.system"):
        peak = one.get("peak_mbps")
        peaks[one.name] = float(peak) if isinstance(peak, int | float) else None
    return Demand(_frozen(there), _frozen(served), {pair: frozenset(names) for pair, names in moved.items()}, peaks)


def _frozen(found: Mapping[str, set[str]]) -> Found:
    return {site: frozenset(names) for site, names in found.items()}
