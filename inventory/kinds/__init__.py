"""The vocabulary: each kind of resource is spelled once, here, with its fields, outputs and how it is monitored.

`net.sg_rule` has the Pulumi token `gov:net/sgRule:SgRule` and the class `inventory.kinds.net.SgRule`. A kind is
added when something reads it. Resources refer to one another by logical name (`name`), never by a driver's id:
names are known in every preview, ids are not.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory.kinds.base import Kind

_AREAS = ("gov", "net", "compute", "k8s", "db", "storage", "kms", "sec", "iam", "dr", "dns", "log", "mon", "audit", "stack",
          "host", "zt", "iot", "mail")  # fmt: skip
_PACKAGE = "gov:"


@cache
def kinds() -> dict[str, type[Kind]]:
    """kind → class, in the order of the areas. They are imported when first asked for: a program that builds nothing of
    ours never needs them."""
    from inventory.kinds.base import Kind

    found: dict[str, type[Kind]] = {}
    for area in map(import_module, (f"{__name__}.{name}" for name in _AREAS)):
        for thing in vars(area).values():
            if isinstance(thing, type) and issubclass(thing, Kind) and thing.__module__ == area.__name__:
                found[thing.kind()] = thing
    return found


def token(kind: str) -> str:
    """`net.sg_rule` → `gov:net/sgRule:SgRule`."""
    area, _, name = kind.partition(".")
    words = name.split("_")
    pascal = "".join(word.capitalize() for word in words)
    return f"{_PACKAGE}{area}/{words[0] + ''.join(word.capitalize() for word in words[1:])}:{pascal}"


@cache
def kind_of(token_: str) -> str:
    """`gov:net/sgRule:SgRule` → `net.sg_rule`; `component` for anything that is not a kind of ours."""
    if not token_.startswith(_PACKAGE):
        return "component"
    return {token(kind): kind for kind in kinds()}.get(token_, "component")


__all__ = ["kind_of", "kinds", "token"]
