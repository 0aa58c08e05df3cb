"""What is to be done with one resource: a pure decision from the state, the goal and the provider's answer.

In: the record of the resource (None where there is none), what the program wants, the situation of the run, what the
provider's Diff said. Out: a frozen decision that the executor carries out, or that a preview shows. The order of the
questions is the stock engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stacks.engine import paths
from stacks.engine.records import Record
from stacks.engine.values import clear, contains, is_unknown

Op = Literal["same", "create", "update", "replace", "delete", "discard", "read", "refresh", "import"]

INIT_ERROR = "#initerror"
"""what `replaceOnChanges` calls a resource that was made and never came to work"""


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
    replace_with: tuple[str, ...] = ()
    replacement_trigger: Any = None
    additional_secret_outputs: tuple[str, ...] = ()
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    hooks: dict[str, list[str]] = field(default_factory=dict)
    """`BeforeCreate` → names of hooks, as the state spells them"""
    hide_diff: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """URNs of everything that must be there before it."""
        needed = {*self.dependencies, *self.replace_with, self.parent, self.deleted_with}
        for urns in self.property_dependencies.values():
            needed.update(urns)
        needed.add(self.provider.rpartition("::")[0])
        return frozenset(needed - {"", self.urn})


@dataclass(frozen=True, slots=True)
class Answer:
    """The provider's Diff. `changed` is None where it does not know."""

    changed: bool | None = False
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False
    changes: tuple[str, ...] = ()
    """names of the properties that differ"""
    details: Mapping[str, bool] = field(default_factory=dict)
    """path of what differs → whether that replaces"""

    @property
    def why(self) -> tuple[str, ...]:
        return tuple(self.details) or self.changes


@dataclass(frozen=True, slots=True)
class Situation:
    """What the run knows of a resource beside its record and its goal."""

    deleted: bool = False
    """this run has deleted it already, for the sake of something that it needs"""
    lost: bool = False
    """a deletion was begun by an earlier run and never confirmed"""
    unfinished: bool = False
    """an update was begun by an earlier run and never confirmed, so it is made again"""
    provider_replaced: bool = False
    partner_replaced: str = ""
    """`replaceWith` or `deletedWith`, where what is named there is replaced"""
    forced: bool = False
    """somebody asked for the replacement of just this one"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One of the steps same, create, update, replace; why; and for a replacement, how."""

    op: Op
    why: tuple[str, ...] = ()
    """paths of what differs, or words where it is none of the resource's own inputs"""
    delete_first: bool = False
    """the old one goes before the new one comes"""
    gone: bool = False
    """the old one is not there any more: nothing is left to delete"""
    afresh: bool = False
    """the provider is asked once more for the inputs: a replacement takes nothing over from what it replaces"""


def without_olds(old: Record | None, goal: Goal, now: Situation) -> bool:
    """Whether the old inputs say nothing about the new ones, so that Check does not see them."""
    return old is None or now.deleted or now.forced or old.external or tainted(old)


def without_asking(old: Record | None, goal: Goal, now: Situation, inputs: dict[str, Any]) -> Decision | None:
    """The decision where the provider need not be asked; None where it must. `inputs` are checked."""
    if old is None:
        return Decision("create", ("new",))
    if now.deleted:
        return Decision("replace", ("pending",), gone=True)
    if now.lost:
        return Decision("replace", ("pending",), delete_first=True, afresh=True)
    if old.external:
        return Decision("replace", ("external",))
    if triggered(old.body.get("replacementTrigger"), goal.replacement_trigger):
        return _replaced(goal, "replacementTrigger")
    if now.forced or tainted(old):
        return Decision("replace", ("forced",), delete_first=bool(goal.delete_before_replace), gone=old.gone)
    if now.partner_replaced:
        return _replaced(goal, now.partner_replaced)
    if now.provider_replaced:
        return _replaced(goal, "provider")
    if not goal.custom:
        if old.gone:
            return Decision("replace", ("pending",), gone=True)
        if old.inputs == inputs:
            return Decision("same")
        return Decision("update", tuple(sorted(differing(old.inputs, inputs))))
    return None


def decide(old: Record, goal: Goal, inputs: dict[str, Any], answer: Answer, now: Situation) -> Decision:
    """The decision after the provider's Diff. `inputs` are checked."""
    answer = known(answer, old.inputs, inputs)
    replaces = replacing(answer, goal.replace_on_changes, bool(old.body.get("initErrors")))
    if old.gone:
        return Decision("replace", ("pending",), gone=True, afresh=True)
    if replaces:
        first = answer.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        return Decision("replace", replaces, delete_first=first, afresh=True)
    if answer.changed:
        return Decision("update", answer.why or tuple(sorted(differing(old.inputs, inputs))) or ("unexplained",))
    if old.body.get("initErrors"):
        return Decision("update", ("initErrors",))
    if now.unfinished:
        return Decision("update", ("pending",))
    return Decision("same")


def known(answer: Answer, old: dict[str, Any], new: dict[str, Any]) -> Answer:
    """The answer; where the provider did not know, what a comparison of the inputs says."""
    if answer.changed is not None:
        return answer
    why = tuple(sorted(differing(clear(old), clear(new))))
    return Answer(bool(why), answer.replaces, answer.delete_before_replace, why)


def replacing(answer: Answer, replace_on_changes: tuple[str, ...], init_errors: bool = False) -> tuple[str, ...]:
    """Paths for which the resource is replaced, the program's `replaceOnChanges` heeded; empty where it is not."""
    if not answer.changed and not init_errors:
        return ()
    patterns = [paths.parse(text) for text in replace_on_changes]
    found = [*answer.replaces, *(path for path, replaces in answer.details.items() if replaces)]
    if patterns:
        changed = [*answer.details, *answer.changes, *([INIT_ERROR] if init_errors else [])]
        found += [path for path in changed if any(paths.covers(p, paths.parse(path)) for p in patterns)]
    return tuple(dict.fromkeys(found)) if answer.changed or INIT_ERROR in found else ()


def triggered(old: Any, new: Any) -> bool:
    """Whether a `replacementTrigger` has fired: it was there before, and is another one now, or may be."""
    old, new = clear(old), clear(new)
    if contains(old, is_unknown) or contains(new, is_unknown):
        return True
    return old is not None and new is not None and old != new


def tainted(old: Record | None) -> bool:
    """Whether somebody marked the resource for replacement."""
    return old is not None and bool(old.body.get("taint"))


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Keys whose values are not the same."""
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key) or (key in old) != (key in new)}


def _replaced(goal: Goal, why: str) -> Decision:
    return Decision("replace", (why,), delete_first=bool(goal.delete_before_replace), afresh=True)
