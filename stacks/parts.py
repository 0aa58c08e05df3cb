"""What every component family is made of: a Pulumi component whose resources share fields and hang below it.

In: what the resources of one component have in common (system, bureau, level …). Out: registered resources. A
component is only a place in the tree and in the URN; dependencies are between resources, because resources refer to
one another by name, which by itself orders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import pulumi

from inventory.model import Request
from stacks.resources import Resource

R = TypeVar("R", bound=Resource)
After = Iterable[pulumi.Resource | None]


class Part(pulumi.ComponentResource):
    """`Part("network:Site", "a", {"site": "a"})` has the type `liangzhu:network:Site`."""

    def __init__(
        self, type_: str, name: str, shared: Mapping[str, Any] | None = None, parent: pulumi.Resource | None = None
    ) -> None:
        super().__init__(f"liangzhu:{type_}", name, None, pulumi.ResourceOptions(parent=parent))
        self.shared = dict(shared or {})

    def add(self, kind: type[R], name: str, *, after: After = (), **fields: Any) -> R:
        """Register a resource below this component, once everything in `after` is there. What is protected from deletion
        says so to the engine too: it refuses to delete or replace it."""
        opts = pulumi.ResourceOptions(
            parent=self, depends_on=[one for one in after if one is not None],
            protect=True if fields.get("deletion_protection") else None,
        )  # fmt: skip
        return kind(name, opts=opts, **{**self.shared, **fields})


def shared(request: Request) -> dict[str, Any]:
    """What all resources of a system carry."""
    return {
        "system": request.stack,
        "bureau": request.bureau,
        "level": request.system.level,
        "data_class": request.system.data,
    }


def reference(stack: str) -> pulumi.StackReference:
    """Another stack of this project, by its name: it has to be there, and what it exports can be used."""
    organization, project = pulumi.get_organization(), pulumi.get_project()
    return pulumi.StackReference(f"{organization}/{project}/{stack}")


def gibibytes(mebibytes: int) -> int:
    """Rounded up: nobody gets less than was asked for."""
    return -(-mebibytes // 1024)
