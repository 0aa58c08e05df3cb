"""What the state holds of a resource: Pulumi's own shape of a deployment's resource, secrets in clear and marked.

A body has `urn`, `type`, `custom`, `id`, `inputs`, `outputs`, `parent`, `dependencies`, `propertyDependencies`,
`provider`, `protect`, … exactly as an exported deployment has them, so that export is a matter of sealing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from inventory import urns

Body = dict[str, Any]
SEED = "seed"
REREAD = "refreshBeforeUpdate"
"""key of a resource that its provider wants read before every update"""
"""key of what a provider has drawn names from, in the body of a creation that was begun"""
_TIMES = ("created", "modified")


@dataclass(slots=True, eq=False)
class Record:
    """A resource of the state. `number` is its row there, 0 as long as it has none."""

    body: Body
    number: int = 0

    @property
    def urn(self) -> str:
        return self.body["urn"]

    @property
    def type(self) -> str:
        return self.body["type"]

    @property
    def id(self) -> str:
        return self.body.get("id", "")

    @property
    def inputs(self) -> dict[str, Any]:
        return self.body.get("inputs") or {}

    @property
    def outputs(self) -> dict[str, Any]:
        return self.body.get("outputs") or {}

    @property
    def gone(self) -> bool:
        """Deleted to be replaced, and its replacement never came."""
        return bool(self.body.get("pendingReplacement"))

    @property
    def doomed(self) -> bool:
        """Replaced, and only waiting for its deletion."""
        return bool(self.body.get("delete"))

    @property
    def custom(self) -> bool:
        """Not a component: somebody made it."""
        return bool(self.body.get("custom"))

    @property
    def external(self) -> bool:
        """Read, never made here: nothing of it is ever changed."""
        return bool(self.body.get("external"))

    @property
    def ends_as(self) -> Literal["delete", "discard"]:
        """What the step is called that drops it: of what was only read, nothing is deleted."""
        return "discard" if self.external else "delete"

    @property
    def managed(self) -> bool:
        """A provider made it, so a provider reads and deletes it."""
        body = self.body
        return self.custom and not urns.is_provider(body["type"]) and not self.external

    @property
    def needs(self) -> set[str]:
        """URNs of everything that must be there before it and deleted after it."""
        body = self.body
        needed: set[str] = set(body.get("dependencies") or ())
        for property_ in (body.get("propertyDependencies") or {}).values():
            needed.update(property_)
        needed.update(body.get("replaceWith") or ())
        needed.update(filter(None, (body.get("parent"), body.get("deletedWith"))))
        if body.get("provider"):
            needed.add(urns.referenced(body["provider"])[0])
        needed.discard(body["urn"])
        return needed

    def equals(self, other: Record) -> bool:
        """The same but for when it was written."""
        mine, theirs = ({k: v for k, v in r.body.items() if k not in _TIMES} for r in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Pending:
    """An operation that was begun and of which nothing more is known."""

    number: int
    op: str
    """creating, updating or deleting"""
    body: Body
    record: int
    """row of the resource it works on, 0 where it has none"""

    @property
    def urn(self) -> str:
        return self.body["urn"]
