"""Which stacks there are, in which order, and what builds each.

The city's layers come first; a system comes after them and after the systems whose capabilities it uses. Flows order
nothing: both ends know each other's addresses beforehand, so two systems may call one another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from typing import Any

from inventory.addressing import Allocations
from inventory.problems import nearest, refuse
from inventory.reading import Read, sources
from stacks.blueprint import Blueprint
from stacks.parts import Draft
from stacks.sheets import Sheet, sheet

LAYERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "city-network": ("stacks.network:city", ()),
    "city-trust": ("stacks.trust:city", ("city-network",)),
    "city-pools": ("stacks.pools:city", ("city-network", "city-trust")),
    "city-platforms": ("stacks.platforms:city", ("city-pools",)),
    "city-recovery": ("stacks.recovery:city", ("city-pools",)),
}
"""stack → (module:builder, the stacks before it)"""
SYSTEM = "stacks.system:system"


@dataclass(frozen=True)
class StackSpec:
    """A stack and those that must be there before it."""

    name: str
    after: tuple[str, ...] = ()
    inputs: str | None = None
    """digest of its sheet: of all that its program is given of `files`; None where that was not asked for"""
    files: tuple[str, ...] = ()


def stacks(read: Read, allocations: Allocations | None = None) -> tuple[StackSpec, ...]:
    """Every stack of an environment in an order in which they can be built; with its addresses, also what each is given.
    Refused where systems use one another's capabilities in a ring."""
    blue = blueprint(read, allocations or Allocations())
    after: dict[str, tuple[str, ...]] = {name: before for name, (_, before) in LAYERS.items()}
    for stack in blue.systems:
        after[stack] = (*LAYERS, *blue.providers(stack))
    try:
        order = tuple(TopologicalSorter(after).static_order())
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        request = blue.systems[ring[0]]
        raise refuse(
            "stacks.ring",
            f"系统互相使用对方的共享能力,建不出先后:{' → '.join(ring)}。去掉其中一处 uses(flows 可以保留给非共享的接口)",
            f"systems use one another's capabilities in a ring, so none can come first: {' → '.join(ring)}. Drop one of "
            "the uses (a flow to a workload may stay)",
            where="uses",
            file=request.file,
        ) from None
    if allocations is None:
        return tuple(StackSpec(name, after[name]) for name in order)
    files = (*sources(read.environment), str(read.places.addresses))
    return tuple(StackSpec(name, after[name], _sheet(blue, name).digest, files) for name in order)


def draft(stack: str, read: Read, allocations: Allocations) -> Draft:
    """Everything of one stack, by its name. Refused where there is no such stack."""
    blue, made = blueprint(read, allocations), Draft()
    if stack in LAYERS:
        made.exports = _builder(LAYERS[stack][0])(_sheet(blue, stack), made)
        return made
    if stack not in blue.systems:
        near = nearest(stack, [*LAYERS, *blue.systems])
        hint = (f":是不是 {near}?", f": did you mean {near}?") if near else ("", "")
        raise refuse(
            "stacks.unknown",
            f"环境 {read.environment.name} 不建名为“{stack}”的栈{hint[0]}",
            f"environment {read.environment.name} builds no stack '{stack}'{hint[1]}",
        )
    made.exports = _builder(SYSTEM)(_sheet(blue, stack), made, stack)
    return made


def blueprint(read: Read, allocations: Allocations) -> Blueprint:
    """The blueprint of these very facts, drawn once: a forked worker has the one that its parent has drawn."""
    if not _drawn or _drawn[0].read is not read or _drawn[0].allocations is not allocations:
        _drawn[:] = [Blueprint(read, allocations)]
    return _drawn[0]


_drawn: list[Blueprint] = []


def _sheet(blue: Blueprint, stack: str) -> Sheet:
    return sheet(blue, stack, platforms=stack == "city-platforms")


def _builder(place: str) -> Callable[..., dict[str, Any]]:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
