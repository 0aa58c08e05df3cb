"""A draft → Pulumi: the one place where something of a stack is registered, under the stock CLI and under the embedded
engine alike.

In: a draft. Out: components, resources and references, in the draft's order, and the stack's exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from stacks.parts import Draft, Output, Part, Reference, Step
from stacks.resources import CLASSES


class Component(pulumi.ComponentResource):
    """A part of the tree, with nothing of its own."""

    def __init__(self, part: Part, parent: pulumi.Resource | None) -> None:
        super().__init__(part.type, part.name, None, pulumi.ResourceOptions(parent=parent))


def register(draft: Draft) -> None:
    """Everything of a draft."""
    made: dict[Step, pulumi.Resource] = {}
    for step in draft.steps:
        made[step] = _registered(step, made)
    for one in made.values():
        if isinstance(one, Component):
            one.register_outputs({})
    for name, value in draft.exports.items():
        pulumi.export(name, _with(value, made))


def _registered(step: Step, made: Mapping[Step, pulumi.Resource]) -> pulumi.Resource:
    if isinstance(step, Reference):
        return pulumi.StackReference(f"{pulumi.get_organization()}/{pulumi.get_project()}/{step.stack}")
    if isinstance(step, Part):
        return Component(step, made[step.parent] if step.parent else None)
    opts = pulumi.ResourceOptions(
        parent=made[step.part], depends_on=[made[one] for one in step.after],
        # what is protected from deletion says so to the engine too: it refuses to delete or replace it
        protect=True if step.fields.get("deletion_protection") else None,
    )  # fmt: skip
    fields = {name: _with(value, made) for name, value in step.fields.items()}
    return CLASSES[step.kind](step.name, opts=opts, **fields)


def _with(value: Any, made: Mapping[Step, pulumi.Resource]) -> Any:
    """A value with the outputs of what is registered in the place of drafted ones."""
    if isinstance(value, Output):
        of = made[value.of]
        return of.get_output(value.name) if isinstance(of, pulumi.StackReference) else getattr(of, value.name)
    if isinstance(value, Mapping):
        return {key: _with(each, made) for key, each in value.items()}
    return value
