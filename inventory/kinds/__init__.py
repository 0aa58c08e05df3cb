"""The vocabulary: each kind of resource is spelled once, here, with its fields, outputs and how it is monitored.

`net.sg_rule` has the Pulumi token `gov:net/sgRule:SgRule` and the class `inventory.kinds.net.SgRule`. A kind is
added when something reads it. Resources refer to one another by logical name (`name`), never by a driver's id:
names are known in every preview, ids are not.
"""

from __future__ import annotations

from functools import cache

from inventory.kinds import compute, db, dns, dr, gov, iam, k8s, kms, log, mon, net, sec, storage
from inventory.kinds.base import Kind, Monitoring

_AREAS = (gov, net, compute, k8s, db, storage, kms, sec, iam, dr, dns, log, mon)


@cache
def kinds() -> dict[str, type[Kind]]:
    """kind → class, in the order of the areas."""
    found: dict[str, type[Kind]] = {}
    for area in _AREAS:
        for thing in vars(area).values():
            if isinstance(thing, type) and issubclass(thing, Kind) and thing.__module__ == area.__name__:
                found[thing.kind()] = thing
    return found


def token(kind: str) -> str:
    """`net.sg_rule` → `gov:net/sgRule:SgRule`."""
    area, _, name = kind.partition(".")
    words = name.split("_")
    pascal = "".join(word.capitalize() for word in words)
    return f"gov:{area}/{words[0] + ''.join(word.capitalize() for word in words[1:])}:{pascal}"


@cache
def kind_of(token_: str) -> str:
    """`gov:net/sgRule:SgRule` → `net.sg_rule`; `component` for anything that is not a kind of ours."""
    return {token(kind): kind for kind in kinds()}.get(token_, "component")


__all__ = ["Kind", "Monitoring", "kind_of", "kinds", "token"]
