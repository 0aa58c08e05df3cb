"""Drawings of the report as SVG text: the city as beams and columns, and bars. Pure; every text is escaped.

A site is a column, a line between sites is a beam that rests on two of them, a network zone is a storey; hosts stand
where a column meets a storey. Colours come from the page's CSS classes, so print and dark mode need no second drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from policies.report.parts.words import ROLES

WIDTH = 1120
_GUTTER, _TOP, _BEAM, _HEAD = 132, 16, 30, 62
_CHIP_W, _CHIP_H, _GAP = 204, 26, 10
MOST_CHIPS = 6
"""more hosts than this in one place are drawn as one count a role"""
MOST_FLOWS = 80
"""more curves than this are a tangle: the table has them all"""


class Chip(NamedTuple):
    """What stands at a site in a zone: the height in its storey, counted from the top, and the hosts that it is."""

    slot: int
    role: str
    label: str
    names: tuple[str, ...]


Spot = tuple[float, float, float]
"""left, middle height, right of a chip"""


def city_map(data: dict[str, Any], language: str) -> Markup:
    """The map; empty where there are no sites."""
    sites, zones = data["sites"], data["zones"]
    if not sites:
        return Markup("")
    width = (WIDTH - _GUTTER) / len(sites)
    columns = {site["key"]: _GUTTER + width * (place + 0.5) for place, site in enumerate(sites)}
    links = [link for link in data["links"] if all(end in columns for end in link["ends"])]
    head = _TOP + _BEAM * len(links) + 8
    cells = _cells(data["hosts"], language)
    floors, y = {}, head + _HEAD + 14
    for zone in zones:
        most = max((c.slot + 1 for (_, key), chips in cells.items() if key == zone["key"] for c in chips), default=0)
        height = max(1, most) * (_CHIP_H + _GAP) + _GAP + 8
        floors[zone["key"]] = (y, height)
        y += height + 8
    spots: dict[str, Spot] = {}
    label = "站点、网络区域、线路和主机" if language == "zh" else "sites, network zones, lines and hosts"
    parts = [
        f'<svg class="map" viewBox="0 0 {WIDTH} {y + 6:.0f}" role="img" aria-label="{label}">',
        *(_floor(zone, floors[zone["key"]], language) for zone in zones),
        *(f'<line class="column" x1="{x:.0f}" x2="{x:.0f}" y1="{_TOP}" y2="{y:.0f}"/>' for x in columns.values()),
        *(_beam(link, place, columns, language) for place, link in enumerate(links)),
        *(_capital(site, columns[site["key"]], head, width, language) for site in sites),
    ]
    stones: list[str] = []
    for (site, zone), chips in cells.items():
        if site in columns and zone in floors:
            stones += _chips(chips, columns[site], floors[zone][0], spots, language)
    # every host talks to the log host and the monitor: on the map that hides what is particular
    common = {host["name"] for host in data["hosts"] if host["role"] in ("log", "monitor")}
    flows = [flow for flow in data["flows"] if not common & {flow["source"], flow["target"]}]
    parts += [*_flows(flows, spots), *stones]
    return Markup("\n".join([*parts, "</svg>"]))


def _cells(hosts: list[dict[str, Any]], language: str) -> dict[tuple[str, str], list[Chip]]:
    """(site, zone) → chips. A chip is a host, and the same workload stands at the same height at every site; where
    hosts are many, a chip is a role with its count."""
    places: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for host in hosts:
        places[host["site"], host["zone"]].append(host)
    if any(len(members) > MOST_CHIPS for members in places.values()):
        return {place: _counted(members) for place, members in places.items()}
    return _aligned(places, language)


def _aligned(places: dict[tuple[str, str], list[dict[str, Any]]], language: str) -> dict[tuple[str, str], list[Chip]]:
    rows: dict[tuple[str, str, str, int], dict[str, dict[str, Any]]] = {}
    for (site, zone), members in places.items():
        seen: defaultdict[tuple[str, str], int] = defaultdict(int)
        for host in members:
            same = (host["system"] or host["name"], host["workload"])
            rows.setdefault((zone, *same, seen[same]), {})[site] = host
            seen[same] += 1
    cells: dict[tuple[str, str], list[Chip]] = {place: [] for place in places}
    taken: set[tuple[str, str, int]] = set()
    for (zone, *_), members in rows.items():
        slot = next(n for n in range(len(rows)) if not any((zone, site, n) in taken for site in members))
        for site, host in members.items():
            taken.add((zone, site, slot))
            cells[site, zone].append(Chip(slot, host["role"], host["label"][language], (host["name"],)))
    return cells


def _counted(members: list[dict[str, Any]]) -> list[Chip]:
    roles: defaultdict[str, list[str]] = defaultdict(list)
    for host in members:
        roles[host["role"]].append(host["name"])
    order = list(ROLES)
    ranked = sorted(roles, key=lambda role: (order.index(role) if role in order else len(order), role))
    return [Chip(place, role, f"× {len(roles[role])}", tuple(roles[role])) for place, role in enumerate(ranked)]


def _floor(zone: dict[str, Any], span: tuple[float, float], language: str) -> str:
    y, height = span
    return (
        f'<rect class="floor" x="0" y="{y:.0f}" width="{WIDTH}" height="{height:.0f}"/>'
        f'<text class="zone" x="14" y="{y + height / 2 + 5:.0f}">{escape(_fit(zone["name"][language], 118))}</text>'
    )


def _beam(link: dict[str, Any], place: int, columns: dict[str, float], language: str) -> str:
    left, right = sorted(columns[end] for end in link["ends"])
    y = _TOP + place * _BEAM + 16
    lines = f"{link['lines']} 线" if language == "zh" else f"{link['lines']} lines"
    cipher = {"none": "明文" if language == "zh" else "clear", "ipsec": "IPsec", "macsec": "MACsec"}[link["encryption"]]
    text = f"{link['rate']} · {link['rtt_ms']:g} ms · {lines} · {cipher}"
    if link["backup"]:
        text = f"{'备用' if language == 'zh' else 'stands by'} · {text}"
    dashes = ' stroke-dasharray="9 6"' if link["backup"] else ""
    return (
        f'<line class="beam" x1="{left:.0f}" x2="{right:.0f}" y1="{y}" y2="{y}"{dashes}/>'
        f'<circle class="joint" cx="{left:.0f}" cy="{y}" r="4"/><circle class="joint" cx="{right:.0f}" cy="{y}" r="4"/>'
        f'<text class="line" x="{left + 12:.0f}" y="{y - 7}">{escape(text)}</text>'
    )


def _capital(site: dict[str, Any], x: float, y: float, width: float, language: str) -> str:
    wide = min(width - 20, 224)
    key, role = str(site["key"]).upper(), site["role"][language]
    sub = f"{role} · {site['city']}" if site["city"] and language == "zh" else role
    return (
        f'<rect class="capital" x="{x - wide / 2:.0f}" y="{y}" width="{wide:.0f}" height="{_HEAD}" rx="2"/>'
        f'<text class="key" x="{x - wide / 2 + 16:.0f}" y="{y + 40}">{escape(key)}</text>'
        f'<text class="site" x="{x - wide / 2 + 46:.0f}" y="{y + 27}">{escape(_fit(site["name"][language], wide - 58))}</text>'
        f'<text class="role" x="{x - wide / 2 + 46:.0f}" y="{y + 46}">{escape(sub)}</text>'
    )


def _chips(chips: list[Chip], x: float, y: float, spots: dict[str, Spot], language: str) -> Iterator[str]:
    for place, role, label, names in chips:
        top = y + _GAP + place * (_CHIP_H + _GAP) - 1
        left, middle = x - _CHIP_W / 2, top + _CHIP_H / 2
        known = role if role in ROLES else "other"
        word = ROLES.get(role, (role, role))[0 if language == "zh" else 1]
        title = "\n".join(names[:20]) + ("\n…" if len(names) > 20 else "")
        tag = 46 if language == "zh" else 78
        yield (
            f'<g class="chip {known}"><title>{escape(title)}</title>'
            f'<rect x="{left:.0f}" y="{top:.0f}" width="{_CHIP_W}" height="{_CHIP_H}" rx="2"/>'
            f'<rect class="tag" x="{left:.0f}" y="{top:.0f}" width="{tag}" height="{_CHIP_H}" rx="2"/>'
            f'<text class="word" x="{left + tag / 2:.0f}" y="{middle + 4:.0f}">{escape(word)}</text>'
            f'<text x="{left + tag + 8:.0f}" y="{middle + 4:.0f}">{escape(_fit(label, _CHIP_W - tag - 12))}</text></g>'
        )
        spots.update({name: (left, middle, left + _CHIP_W) for name in names})


def _flows(flows: list[dict[str, Any]], spots: dict[str, Spot]) -> Iterator[str]:
    """A curve a pair of chips; a refused one ends in a cross before its target."""
    drawn: dict[tuple[Spot, Spot, str], int] = {}
    for flow in flows:
        source, target = spots.get(flow["source"]), spots.get(flow["target"])
        if source and target and source != target:
            state = flow["state"]
            drawn[source, target, state] = drawn.get((source, target, state), 0) + 1
    if len(drawn) > MOST_FLOWS:
        return
    for (source, target, state), number in sorted(drawn.items()):
        if source[0] == target[0]:
            # in one column: what comes from an entrance runs on the left, everything else on the right
            side = -1 if state == "entrance" else 1
            x1 = x2 = source[0] if side < 0 else source[2]
            bend = x1 + side * (14 + min(abs(source[1] - target[1]) * 0.11, 26))
            path = f"M{x1:.0f} {source[1]:.0f}C{bend:.0f} {source[1]:.0f} {bend:.0f} {target[1]:.0f} {x2:.0f} {target[1]:.0f}"
            end = (x2 + 7 * side, target[1], -side)
        else:
            right = source[0] < target[0]
            x1, x2 = (source[2], target[0]) if right else (source[0], target[2])
            middle = (x1 + x2) / 2
            path = f"M{x1:.0f} {source[1]:.0f}C{middle:.0f} {source[1]:.0f} {middle:.0f} {target[1]:.0f} {x2:.0f} {target[1]:.0f}"
            end = (x2 - 7 if right else x2 + 7, target[1], 1 if right else -1)
        yield f'<path class="flow {escape(state)}" d="{path}"><title>×{number}</title></path>'
        yield _end(*end, state)


def _end(x: float, y: float, direction: int, state: str) -> str:
    if state == "denied":
        return f'<path class="flow denied" d="M{x - 4:.0f} {y - 4:.0f}l8 8m0-8l-8 8"/>'
    tip = x + 6 * direction
    return f'<path class="tip {escape(state)}" d="M{tip:.0f} {y:.0f}l{-8 * direction} -4v8z"/>'


def _fit(text: str, width: float) -> str:
    """Cut a text to about so many units at 13 units a Chinese letter."""
    room = width
    for place, letter in enumerate(text):
        room -= 13 if ord(letter) > 0x2E7F else 7.2
        if room < 0:
            return text[: max(1, place - 1)] + "…"
    return text
