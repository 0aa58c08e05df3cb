"""What every component family is made of: a draft of a stack, components whose resources share fields, and the
resources below them. Pure: nothing here knows Pulumi.

In: what the resources of one component have in common (system, bureau, level …). Out: a draft, in the order of its
registration: `registering` hands it to Pulumi, `drafting` makes an estate of it. A component is only a place in the tree
and in the URN; dependencies are between resources, because resources refer to one another by name, which by itself
orders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from inventory.kinds.base import Kind
from inventory.model import Request
from inventory.problems import nearest


@dataclass(frozen=True, eq=False)
class Wanted:
    """A resource that is to be."""

    kind: type[Kind]
    name: str
    part: Part
    fields: Mapping[str, Any]
    """of the kind, `name` apart; values may be `Output`s"""
    after: tuple[Node, ...] = ()
    """what has to be there first"""

    def output(self, name: str) -> Output:
        """What its driver will say of it."""
        return Output(self, name)


@dataclass(frozen=True, eq=False)
class Reference:
    """Another stack of this project: it has to be there, and what it exports can be used."""

    stack: str

    def output(self, name: str) -> Output:
        """What it exports under a name."""
        return Output(self, name)


@dataclass(frozen=True)
class Output:
    """A value that nobody has before the update."""

    of: Node
    name: str


Node = Wanted | Reference
After = Sequence[Node | None]


@dataclass(frozen=True, eq=False)
class Part:
    """A component: `draft.part("network:Site", "a", {"site": "a"})` has the type `liangzhu:network:Site`."""

    draft: Draft
    type: str
    name: str
    shared: Mapping[str, Any]
    parent: Part | None = None

    def part(self, type_: str, name: str, shared: Mapping[str, Any] | None = None) -> Part:
        """A component below this one."""
        return self.draft.part(type_, name, shared, self)

    def add(self, kind: type[Kind], name: str, *, after: After = (), **fields: Any) -> Wanted:
        """A resource below this component, to be made once everything in `after` is there. A slip of the pen in a field
        fails in the builder's own line; values are checked by the provider."""
        given = {**self.shared, **fields}
        fitting(kind, name, given)
        return self.draft.keep(Wanted(kind, name, self, given, tuple(one for one in after if one is not None)))


Step = Part | Wanted | Reference
S = TypeVar("S", Part, Wanted, Reference)


@dataclass(eq=False)
class Draft:
    """A stack as it is to be registered, step by step."""

    steps: list[Step] = field(default_factory=list)
    exports: Mapping[str, Any] = field(default_factory=dict)
    """values may hold `Output`s, at any depth of mappings"""

    def part(self, type_: str, name: str, shared: Mapping[str, Any] | None = None, parent: Part | None = None) -> Part:
        """A component below another, or below the stack itself."""
        return self.keep(Part(self, f"liangzhu:{type_}", name, shared or {}, parent))

    def reference(self, stack: str) -> Reference:
        """Another stack of this project, by its name."""
        return self.keep(Reference(stack))

    def keep(self, step: S) -> S:
        """The next step."""
        self.steps.append(step)
        return step


def fitting(kind: type[Kind], name: str, fields: Iterable[str]) -> None:
    """Refused (TypeError) where a kind has no such field, or needs one that is not there."""
    known, given = kind.model_fields, set(fields)
    for each in sorted(given - known.keys() | given & {"name"}):
        near = nearest(each, known)
        hint = f", did you mean {near}?" if near else ""
        raise TypeError(f"{kind.kind()} ({name!r}) has no field {each!r}{hint}")
    missing = sorted(f for f, spec in known.items() if spec.is_required() and f not in given and f != "name")
    if missing:
        raise TypeError(f"{kind.kind()} ({name!r}) needs {', '.join(missing)}")


def shared(request: Request) -> dict[str, Any]:
    """What all resources of a system carry."""
    return {
        "system": request.stack,
        "bureau": request.bureau,
        "level": request.system.level,
        "data_class": request.system.data,
    }


def gibibytes(mebibytes: int) -> int:
    """Rounded up: nobody gets less than was asked for."""
    return -(-mebibytes // 1024)
