"""The extranet of the city: routers and segments of each site, lines between the sites (stack `city-network`), and
the segments of a system.

In: sites, lines and zones of the city, and their addresses. Out: `net.router`, `net.subnet`, `net.link`. The access
router of a site with an IPv6-mostly segment translates to IPv4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory import numbering, translation
from inventory.kinds.net import Link, Router, Subnet
from inventory.layout import Segment
from inventory.model import City, LinkPlan, Site
from stacks.parts import After, Draft, Part, Wanted
from stacks.sheets import Sheet

CAPACITY = {"core": 100_000, "access": 40_000}
"""Mbps of a router by role: illustrative, and far above 1.3 times the peak of what stands behind it"""


def city(blue: Sheet, draft: Draft) -> dict[str, Any]:
    """Stack `city-network`. Exports the names that other stacks build on."""
    cores: dict[str, Wanted] = {}
    segments: dict[str, Wanted] = {}
    for site in blue.city.sites:
        part = draft.part("network:Site", site.key, {"site": site.key, "zone": "management"})
        own = [segment for segment in blue.own.segments if segment.site == site.key]
        routers = {role: _router(blue, part, site, role) for role in CAPACITY if role == "core" or _edge(own)}
        cores[site.key] = routers["core"]
        for segment in own:
            router = "access" if segment.tier == "access" else "core"
            segments[segment.name] = subnet(blue, part, segment, f"{router}-{site.key}", [routers[router]])
    backbone = draft.part("network:Backbone", "backbone")
    for line in blue.city.links:
        _link(blue, backbone, line, cores)
    return {
        "routers": [f"core-{site}" for site in cores],
        "segments": {name: blue.allocations.segment(name).cidr6 for name in segments},
        "links": {line.key: list(line.ends) for line in blue.city.links},
    }


def subnet(blue: Sheet, part: Part, segment: Segment, router: str, after: After, **fields: Any) -> Wanted:
    """One segment behind its site's router. Only the access segments may have a route to the internet."""
    prefixes = blue.allocations.segment(segment.name)
    zone = blue.city.zone(segment.zone)
    return part.add(
        Subnet,
        segment.name,
        after=after,
        **{
            **fields,
            "site": segment.site,
            "zone": segment.zone,
            "tier": segment.tier,
            "cidr6": prefixes.cidr6,
            "cidr4": prefixes.cidr4,
            "router": router,
            "internet_route": bool(zone and zone.internet and segment.tier == "access"),
            "dhcp6": numbering.family(blue.city, segment).dhcp6,
        },
    )


def segments(blue: Sheet, part: Part, stack: str, after: After) -> dict[str, Wanted]:
    """The segments of a system, behind the core router of their site."""
    return {
        segment.name: subnet(blue, part, segment, f"core-{segment.site}", after, origin=part.shared.get("origin", ""))
        for segment in blue.layout(stack).segments
    }


def line_between(city_: City, source: str, target: str) -> LinkPlan | None:
    """The line that joins two sites directly; one that stands by only where there is no other."""
    found = [line for line in city_.links if set(line.ends) == {source, target}]
    return min(found, key=lambda line: line.backup, default=None)


def _edge(own: list[Segment]) -> bool:
    return any(segment.tier == "access" for segment in own)


def _router(blue: Sheet, part: Part, site: Site, role: str) -> Wanted:
    name = f"{role}-{site.key}"
    # IPv4 that is not the city's is the internet's: its translator stands where the internet is
    translates = role == "access" and site.key in translation.sites(blue.city)
    nat64, pool4 = (
        (blue.allocations.nat64_of(site.key), blue.allocations.pool4_of(site.key)) if translates else (None, None)
    )
    return part.add(
        Router, name, role=role, asn=site.asn, loopback6=blue.allocations.loopback(name), count=2,
        racks=(f"{site.key}-{role}-1", f"{site.key}-{role}-2"), capacity_mbps=CAPACITY[role],
        egress_mbps=site.egress_mbps if role == "access" else 0, nat64=nat64, pool4=pool4,
    )  # fmt: skip


def _link(blue: Sheet, part: Part, line: LinkPlan, cores: Mapping[str, Wanted]) -> Wanted:
    first, second = line.ends
    sites = {site.key: site for site in blue.city.sites}
    # carriers that both ends have come first: one line of each, as far as there are lines
    shared = [*(c for c in sites[first].carriers if c in sites[second].carriers), *sites[first].carriers]
    carriers = dict.fromkeys([line.carrier] if line.carrier else shared)
    return part.add(
        Link, line.key, after=[cores[first], cores[second]], zone="management", ends=(first, second),
        routers=(f"core-{first}", f"core-{second}"), prefix6=blue.allocations.link(line.key),
        bandwidth_mbps=line.bandwidth_mbps, rtt_ms=line.rtt_ms, lines=line.lines,
        carriers=tuple(carriers)[: line.lines], encryption=line.encryption, medium=line.medium, backup=line.backup,
    )  # fmt: skip
