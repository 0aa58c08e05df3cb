"""What a preview promises and what a run came to: frozen values that can be printed, compared, stored and signed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.estate import Estate, Resource, from_data, known, to_data
from inventory.problems import Problem


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done to which resource, and the paths of what differs, or words for what else caused it."""

    op: str
    urn: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What an update of one stack would do, bound to the state that it was made from."""

    stack: str
    steps: tuple[Step, ...]
    resources: tuple[Resource, ...]
    """as they would be afterwards; UNKNOWN and SECRET stand for themselves"""
    outputs: Mapping[str, Any]
    """of the stack, for those that refer to it: secrets are sealed, unknown values are Pulumi's"""
    based_on: int
    """version of the state"""
    still: bool = False
    """not even the record would change: nothing at all is to be done"""
    digest: str = ""
    """SHA-256 over all of the above but the sealed secrets, which are never the same twice"""

    @property
    def counts(self) -> Counter[str]:
        return Counter(step.op for step in self.steps)

    @property
    def changes(self) -> bool:
        """Whether anything but `same` and `read` would be done."""
        return any(step.op not in ("same", "read") for step in self.steps)

    def replaced(self, urn: str) -> tuple[str, ...]:
        """Why the plan replaces a resource: paths of what differs; empty where it does not."""
        return next((step.why for step in self.steps if step.urn == urn and step.op == "replace"), ())

    def holds(self, op: str, urn: str) -> bool:
        """Whether the plan allows the step: it is in it, or does less, or what decides it was not known then."""
        planned = {step.op for step in self.steps if step.urn == urn}
        if op in planned or (op == "update" and "replace" in planned):
            return True
        return op == "update" and any(r.urn == urn and not known(r.properties) for r in self.resources)

    def data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "stack": self.stack,
            "steps": [{"op": step.op, "urn": step.urn, "why": list(step.why)} for step in self.steps],
            "resources": to_data(Estate(self.resources)),
            "outputs": dict(self.outputs),
            "based_on": self.based_on,
            "still": self.still,
            "digest": self.digest,
        }

    @staticmethod
    def of(data: Mapping[str, Any]) -> StackPlan:
        """The plan that `data` wrote."""
        return StackPlan(
            data["stack"],
            tuple(Step(step["op"], step["urn"], tuple(step["why"])) for step in data["steps"]),
            from_data(data["resources"]).resources,
            data["outputs"],
            data["based_on"],
            data["still"],
            data["digest"],
        )

    def sealed(self) -> StackPlan:
        """The same plan with its digest."""
        bare = self.data()
        bare["outputs"] = sorted(self.outputs)
        bare["digest"] = ""
        for part in ("steps", "resources"):  # what runs in parallel has no order of its own
            bare[part] = sorted(bare[part], key=lambda item: (item["urn"], item.get("op", "")))
        text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return StackPlan(self.stack, self.steps, self.resources, self.outputs, self.based_on, self.still, digest)


@dataclass(frozen=True, slots=True)
class EstatePlan:
    """What an update of many stacks would do. A stack that could not be planned is missing and has its problems."""

    stacks: Mapping[str, StackPlan]
    estate: Estate
    problems: tuple[Problem, ...] = ()

    @property
    def changes(self) -> bool:
        return any(plan.changes for plan in self.stacks.values())

    @property
    def counts(self) -> Counter[str]:
        return sum((plan.counts for plan in self.stacks.values()), Counter())


@dataclass(frozen=True, slots=True)
class StackOutcome:
    """What a run did to one stack: steps by op, what went wrong, how long it took."""

    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    skipped: bool = False
    """not begun, because a stack that it depends on failed or the run was stopped"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `estate` is what is deployed afterwards, of the stacks of the run."""

    stacks: Mapping[str, StackOutcome]
    estate: Estate
    problems: tuple[Problem, ...] = ()
    interrupted: bool = False

    @property
    def counts(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for stack in self.stacks.values():
            total.update(stack.counts)
        return total
