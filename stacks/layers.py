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
from inventory.reading import Read
from stacks.blueprint import Blueprint

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


def stacks(read: Read) -> tuple[StackSpec, ...]:
    """Every stack of an environment in an order in which they can be built. Refused where systems use one another's
    capabilities in a ring."""
    blue = Blueprint(read, Allocations())
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
    return tuple(StackSpec(name, after[name]) for name in order)


def build(stack: str, read: Read, allocations: Allocations) -> dict[str, Any]:
    """Register everything of one stack, by its name; returns what it exports. Refused where there is no such stack."""
    blue = Blueprint(read, allocations)
    if stack in LAYERS:
        return _builder(LAYERS[stack][0])(blue)
    if stack not in blue.systems:
        near = nearest(stack, [*LAYERS, *blue.systems])
        hint = (f":是不是 {near}?", f": did you mean {near}?") if near else ("", "")
        raise refuse(
            "stacks.unknown",
            f"环境 {read.environment.name} 不建名为“{stack}”的栈{hint[0]}",
            f"environment {read.environment.name} builds no stack '{stack}'{hint[1]}",
        )
    return _builder(SYSTEM)(blue, stack)


def _builder(place: str) -> Callable[..., dict[str, Any]]:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
