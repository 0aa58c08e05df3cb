"""One stack's sheet of the blueprint: all that its program is given, and nothing else. Pure.

In: the blueprint of the whole city. Out: a frozen sheet, and its digest: where that is as it was, nothing that people
wrote and no address can have changed what the stack's program does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from inventory.addressing import Allocations
from inventory.layout import Layout, Machine, Segment, Vip
from inventory.model import City, Request
from stacks.blueprint import Blueprint, Call, Ground, Group

T = TypeVar("T")


@dataclass(frozen=True)
class Sheet(Ground):
    """What one stack is built from. Of other systems it shows who calls whom from where, not what they are."""

    stack: str
    city: City
    own: Layout
    allocations: Allocations
    """of the city's own hosts, and of what the stack builds"""
    systems: Mapping[str, Request] = field(default_factory=dict)
    """the stack's own request; none of a layer of the city"""
    plan: Layout | None = None
    grouped: tuple[Group, ...] = ()
    inward: tuple[Call, ...] = ()
    outward: tuple[Call, ...] = ()
    used: tuple[str, ...] = ()
    graded: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """of the platforms' layer: system that offers a capability → levels of the pools under it"""

    def layout(self, stack: str) -> Layout:
        if self.plan is None:
            raise LookupError(f"the sheet of {self.stack} has no layout")
        return self._mine(stack, self.plan)

    def groups(self, stack: str) -> tuple[Group, ...]:
        """A system's groups: one a workload, one more for the host that only votes."""
        return self._mine(stack, self.grouped)

    def calls_to(self, stack: str) -> tuple[Call, ...]:
        return self._mine(stack, self.inward)

    def calls_from(self, stack: str) -> tuple[Call, ...]:
        return self._mine(stack, self.outward)

    def providers(self, stack: str) -> tuple[str, ...]:
        """Stacks built here that provide what the system uses, in the order of use."""
        return self._mine(stack, self.used)

    def levels(self, stack: str) -> tuple[int, ...]:
        """Levels of the pools under a system's workloads."""
        return self.graded[stack]

    @property
    def digest(self) -> str:
        """SHA-256 over everything that the sheet shows, lines of the request included: they are in `origin`."""
        marks = [list(request.marks.items()) for request in self.systems.values()]
        return hashlib.sha256(repr((self, marks)).encode()).hexdigest()

    def _mine(self, stack: str, value: T) -> T:
        if stack != self.stack:
            raise LookupError(f"the sheet of {self.stack} does not show {stack}")
        return value


def sheet(blue: Blueprint, stack: str, *, platforms: bool = False) -> Sheet:
    """The sheet of a system's stack, or of a layer of the city; `platforms`: with the levels of what offers
    capabilities. Refused where the address step has not seen something that calls or is called."""
    own = blue.own
    if stack not in blue.systems:
        offering = {capability.system for offer in blue.city.platforms for capability in offer.capabilities}
        graded = {name: blue.levels(name) for name in sorted(filter(None, offering))} if platforms else {}
        return Sheet(stack, blue.city, own, _layer(blue), graded=graded)
    plan, groups = blue.layout(stack), blue.groups(stack)
    return Sheet(
        stack, blue.city, own, _only(blue.allocations, plan.segments, (*own.machines, *plan.machines), plan.vips),
        {stack: blue.systems[stack]}, plan, groups, _shown(blue.calls_to(stack), groups),
        _shown(blue.calls_from(stack), groups), blue.providers(stack),
    )  # fmt: skip


def _shown(calls: Iterable[Call], own: tuple[Group, ...]) -> tuple[Call, ...]:
    """Calls with no more of the other side than where it speaks from."""

    def far(group: Group) -> Group:
        return group if any(group is mine for mine in own) else replace(group, machines=())

    return tuple(replace(call, source=far(call.source), target=far(call.target)) for call in calls)


def _layer(blue: Blueprint) -> Allocations:
    return replace(
        _only(blue.allocations, blue.own.segments, blue.own.machines, ()), links=blue.allocations.links,
        loopbacks=blue.allocations.loopbacks, nat64=blue.allocations.nat64, pool4=blue.allocations.pool4,
    )  # fmt: skip


def _only(
    all_: Allocations, segments: Iterable[Segment], machines: Iterable[Machine], vips: Iterable[Vip]
) -> Allocations:
    return Allocations(
        {s.name: all_.segments[s.name] for s in segments if s.name in all_.segments},
        {m.name: all_.hosts[m.name] for m in machines if m.name in all_.hosts},
        {v.name: all_.vips[v.name] for v in vips if v.name in all_.vips},
    )
