"""What is to be done with one resource: a pure decision from the state, the goal and the provider's answer.

In: the record of the resource (None where there is none), what the program wants, what the provider's Diff said. Out:
a frozen decision that the executor carries out, or that a preview shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from stacks.engine import paths
from stacks.engine.records import Record
from stacks.engine.values import clear

Op = Literal["same", "create", "update", "replace", "delete", "read", "refresh"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What the program wants of one resource. Inputs are as the program gave them, before the provider's Check."""

    urn: str
    type: str
    name: str
    custom: bool
    inputs: dict[str, Any]
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    provider: str = ""
    """reference: URN::id"""
    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    delete_before_replace: bool | None = None
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    custom_timeouts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The provider's Diff. `changed` is None where it does not know; `paths` lead to what differs."""

    changed: bool | None = False
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One of the steps same, create, update, replace; why; and for a replacement, which end comes first."""

    op: Op
    why: tuple[str, ...] = ()
    """paths of what differs, or words where it is none of the resource's own inputs"""
    delete_first: bool = False


def without_asking(
    old: Record | None, goal: Goal, *, lost: bool, provider_replaced: bool, deleted_with_replaced: bool
) -> Decision | None:
    """The decision where the provider need not be asked; None where it must. `lost`: a deletion was begun and never
    confirmed, so that the thing is made anew, which finds it where it still is."""
    if old is None:
        return Decision("create", ("new",))
    if old.body.get("external"):
        return Decision("replace", ("external",))
    if old.gone or lost:
        return Decision("replace", ("pending",))
    if provider_replaced or deleted_with_replaced:
        why = "provider" if provider_replaced else "deletedWith"
        return Decision("replace", (why,), delete_first=bool(goal.delete_before_replace))
    return None


def decide(old: Record, goal: Goal, inputs: dict[str, Any], answer: Answer, *, unfinished: bool) -> Decision:
    """The decision after the provider's Diff. `inputs` are checked; `unfinished`: an update was begun and never
    confirmed, so it is made again."""
    changed = answer.changed
    if changed is None:
        changed = clear(old.inputs) != clear(inputs)
    why = answer.paths or tuple(sorted(_differing(old.inputs, inputs)))
    if changed and (answer.replaces or _asked_to_replace(goal, why)):
        first = answer.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        return Decision("replace", answer.replaces or why, delete_first=first)
    if changed or unfinished:
        return Decision("update", why if changed else ("pending",))
    return Decision("same")


def component(old: Record | None, goal: Goal) -> Decision:
    """Components have no provider: they are created once and then follow the program."""
    if old is None:
        return Decision("create", ("new",))
    if old.inputs != goal.inputs:
        return Decision("update", tuple(sorted(_differing(old.inputs, goal.inputs))))
    return Decision("same")


def _asked_to_replace(goal: Goal, why: tuple[str, ...]) -> bool:
    patterns = [paths.parse(text) for text in goal.replace_on_changes]
    changes = [paths.parse(text) for text in why]
    return any(paths.covers(pattern, change) for pattern in patterns for change in changes)


def _differing(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key) or (key in old) != (key in new)}
