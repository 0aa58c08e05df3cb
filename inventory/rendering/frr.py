"""FRR of a router: in, the estate and a router's name; out, `frr.conf`. One AS a site.

Core routers of different sites speak eBGP over the IPv6 addresses of the line between them, for both families, with
BFD. The way of the shortest round trip is taken, then of the fewest lines, then by the neighbour's router id, as
`routes` has it, whatever the number of ASes: each line adds its cost to the metric (MED). A site advertises the fewest
prefixes that cover its own and touch nobody else's (`aggregates`), passes on those of other sites, and takes exactly the
other sites' from a neighbour: a longer, a shorter or an own prefix never gets in. A line that stands by is watched
slowly, and what comes over it is marked and least preferred by every router that hears of it, so that the whole city uses
it only where nothing else is left.

Where a site has more than one router, OSPFv3 carries loopbacks and IPv6 segments between them, and iBGP between the
loopbacks what comes from outside, and IPv4. Addresses and devices are those of `nodes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Interface, ip_network

from inventory.estate import Estate, Resource
from inventory.problems import Problem, Refused
from inventory.rendering import nodes
from inventory.rendering.aggregates import minimum
from inventory.rendering.nodes import Line, Namer, Net, normal

VERSION = "8.4"
"""whose syntax this is (Debian 12)"""
BFD_MS, BFD_MISSES = 100, 3
"""a silent line is given up after 0.3 s; BGP's own hold time is the second net"""
KEEPALIVE_S, HOLD_S, CONNECT_S = 1, 3, 1
BACKUP_BFD_MS = 1000
BACKUP_KEEPALIVE_S, BACKUP_HOLD_S = 10, 30
"""a line that stands by may be a satellite's: its delay changes, and every packet is dear"""
BACKUP_COMMUNITY = "64496:15"
"""on what came over a line that stands by (RFC 1997). The preference alone stays inside a site, and a shorter path
behind somebody else's satellite would win over a longer one on the ground"""
_WAYS = 256
"""a line counts its round trip in microseconds so many times, and one: of ways of one length that of the fewest lines
wins, as long as no way has more lines than this"""


_KERNEL = tuple(
    line for word, version, all_, longest in (("ip", 4, "0.0.0.0/0", 31), ("ipv6", 6, "::/0", 127)) for line in (
        f"{word} prefix-list segments{version} seq 5 permit {all_} le {longest}", f"route-map segments{version} permit 10",
        f" match {word} address prefix-list segments{version}", " set metric 0", "exit", "!",
    )
)  # fmt: skip
"""of the kernel's routes those that are no host's; the way to them costs nothing"""


@dataclass(frozen=True)
class _Site:
    """One AS. `own` is what it advertises."""

    key: str
    asn: int
    routers: tuple[str, ...]
    """the core router that speaks for it first"""
    own: tuple[str, ...]
    summed: frozenset[str]
    """those of `own` that are made of segments and of what translators have"""


@dataclass(frozen=True)
class _City:
    """Made once an estate (`Estate.derived`): every router's text needs all of it."""

    estate: Estate

    @cached_property
    def net(self) -> Net:
        return nodes.net(self.estate)

    @cached_property
    def sites(self) -> dict[str, _Site]:
        routers: dict[str, list[Resource]] = {}
        for router in sorted(self.estate.kind("net.router"), key=lambda r: (r["role"] != "core", r.name)):
            routers.setdefault(router.get("site") or "", []).append(router)
        at = {router.name: key for key, group in routers.items() for router in group}
        have: dict[str, list[str]] = {key: [] for key in routers}
        backbone: dict[str, list[str]] = {key: [] for key in routers}
        for prefix in nodes.spread(self.net):
            table = have if prefix.rest or prefix in self.net.translated else backbone
            table[at[prefix.router]].append(prefix.text)
        found = {}
        for key, group in routers.items():
            others = [p for table in (have, backbone) for other, them in table.items() for p in them if other != key]
            # the backbone's single addresses are of every site's kind: they are never summed up
            own = minimum(have[key], [*others, *backbone[key]])
            lone = tuple(sorted(set(backbone[key]), key=_place))
            found[key] = _Site(key, int(group[0]["asn"]), tuple(r.name for r in group), (*own, *lone), frozenset(own))
        return found

    def site(self, router: str) -> _Site:
        return next(site for site in self.sites.values() if router in site.routers)


