"""NET-009: what each router announces to other sites is the fewest prefixes that hold all of its site's addresses and
nobody else's, and of other sites exactly theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from inventory.allotting.prefixes import Lying, Prefix, address_text, parse
from inventory.estate import Estate, Resource
from inventory.problems import Refused
from inventory.rendering.frr import frr
from policies.checks.announced import Spoken, spoken
from policies.checks.fewest import fewest
from policies.checks.shape import Check, Looked, Params, Words, concluded, not_applicable, settled, unknown

CHECK = Check(
    id="NET-009",
    title_zh="站点间只通告最少的路由",
    title_en="Sites announce the fewest routes",
    clauses=("GB/T 22239-2019 8.1.2.1 c)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("net.router",),
    fix_zh="按规划给网段编址并重新生成路由器配置,不要手改;个别地址落在别的站点的汇总里时,先改它的地址",
    fix_en="take segments from the plan and render the routers again, never by hand; renumber what lies among another site's",
    assurance="partial",
)
_MOST = 5
"""routes that a finding shows; the rest is counted"""
_UNREAD = (Refused, ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass
class Ground:
    """What lies where, of an estate of which every address is known."""

    routers: Mapping[str, Resource]
    at: dict[Prefix, Resource] = field(default_factory=dict)
    """prefix → the resource that it comes from"""
    own: dict[str, list[Prefix]] = field(default_factory=lambda: defaultdict(list))
    """site → prefixes of its segments and translators"""
    alone: dict[str, list[Prefix]] = field(default_factory=lambda: defaultdict(list))
    """site → its loopbacks and lines, which are in no aggregate"""
    inside: dict[str, set[Prefix]] = field(default_factory=lambda: defaultdict(set))
    """router → what only BGP carries to its site: IPv4, and what it translates"""
    ways: dict[str, dict[str, tuple[str, Resource]]] = field(default_factory=lambda: defaultdict(dict))
    """router → neighbour's address on a line → the site there, and the line"""

    def site(self, router: object) -> str:
        return str(self.routers[str(router)].get("site") or "")

    def expected(self) -> dict[str, frozenset[Prefix]]:
        """Site → what it announces of its own: the fewest, and what stands alone."""
        few = fewest(self.own, (prefix for those in self.alone.values() for prefix in those))
        return {s: frozenset((*few.get(s, ()), *self.alone.get(s, ()))) for s in {*self.own, *self.alone}}


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a router."""
    routers = {one.name: one for one in sorted(estate.kind("net.router"), key=_first)}
    try:
        of = ground(estate, routers)
        texts = {name: frr(estate, name) for name in routers}
    except _UNREAD as error:
        first = error.problems[0] if isinstance(error, Refused) else None
        zh, en = (first.zh, first.en) if first else ("网络还不完整", "the network is not complete")
        for one in routers.values():
            yield unknown(one, f"路由器配置还不能生成({zh})", f"the routers' text cannot be made yet ({en})")
        return
    yield from compared(of, texts)


def compared(of: Ground, texts: Mapping[str, str]) -> Iterator[Looked]:
    """Every router's text against what lies where."""
    said = {name: spoken(text) for name, text in texts.items()}
    sites: dict[str, list[str]] = defaultdict(list)
    for name in of.routers:
        sites[of.site(name)].append(name)
    expected = of.expected()
    for name, one in of.routers.items():
        mates = sites[of.site(name)]
        if not any(of.ways.get(mate) for mate in mates):
            yield not_applicable(one, "站点没有通往别处的线路", "its site has no line to any other")
        elif strange := [line for mate in mates for line in said[mate].strange]:
            told = f"配置中有读不懂的语句“{strange[0]}”", f"its text says '{strange[0]}', which is not understood"
            yield unknown(one, *told)
        elif name == mates[0]:
            yield concluded(one, (*_own(of, name, mates, said, expected), *_told(of, name, said[name], expected)))
        else:
            yield concluded(one, _inside(of, name, said[name]))


def ground(estate: Estate, routers: Mapping[str, Resource]) -> Ground:
    """What lies where. ValueError or KeyError where that is not known."""
    of = Ground(routers)

    def put(to: list[Prefix] | set[Prefix], words: object, by: Resource) -> Prefix:
        if not settled(words):
            raise ValueError(by.name)
        prefix = parse(str(words))
        of.at.setdefault(prefix, by)
        to.append(prefix) if isinstance(to, list) else to.add(prefix)
        return prefix

    for one in estate.kind("net.subnet"):
        site = of.site(one["router"])
        put(of.own[site], one["cidr6"], one)
        if one.get("cidr4"):
            of.inside[one["router"]].add(put(of.own[site], one["cidr4"], one))
    for one in routers.values():
        site = of.site(one.name)
        put(of.alone[site], one["loopback6"], one)
        if one.get("nat64") and one.get("pool4"):
            of.inside[one.name] |= {put(of.own[site], one[key], one) for key in ("nat64", "pool4")}
    for line in estate.kind("net.link"):
        ends = [str(end) for end in line["routers"]]
        if not set(ends) <= set(routers):
            continue  # its far end is not in what was judged, and nothing is rendered for it
        prefix = put(of.alone[of.site(ends[0])], line["prefix6"], line)
        for here, far in ((0, 1), (1, 0)):
            of.ways[ends[here]][address_text(6, prefix.start + far)] = of.site(ends[far]), line
    return of


