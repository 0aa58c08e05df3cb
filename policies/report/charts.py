"""Drawings of the address plan and of what arrives between zones, as SVG text. Pure; every text is escaped.

Drawn small and with large letters, so that the whole of it is legible on a phone; a number or a word stands in every mark
that a colour or a pattern tells something by, and each cell of the zones leads to its row in the table below.
"""

from __future__ import annotations

import re
from math import log2
from typing import Any

from markupsafe import Markup, escape

WIDTH = 580
_GUTTER, _ROW, _HEAD, _TALL = 112, 46, 50, 122
_HOST_BITS = 64
_FITS = 5
"""letters of a figure that a cell has room for at full size"""


def number(value: int) -> str:
    """`16 776 960` in groups; a whole power of two beyond that as `2^63`."""
    if value > 1 << 24 and value & (value - 1) == 0:
        return f"2^{value.bit_length() - 1}"
    return f"{value:,}".replace(",", "\u202f")


def ruler(plan: dict[str, Any], language: str) -> Markup:
    """An address from its first bit to its last: the fields, their bits, and one segment taken apart."""
    if not plan["known"]:
        return Markup("")
    zh, fields = language == "zh", plan["fields"]
    prefix = int(plan["prefix"].rpartition("/")[2])
    head, _, _ = plan["prefix"].partition("/")
    boxes: list[tuple[str, int, str]] = [("全市" if zh else "city", prefix, head.removesuffix("::"))]
    values = plan["example"]["values"] if plan["example"] else [{"code": ""}] * len(fields)
    boxes += [(f["title"][language], f["bits"], value["code"]) for f, value in zip(fields, values, strict=True)]
    boxes.append(("主机" if zh else "host", _HOST_BITS, "…"))
    # in the order of widths but not to scale: four bits beside sixty-four would hold no name
    weights = [3.2 + log2(bits) for _, bits, _ in boxes]
    unit, x, at = (WIDTH - 24) / sum(weights), 12.0, 0
    label = "地址的位分配" if zh else "the bits of an address"
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} 108" role="img" aria-label="{label}">']
    for place, ((name, bits, code), weight) in enumerate(zip(boxes, weights, strict=True)):
        wide = unit * weight
        kind = "edge" if place in (0, len(boxes) - 1) else f"f{place % 2}"
        parts.append(
            f'<g class="field {kind}"><title>{escape(name)} {bits} bit</title>'
            f'<rect x="{x:.1f}" y="8" width="{wide:.1f}" height="62"/>'
            f'<text class="name" x="{x + wide / 2:.1f}" y="33">{escape(name)}</text>'
            f'<text class="code" x="{x + wide / 2:.1f}" y="57">{escape(code)}</text></g>'
            f'<text class="bit" x="{x:.1f}" y="86">{at}</text>'
            f'<text class="bits" x="{x + wide / 2:.1f}" y="102">{bits} {"位" if zh else "bits"}</text>'
        )
        x, at = x + wide, at + bits
    parts.append(f'<text class="bit last" x="{x:.1f}" y="86">{at}</text></svg>')
    return Markup("\n".join(parts))


