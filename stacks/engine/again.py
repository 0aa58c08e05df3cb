"""What a plan could not know is judged again with the real value, before anything is made of it.

In: a record that is about to be made or changed, and the plan. Out: nothing, or Refused with what forbids it. Which
checks are asked is the judge's matter; the engine hands over the stack as it is known by now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from inventory.estate import Estate, Resource, known
from inventory.problems import Problem, Refused
from stacks.engine.estate import resources
from stacks.engine.plans import StackPlan
from stacks.engine.records import Record

Judge = Callable[[str, Estate], tuple[Problem, ...]]
"""(URN, its stack as far as it is known) → what forbids to make it"""


@dataclass(frozen=True)
class Again:
    """Of one stack's run. `plan`: what was judged."""

    plan: StackPlan
    judge: Judge

    @cached_property
    def _planned(self) -> dict[str, Resource]:
        return {resource.urn: resource for resource in self.plan.resources}

    def look(self, record: Record, records: Mapping[str, Record]) -> None:
        """Judge a record that is about to be made, where the plan did not know all of its inputs. `records`: what this
        run has seen so far, by URN."""
        before = self._planned.get(record.urn)
        if before is None or all(known(before.get(key)) for key in record.inputs):
            return
        now = resources(self.plan.stack, {**records, record.urn: record}.values(), planned=True)
        found = self.judge(record.urn, Estate(tuple({**self._planned, **{one.urn: one for one in now}}.values())))
        if found:
            raise Refused(found)