def advertised(estate: Estate) -> dict[str, tuple[str, ...]]:
    """site → what its core router advertises of its own: the computed minimum."""
    return {key: site.own for key, site in estate.derived(_City).sites.items()}


def frr(estate: Estate, router: str, name: Namer = nodes.device, *, each: bool = False) -> str:
    """`frr.conf` of one router. Refused where an address is not known yet, or a site has routers of two ASes.

    `each`: every segment is advertised by itself, and is what the kernel of its router refuses as a whole, with the
    hosts' ports as longer routes: the file then says nothing of segments and does not change with them, and the tables
    that come of it are those of `nodes`, route for route. So are the lab's routers."""
    city = estate.derived(_City)
    found = estate.named("net.router", router)
    if found is None:
        raise KeyError(router)
    asns = {int(r["asn"]) for r in estate.kind("net.router") if r.get("site") == found.get("site")}
    if len(asns) > 1:
        raise Refused([Problem("rendering.asn", f"站点 {found.get('site')} 的路由器写了不同的自治系统号:一个站点只能有一个",
                               f"the routers of site {found.get('site')} are of different ASes: a site is one AS",
                               f"net.router/{router}")])  # fmt: skip
    return "\n".join(_Speaker(city, router, name, each).text()) + "\n"


@dataclass(frozen=True)
class _Speaker:
    city: _City
    router: str
    name: Namer
    each: bool

    def text(self) -> Iterator[str]:
        yield f"! {self.router}: 由梁柱根据部署图生成,请勿手改 / made by Liangzhu from the estate: do not edit"
        yield from (f"frr version {VERSION}", "frr defaults datacenter", f"hostname {self.router}",
                    "service integrated-vtysh-config", "!")  # fmt: skip
        if self.each:
            yield from _KERNEL
        else:
            yield from self._summed()
        yield from self._incoming()
        if self.mates:
            # says nothing, but that there is one makes bgpd forget what a map has set on the way in: else it believes
            # the next hop to be chosen, and next-hop-self does nothing
            yield from ("route-map mates permit 10", "exit", "!")
        if self.mates:
            yield from self._ospf()
        if self.neighbours:
            yield "bfd"
            for profile in dict.fromkeys(_profile(line) for line, _, _ in self.neighbours):
                every = BACKUP_BFD_MS if profile == "backup" else BFD_MS
                yield from (f" profile {profile}", f"  detect-multiplier {BFD_MISSES}", f"  receive-interval {every}",
                            f"  transmit-interval {every}", " exit", " !")  # fmt: skip
            yield from ("exit", "!")
        if self.neighbours or self.mates:
            yield from self._bgp()
        yield "end"

    @cached_property
    def site(self) -> _Site:
        return self.city.site(self.router)

    @cached_property
    def is_speaker(self) -> bool:
        return self.site.routers[0] == self.router

    @cached_property
    def id(self) -> str:
        """Router id: the last 32 bits of the loopback, which no two routers share."""
        return str(IPv4Address(nodes.numbers(self.city.net)[self.router]))

    @cached_property
    def mates(self) -> tuple[str, ...]:
        """The site's other routers, as far as this one speaks to them: all of the first, the first of all others."""
        return self.site.routers[1:] if self.is_speaker else self.site.routers[:1]

    @cached_property
    def neighbours(self) -> tuple[tuple[Line, _Site, str], ...]:
        """Line, the other site, its address on the line."""
        found = []
        for line in sorted(self.city.net.lines, key=lambda line: line.name):
            if self.router in line.routers and set(line.routers) <= set(self.city.net.loopbacks):
                far = 1 - line.routers.index(self.router)
                net = ip_network(line.prefix6, strict=False)
                found.append((line, self.city.site(line.routers[far]), str(net[far])))
        return tuple(found)

    @cached_property
    def stands_by(self) -> bool:
        """Whether some line of the city stands by: every site may hear of what came over it."""
        return any(line.backup for line in self.city.net.lines)

    @cached_property
    def originated(self) -> tuple[str, ...]:
        """What this router itself puts into BGP. What a mate does is passed on: said here too, the own word would
        win over the mate's, and the way to it be lost."""
        if self.each:
            return (*self._backbone, *self._translated(self.router))
        if not self.is_speaker:
            return self._by_bgp(self.router)
        theirs = {text for mate in self.mates for text in self._by_bgp(mate)}
        return tuple(text for text in self.site.own if text not in theirs)

    @cached_property
    def _backbone(self) -> tuple[str, ...]:
        """Lines that begin at the site and its loopbacks: the first router says them for its mates, as OSPFv3 tells it."""
        if not self.is_speaker:
            return ()
        lines = (line.prefix6 for line in self.city.net.lines if line.routers[0] in self.site.routers)
        return _ordered((*lines, *(self.city.net.loopbacks[router] for router in self.site.routers)))

    def _by_bgp(self, router: str) -> tuple[str, ...]:
        """Of a router that is not the first: what OSPFv3 does not carry."""
        return (*self._segments4(router), *self._translated(router))

    def _translated(self, router: str) -> tuple[str, ...]:
        return tuple(sorted(prefix.text for prefix in self.city.net.translated if prefix.router == router))

    def _segments4(self, router: str) -> tuple[str, ...]:
        segments = (s for s in self.city.net.segments if s.router == router)
        return tuple(sorted(text for s in segments for text in s.prefixes if ":" not in text))

    def others(self, but: str) -> tuple[str, ...]:
        """What every site but one, and this one, advertises."""
        return tuple(text for key, s in self.city.sites.items() if key not in (but, self.site.key) for text in s.own)

    def _summed(self) -> Iterator[str]:
        if self.is_speaker:
            yield from self._lists()
        # what nobody has taken is refused here, and gives the aggregate a route to be advertised from
        held = [text for text in self.originated if text in self.site.summed or text in self._segments4(self.router)]
        yield from (f"{_ip(text)} route {text} blackhole 254" for text in held)
        yield "!"

    def _lists(self) -> Iterator[str]:
        for other in dict.fromkeys(site.key for _, site, _ in self.neighbours):
            yield from _list(f"to-{other}", (*self.site.own, *self.others(other)))
        # a neighbour passes on what it has from others, so anything of theirs may come from it; ours never does
        yield from _list("in", self.others(""))
        if self.mates:
            yield from _list("mates", self.others(""))
        yield "!"

    def _incoming(self) -> Iterator[str]:
        """What each line makes of what comes over it: its cost, and whether it came over one that stands by."""
        if self.stands_by and self.neighbours:
            yield from (f"bgp community-list standard backup permit {BACKUP_COMMUNITY}", "!")
        least = " set local-preference 0"
        for line, _, _ in self.neighbours:
            head = f"route-map from-{line.name} permit"
            each = (
                f" set metric +{round(line.rtt_ms * 1000) * _WAYS + 1}",
                " set ipv6 next-hop prefer-global",
                "exit",
                "!",
            )
            if line.backup:
                yield from (f"{head} 10", f" set community {BACKUP_COMMUNITY} additive", least, *each)
            elif self.stands_by:
                yield from (f"{head} 10", " match community backup", least, *each, f"{head} 20", *each)
            else:
                yield from (f"{head} 10", *each)

    def _ospf(self) -> Iterator[str]:
        links = [(edge, edge.ends.index(self.router)) for edge in nodes.edges(self.city.net, self.name)
                 if edge.name == "star" and self.router in edge.ends]  # fmt: skip
        area, passive = " ipv6 ospf6 area 0.0.0.0", " ipv6 ospf6 passive"
        yield from ("interface lo", area, passive, "exit", "!")
        for edge, end in links:
            yield from (f"interface {edge.devices[end]}", area, " ipv6 ospf6 network point-to-point", " ipv6 ospf6 bfd",
                        f" ipv6 ospf6 hello-interval {KEEPALIVE_S}", f" ipv6 ospf6 dead-interval {HOLD_S}", "exit", "!")  # fmt: skip
        for segment in sorted(self.city.net.segments, key=lambda s: s.name):
            if segment.router == self.router and not self.each:
                yield from (f"interface {self.name('segment', segment.name)}", area, passive, "exit", "!")
        yield from ("router ospf6", f" ospf6 router-id {self.id}", "exit", "!")

    def _bgp(self) -> Iterator[str]:
        mates = [(mate, str(IPv6Interface(self.city.net.loopbacks[mate]).ip)) for mate in self.mates]
        yield from (f"router bgp {self.site.asn}", f" bgp router-id {self.id}", " no bgp default ipv4-unicast",
                    " bgp always-compare-med", " bgp bestpath as-path ignore", " bgp bestpath compare-routerid")  # fmt: skip
        if self.each:
            yield " no bgp network import-check"
        for line, site, address in self.neighbours:
            timers = (BACKUP_KEEPALIVE_S, BACKUP_HOLD_S) if line.backup else (KEEPALIVE_S, HOLD_S)
            yield from (f" neighbor {address} remote-as {site.asn}", f" neighbor {address} description {line.name}",
                        f" neighbor {address} bfd profile {_profile(line)}",
                        f" neighbor {address} timers {timers[0]} {timers[1]}",
                        f" neighbor {address} timers connect {CONNECT_S}",
                        f" neighbor {address} capability extended-nexthop")  # fmt: skip
        for mate, address in mates:
            yield from (f" neighbor {address} remote-as {self.site.asn}", f" neighbor {address} description {mate}",
                        f" neighbor {address} update-source lo", f" neighbor {address} timers {KEEPALIVE_S} {HOLD_S}",
                        f" neighbor {address} timers connect {CONNECT_S}",
                        f" neighbor {address} capability extended-nexthop")  # fmt: skip
        for family, version in (("ipv4 unicast", 4), ("ipv6 unicast", 6)):
            yield from (" !", f" address-family {family}")
            yield from (f"  network {text}" for text in self.originated if (":" in text) == (version == 6))
            if self.each:
                yield f"  redistribute kernel route-map segments{version}"
            yield "  maximum-paths 1"
            for line, site, address in self.neighbours:
                yield from (f"  neighbor {address} activate", f"  neighbor {address} attribute-unchanged med",
                            f"  neighbor {address} route-map from-{line.name} in")  # fmt: skip
                if not self.each:
                    yield from (f"  neighbor {address} prefix-list in{version} in",
                                f"  neighbor {address} prefix-list to-{site.key}{version} out")  # fmt: skip
            for _, address in mates:
                yield from (f"  neighbor {address} activate", f"  neighbor {address} next-hop-self",
                            f"  neighbor {address} route-map mates out")  # fmt: skip
                if self.is_speaker and self.each:
                    yield f"  neighbor {address} route-reflector-client"
                elif self.is_speaker:
                    yield f"  neighbor {address} prefix-list mates{version} out"
            yield " exit-address-family"
        yield from ("exit", "!")


def _profile(line: Line) -> str:
    """Of BFD."""
    return "backup" if line.backup else "line"


def _ip(text: str) -> str:
    return "ipv6" if ":" in text else "ip"


def _ordered(prefixes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({normal(text) for text in prefixes}, key=_place))


@lru_cache(maxsize=65536)
def _place(text: str) -> tuple[int, int]:
    net = ip_network(text)
    return int(net.network_address), net.prefixlen


def _list(name: str, prefixes: Iterable[str]) -> Iterator[str]:
    """A prefix list a family: exactly these, and an empty list still denies everything."""
    ordered = _ordered(prefixes)
    for word, version in (("ip", 4), ("ipv6", 6)):
        mine = [text for text in ordered if (":" in text) == (version == 6)]
        yield from (f"{word} prefix-list {name}{version} seq {5 * n} permit {text}" for n, text in enumerate(mine, 1))
        if not mine:
            yield f"{word} prefix-list {name}{version} seq 5 deny any"
