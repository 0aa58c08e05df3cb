"""Which virtual networks a peering or a route joins. Pure."""

from __future__ import annotations

from inventory.estate import Estate, Resource
from policies.checks.records import absent, listing, untold
from policies.checks.references import pointing, thing, word
from policies.checks.shape import Words, missing

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


_NOWHERE = ("网段不知属于哪个虚拟网络", "it is not told which network the segment is in")
