"""URNs, Pulumi's names of resources: `urn:pulumi:<stack>::<project>::<parent types$><type>::<name>`."""

from __future__ import annotations

STACK = "pulumi:pulumi:Stack"
REFERENCE = "pulumi:pulumi:StackReference"
STASH = "pulumi:index:Stash"
PROVIDERS = "pulumi:providers:"
ORGANIZATION = "organization"
"""of a stack that lies in no service: what both engines say"""


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource under a parent ("" or the stack itself add no prefix)."""
    above = qualified(parent) if parent else ""
    prefix = f"{above}$" if above and above != STACK else ""
    return f"urn:pulumi:{stack}::{project}::{prefix}{type_}::{name}"


def qualified(urn: str) -> str:
    """Types from the outermost parent to the resource, joined with `$`."""
    return urn.split("::", 3)[2]


def name(urn: str) -> str:
    return urn.split("::", 3)[3]


def type_of(urn: str) -> str:
    return qualified(urn).rpartition("$")[2]


def package(type_: str) -> str:
    """`gov` of `gov:net/subnet:Subnet`; of a provider's own type, the package that it provides."""
    if type_.startswith(PROVIDERS):
        return type_.removeprefix(PROVIDERS)
    return type_.partition(":")[0]


def is_provider(type_: str) -> bool:
    return type_.startswith(PROVIDERS)


def reference(urn: str, id: str) -> str:
    """How a resource names its provider."""
    return f"{urn}::{id}"


def referenced(reference: str) -> tuple[str, str]:
    """(URN, id) of a provider reference."""
    urn, _, id = reference.rpartition("::")
    return urn, id


def stack(urn: str) -> str:
    """The stack that a URN lies in."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]