def _own(
    of: Ground, name: str, mates: Iterable[str], said: Mapping[str, Spoken], expected: Mapping[str, frozenset[Prefix]]
) -> Iterator[Words]:
    """What the site puts into BGP: all of its own, and nothing that meets another site's."""
    site = of.site(name)
    put = frozenset(prefix for mate in mates for prefix in said[mate].networks)
    for prefix in _few(expected.get(site, frozenset()) - put):
        yield f"没有通告 {_there(of, prefix)}", f"does not announce {_there(of, prefix)}"
    others = [(other, Lying(theirs)) for other, theirs in sorted(expected.items()) if other != site]
    for prefix in sorted(put):
        for other, theirs in others:
            if met := theirs.meeting(prefix):
                yield (
                    f"把站点 {other} 的 {met} 作为自己的 {prefix} 通告",
                    f"announces {prefix} as its own, which meets {met} of {other}",
                )


def _told(of: Ground, name: str, mine: Spoken, expected: Mapping[str, frozenset[Prefix]]) -> Iterator[Words]:
    """What each neighbour hears: exactly the site's own, and exactly those of all others but the neighbour's."""
    ways = of.ways.get(name, {})
    for address, asn in sorted(mine.neighbours.items()):
        if address not in ways and asn != mine.asn:
            yield f"与没有申报的邻居 {address} 建立会话", f"speaks to {address}, which no line leads to"
    for address, (far, line) in sorted(ways.items()):
        to = f"经 {line.name} 向站点 {far}", f"to {far} over {line.name}"
        wanted = frozenset().union(*(theirs for other, theirs in expected.items() if other != far))
        for version in (6, 4):
            heard, ranges = mine.heard(address, version)
            due = frozenset(prefix for prefix in wanted if prefix.version == version)
            for prefix in _few(due - heard):
                yield f"{to[0]}少通告 {_there(of, prefix)}", f"does not announce {_there(of, prefix)} {to[1]}"
            for prefix in _few(heard - due):
                zh, en = _why(of, prefix, due, expected.get(far, frozenset()))
                yield f"{to[0]}多通告 {prefix}:{zh}", f"announces {prefix} {to[1]}: {en}"
            for line_ in ranges[:_MOST]:
                yield f"{to[0]}放行整个范围 {line_}", f"lets the whole range {line_} out {to[1]}"


def _inside(of: Ground, name: str, mine: Spoken) -> Iterator[Words]:
    """What a router says inside its site: exactly what only BGP carries."""
    due = frozenset(of.inside.get(name, ()))
    for prefix in _few(due - mine.networks):
        yield f"在站点内没有通告 {_there(of, prefix)}", f"does not announce {_there(of, prefix)} inside its site"
    for prefix in _few(mine.networks - due):
        yield f"在站点内多通告 {prefix}", f"announces {prefix} inside its site, where nothing of it lies"


def _few(prefixes: Iterable[Prefix]) -> list[Prefix]:
    return sorted(prefixes)[:_MOST]


def _there(of: Ground, prefix: Prefix) -> str:
    """A prefix with what first lies in it, and the request that this comes from."""
    inside = min((p for p in of.at if p in prefix), default=None)
    if inside is None:
        return str(prefix)
    one = of.at[inside]
    return f"{prefix} ({one.name} {inside}{f', {one.origin}' if one.origin else ''})"


def _why(of: Ground, prefix: Prefix, due: Iterable[Prefix], theirs: Iterable[Prefix]) -> Words:
    """Why a prefix is one too many."""
    if back := next((p for p in sorted(theirs) if p.meets(prefix)), None):
        return f"那里自己有 {back}", f"{back} is that site's own"
    if wider := next((p for p in sorted(due) if prefix in p), None):
        return f"已含在 {wider} 中", f"it is in {wider} already"
    if narrower := next((p for p in sorted(due) if p in prefix), None):
        return f"比最少的 {narrower} 更宽", f"it is wider than {narrower}, which is enough"
    return "没有任何网段在其中", "nothing lies in it"


def _first(router: Resource) -> tuple[bool, str]:
    """The router that speaks for its site comes first, as it does in what is rendered."""
    return router.get("role") != "core", router.name