def occupancy(plan: dict[str, Any], language: str) -> Markup:
    """Zones by sites: how many segments are given out, and a bar on a scale of powers of two."""
    if not plan["known"] or not plan["cells"]:
        return Markup("")
    zh, sites, zones = language == "zh", plan["sites"], plan["zones"]
    wide, height = (WIDTH - _GUTTER) / len(sites), 34 + _ROW * len(zones)
    label = "各站点各区域已分配的网段" if zh else "segments given out by site and zone"
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {height + 4}" role="img" aria-label="{label}">']
    for place, site in enumerate(sites):
        x = _GUTTER + wide * (place + 0.5)
        parts.append(
            f'<text class="top" x="{x:.1f}" y="22">{escape(str(site["key"]).upper())}'
            f"<title>{escape(site['name'][language])}</title></text>"
        )
    rows, columns = ({each["key"]: place for place, each in enumerate(some)} for some in (zones, sites))
    parts += [_side(zone["name"][language], 34 + _ROW * place, language) for place, zone in enumerate(zones)]
    for cell in plan["cells"]:
        x, y = _GUTTER + wide * columns[cell["site"]], 34 + _ROW * rows[cell["zone"]]
        used, room = cell["used"], cell["room"]
        full = wide - 20
        bar = full * log2(used + 1) / log2(room + 1)
        said = (f"已分配 {number(used)},可用 {number(room)},已建 {cell['standing']},单位 {cell['units']}" if zh else
                f"{number(used)} given out of {number(room)}, {cell['standing']} standing, {cell['units']} units")  # fmt: skip
        title = f"{cell['prefix'] or ''} {said}".strip()
        parts.append(
            f'<g class="cell{"" if used else " none"}"><title>{escape(title)}</title>'
            f'<rect class="box" x="{x + 2:.1f}" y="{y + 2}" width="{wide - 4:.1f}" height="{_ROW - 4}"/>'
            f'<text class="count" x="{x + 10:.1f}" y="{y + 24}">{number(used) if used else "–"}</text>'
        )
        if used:
            parts.append(
                f'<rect class="rest" x="{x + 10:.1f}" y="{y + 32}" width="{full:.1f}" height="5"/>'
                f'<rect class="fill" x="{x + 10:.1f}" y="{y + 32}" width="{bar:.1f}" height="5"/>'
            )
        parts.append("</g>")
    return Markup("\n".join([*parts, "</svg>"]))


def matrix(zones: dict[str, Any], language: str) -> Markup:
    """From (rows) into (columns): the number of pairs of host and port, a bar as wide as that, `?` where not known, and
    nothing where nothing arrives. The row of the internet and the columns of private networks are framed."""
    places = zones["places"]
    if not places:
        return Markup("")
    zh = language == "zh"
    head = _HEAD if zh else _TALL
    wide, height = (WIDTH - _GUTTER) / len(places), head + _ROW * len(places)
    most = max((cell["pairs"] for cell in zones["cells"]), default=0) or 1
    at = {place["key"]: index for index, place in enumerate(places)}
    label = "从哪个区域能到达哪个区域" if zh else "which zone reaches which zone"
    parts = [
        f'<svg class="chart zones" viewBox="0 0 {WIDTH} {height + 6}" role="img" aria-label="{label}">',
        f'<text class="small" x="4" y="18">{"到 →" if zh else "into →"}</text>'
        f'<text class="small" x="4" y="{head - 8}">{"从 ↓" if zh else "from ↓"}</text>',
    ]
    for index, place in enumerate(places):
        parts.append(_top(place["name"][language], _GUTTER + wide * (index + 0.5), head - 8, zh))
        parts.append(_side(place["name"][language], head + _ROW * index, language, place["hosts"] == 0))
    for cell in zones["cells"]:
        x, y = _GUTTER + wide * at[cell["target"]], head + _ROW * at[cell["source"]]
        parts.append(_zone_cell(cell, places, (x, y, wide), most, language))
    for index, place in enumerate(places):
        if place["key"] == places[0]["key"]:
            parts.append(_frame(_GUTTER, head + _ROW * index, WIDTH - _GUTTER, _ROW))
        if place["private"]:
            parts.append(_frame(_GUTTER + wide * index, head, wide, _ROW * len(places)))
    return Markup("\n".join([*parts, "</svg>"]))


