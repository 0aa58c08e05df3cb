"""Which virtual networks a peering or a route joins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.records import absent, listing, untold
from policies.checks.references import pointing, thing, word
from policies.checks.shape import Looked, Words, missing, not_applicable

JOINING = ("net.peering", "net.route")


def joined(estate: Estate, one: Resource) -> list[Resource | Words] | None:
    """The networks, and why one of them cannot be told; None for a route that leads to no virtual network."""
    fields = ("ends",) if one.kind == "net.peering" else ("of", "next_hop")
    if lacking := untold(one, *fields):
        return [*lacking]
    if one.kind == "net.peering":
        names = sorted(listing(one.get("ends")))
        return [estate.named("net.vpc", name) or missing(one, "net.vpc", name) for name in names]
    source, target = (thing(estate, one.get(key)) or absent(one, one.get(key)) for key in fields)
    if isinstance(target, Resource) and target.kind != "net.vpc":
        return None
    if isinstance(source, Resource) and source.kind == "net.subnet":
        around = sorted(pointing(estate, "segments", "net.vpc").at(source.name), key=word)
        return [*around, target] if around else [_NOWHERE, target]
    return [source, target]


def joints(estate: Estate) -> Iterator[tuple[Resource, list[Resource | Words], Looked | None]]:
    """Every peering and route, what it joins, and the answer about one that leads to no virtual network."""
    for one in estate.kind(*JOINING):
        networks = joined(estate, one)
        if networks is None:
            yield one, [], not_applicable(one, "不指向虚拟网络", "leads to no virtual network")
        else:
            yield one, networks, None


def told_of(members: Iterable[Resource | Words], field: str) -> tuple[set[Any], list[Words]]:
    """The values of a field of all of them, and why some cannot be told."""
    open_: list[Words] = []
    values: set[Any] = set()
    for member in members:
        if isinstance(member, tuple):
            open_.append(member)
        elif lacking := untold(member, field):
            open_ += lacking
        else:
            values.add(str(member.get(field)))
    return values, open_


_NOWHERE = ("网段不知属于哪个虚拟网络", "it is not told which network the segment is in")
