"""The address plan as it stands in the estate (`net.plan`), read for the checks. Pure.

In: an estate. Out: its fields and spaces, or the words that say why nobody can tell what an address says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory.allotting.prefixes import Prefix, parse
from inventory.bitfields import Scheme, recorded
from inventory.estate import Estate, Resource
from policies.checks.shape import Words, settled

SPACES = ("prefix6", "prefix4", "link6", "loopback6", "nat64")


@dataclass(frozen=True, slots=True)
class Planned:
    """`spaces`: name as in the plan → the prefix; what the plan has not is not there."""

    scheme: Scheme
    spaces: Mapping[str, Prefix]


def planned(estate: Estate) -> Planned | Words:
    """The plan of an estate; words where it has none, more than one, or one that cannot be read."""
    plans = {one.urn: one for one in estate.kind("net.plan")}
    if len(plans) != 1:
        return (
            f"被检查的范围内有 {len(plans)} 份地址规划,应恰有一份",
            f"there are {len(plans)} address plans in what was judged, not one",
        )
    (plan,) = plans.values()
    if not settled(plan.properties):
        return "地址规划尚未确定", "the address plan is not known yet"
    try:
        spaces = {name: parse(str(plan[name])) for name in SPACES if plan.get(name) is not None}
        return Planned(recorded(plan.properties), spaces)
    except ValueError as error:
        return f"地址规划读不懂({error})", f"the address plan makes no sense ({error})"


def misread(plan: Planned, prefix: Prefix, of: Resource) -> Iterator[Words]:
    """Where the bits of a prefix say something else than the resource that has it: the code, what it stands for, and what
    the resource says. In a segment that belongs to no unit any unit may have an address. What is not known yet is not
    compared: see `unread`."""
    for slot in plan.scheme.filled(prefix.length):
        code = slot.code(prefix.start)
        key = slot.key(code)
        at = f"{prefix} 的 {slot.name} 码 {code}", f"code {code} of {slot.name} in {prefix}"
        if code in slot.kept:
            yield f"{at[0]} 是保留的", f"{at[1]} is kept back"
        elif key is None:
            yield f"{at[0]} 不在码表中", f"{at[1]} is in no table"
        elif slot.of in _said(of) and settled(of.get(slot.of)):
            said = of.get(slot.of) or ""
            shared = slot.of == "bureau" and key == "" and of.kind != "net.subnet"
            if said != key and not shared:
                yield (
                    f"{at[0]} 是“{key or '无'}”,资源写的是“{said or '无'}”",
                    f"{at[1]} is '{key or 'none'}', the resource says '{said or 'none'}'",
                )


def unread(plan: Planned, of: Resource) -> list[Words]:
    """Fields of the resource that the bits cannot be compared with yet."""
    names = [slot.of for slot in plan.scheme.slots if slot.of in _said(of) and not settled(of.get(slot.of))]
    return [(f"{name} 尚未确定", f"{name} is not known yet") for name in names]


def _said(of: Resource) -> tuple[str, ...]:
    return ("site", "zone", "bureau", "tier") if of.kind == "net.subnet" else ("site", "zone", "bureau")
