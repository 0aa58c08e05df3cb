"""NET-003: every segment lies in a zone of the catalogue, and no prefix overlaps another, over the whole estate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.prefixes import Span, span
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, settled, unsure

CHECK = Check(
    id="NET-003",
    title_zh="网段归属分区且全市不重叠",
    title_en="Segments lie in a zone and overlap nowhere in the city",
    clauses=("GB/T 22239-2019 8.1.2.1 c)",),
    severity="high",
    severity_basis="zones",
    scope="estate",
    kinds=("net.subnet",),
    fix_zh="给网段写明分区,并从地址规划重新分配前缀(./lz address),不要手写地址",
    fix_en="name the segment's zone and take its prefix from the address plan (./lz address), never by hand",
    params={
        "zones": Param(
            ("public", "dedicated", "internet", "video", "iot", "management"), "分区目录", "the catalogue of zones"
        )
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a segment; of two that overlap, both fail."""
    segments = sorted(estate.kind("net.subnet"), key=lambda r: r.name)
    twins = _overlaps(segments)
    for one in segments:
        if open_ := unsure(one, "zone"):
            yield open_
            continue
        wrong: list[Words] = []
        open_words: list[Words] = []
        zone = one.get("zone")
        if zone not in params["zones"]:
            wrong.append((f"分区“{zone}”不在分区目录中", f"zone '{zone}' is not in the catalogue of zones"))
        for key in ("cidr6", "cidr4"):
            value = one.get(key)
            if value is None and key == "cidr4":
                continue
            if not settled(value):
                open_words.append((f"{key} 尚未确定", f"{key} is not known yet"))
            elif not value or span(value) is None:
                wrong.append((f"{key} “{value}”不是地址前缀", f"{key} '{value}' is not a prefix"))
        wrong += twins.get(one.urn, ())
        yield concluded(one, wrong, open_words)


def _overlaps(segments: list[Resource]) -> dict[str, list[Words]]:
    """urn → with whom it overlaps. Prefixes nest or are apart, so one pass over the sorted ones finds every pair
    of neighbours in the nesting."""
    taken: list[tuple[Span, int]] = []
    for index, one in enumerate(segments):
        for key in ("cidr6", "cidr4"):
            value: Any = one.get(key)
            found = span(value) if value and settled(value) else None
            if found:
                taken.append((found, index))
    taken.sort(key=lambda pair: (pair[0].version, pair[0].first, -pair[0].last, pair[1]))
    twins: dict[str, list[Words]] = {}
    around: list[tuple[Span, int]] = []
    for found, index in taken:
        while around and (around[-1][0].version != found.version or around[-1][0].last < found.first):
            around.pop()
        if around:
            _note(twins, segments[index], segments[around[-1][1]])
            _note(twins, segments[around[-1][1]], segments[index])
        around.append((found, index))
    return twins


def _note(twins: dict[str, list[Words]], one: Resource, other: Resource) -> None:
    words = twins.setdefault(one.urn, [])
    if len(words) < 5:  # a prefix around a thousand others is said, not listed
        words.append((f"与 {other.stack} 的网段 {other.name} 重叠", f"overlaps {other.name} of {other.stack}"))