def _zone_cell(
    cell: dict[str, Any], places: list[dict[str, Any]], box: tuple[float, float, float], most: int, language: str
) -> str:
    x, y, wide = box
    names = {place["key"]: place["name"][language] for place in places}
    there = cell["pairs"] or cell["unfiltered"] or cell["services"]
    state = cell["state"]
    text = figure(cell, language)
    what = ", ".join(f"{row['service']} × {row['hosts']}" for row in cell["services"])
    title = f"{names[cell['source']]} → {names[cell['target']]}: {text or ('无' if language == 'zh' else 'nothing')}"
    inside = (
        f"<title>{escape(f'{title} {what}'.strip())}</title>"
        f'<rect class="box" x="{x + 2:.1f}" y="{y + 2}" width="{wide - 4:.1f}" height="{_ROW - 4}"/>'
    )
    if state == "unknown":
        # drawn, and not a pattern that a style would have to look up
        strokes = "".join(f"M{x + 4 + 7 * n:.1f} {y + 11}l7 -7" for n in range(int((wide - 8) // 7)))
        inside += f'<path class="doubt" d="{strokes}"/>'
    if text:
        squeezed = f' textLength="{wide - 10:.0f}" lengthAdjust="spacingAndGlyphs"' if len(text) > _FITS else ""
        inside += f'<text class="count" x="{x + wide / 2:.1f}" y="{y + 25}"{squeezed}>{escape(text)}</text>'
    if there:
        full = wide - 14
        # never so thin that it cannot be seen; where no port is closed there is no number to draw
        bar = full if cell["unfiltered"] else max(2.5, full * cell["pairs"] / most)
        inside += f'<rect class="fill{" wide" if cell["unfiltered"] else ""}" x="{x + 7:.1f}" y="{y + 32}" width="{bar:.1f}" height="6"/>'
    group = f'<g class="cell {escape(state)}">{inside}</g>'
    if not there and state != "unknown":
        return group
    return f'<a href="#{escape(anchor(cell))}">{group}</a>'


def figure(cell: dict[str, Any], language: str) -> str:
    """What stands in a cell: pairs, `+6∗` hosts without a filter, `≥` where some is not known, "" where nothing arrives."""
    known = str(cell["pairs"]) if cell["pairs"] else ""
    if cell["unfiltered"]:
        known += f"{'+' if known else ''}{cell['unfiltered']}∗"
    if not known and cell["services"]:
        known = "ping" if [row["service"] for row in cell["services"]] == ["ping"] else "IP"
    if cell["state"] == "unknown":
        return f"≥{known}" if known else "?"
    return known


def anchor(cell: dict[str, Any]) -> str:
    """The id of a cell's row."""
    return "-".join(("zone", *(re.sub(r"\W", "_", cell[end]) or "none" for end in ("source", "target"))))


def _frame(x: float, y: float, wide: float, height: float) -> str:
    return f'<rect class="frame" x="{x + 1:.1f}" y="{y + 1:.1f}" width="{wide - 2:.1f}" height="{height - 2:.1f}"/>'


def _side(name: str, y: float, language: str, empty: bool = False) -> str:
    lines = wrapped(name, _GUTTER - 8, 12.5)[:2]
    if empty:
        lines = [*lines, "无主机" if language == "zh" else "no hosts"]
    first = y + _ROW / 2 + 5 - 7.5 * (len(lines) - 1)
    return "".join(
        f'<text class="{"small" if empty and n == len(lines) - 1 else "side"}" x="4" y="{first + 15 * n:.1f}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )


def _top(name: str, x: float, y: float, zh: bool) -> str:
    """Over a column: Chinese in short lines, English turned on its side, which leaves both their size on a phone."""
    if zh:
        count = -(-len(name) // 4)
        each = -(-len(name) // count) if count else 1
        lines = [name[at : at + each] for at in range(0, len(name), each)]
        return "".join(
            f'<text class="head" x="{x:.1f}" y="{y - 18 * (len(lines) - 1 - n):.1f}">{escape(line)}</text>'
            for n, line in enumerate(lines)
        )
    lines = wrapped(name, _TALL - 16, 16)[:3]
    return "".join(
        f'<text class="head turned" transform="translate({x + 5 + 17 * (n - (len(lines) - 1) / 2):.1f} {y:.0f}) rotate(-90)">'
        f"{escape(line)}</text>"
        for n, line in enumerate(lines)
    )


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Lines of at most so many units: between words and after hyphens, Chinese anywhere; a longer word is not cut."""
    pieces: list[str] = []
    for letter in text:
        if pieces and ord(letter) < 0x2E80 and ord(pieces[-1][-1]) < 0x2E80 and pieces[-1][-1] not in " -":
            pieces[-1] += letter
        else:
            pieces.append(letter)
    lines = [""]
    for piece in pieces:
        joined = lines[-1] + piece
        if lines[-1] and sum(size if ord(c) > 0x2E7F else size * 0.56 for c in joined.rstrip()) > width:
            lines.append(piece)
        else:
            lines[-1] = joined
    return [line.strip() for line in lines]
