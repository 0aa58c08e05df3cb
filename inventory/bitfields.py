"""The fields of an address plan as bits and tables: what a prefix says, for one prefix or for a million. Pure.

`inventory.numbering` makes a scheme of the city's plan, `recorded` of the `net.plan` that stands in an estate. Out: words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory.allotting.prefixes import Prefix, parse

BELOW = 64
"""a segment's length: where the last field ends"""


@dataclass(frozen=True, slots=True)
class Slot:
    """A field: `bits` wide, up to the length `end`. `names` is its code table, code → key, "" for what belongs to none;
    empty where codes are only numbers (`of` segment). `kept` codes are given to nobody."""

    name: str
    of: str
    bits: int
    end: int
    names: Mapping[int, str]
    kept: frozenset[int] = frozenset()

    def code(self, start: int) -> int:
        """The field's bits of an IPv6 address."""
        return start >> (128 - self.end) & ((1 << self.bits) - 1)

    def key(self, code: int) -> str | int | None:
        """What a code stands for; None where it is in no table."""
        return code if self.of == "segment" else self.names.get(code)


@dataclass(frozen=True, slots=True)
class Scheme:
    """The whole, and its fields from the left."""

    whole: Prefix
    slots: tuple[Slot, ...]

    def filled(self, length: int) -> tuple[Slot, ...]:
        """The fields that a prefix of this length fills."""
        return tuple(slot for slot in self.slots if slot.end <= length)

    def read(self, prefix: Prefix) -> dict[str, str | int | None] | None:
        """What is said of a prefix (of a segment, or an address in one): field → key, None where the code is in no table,
        the number of the segment field itself. Fields that the prefix does not fill are left out; None where it is
        outside the plan."""
        if prefix not in self.whole:
            return None
        return {slot.name: slot.key(slot.code(prefix.start)) for slot in self.filled(prefix.length)}


def recorded(plan: Mapping[str, Any]) -> Scheme:
    """The scheme of the properties of a `net.plan`. ValueError, in English, where they make none."""
    try:
        whole = parse(str(plan["prefix6"]))
        slots, end = [], whole.length
        for field in plan["fields"]:
            bits, codes = int(field["bits"]), field.get("codes") or {}
            end += bits
            names = {int(code): str(key) for key, code in codes.items()}
            if len(names) < len(codes) or bits < 1:
                raise ValueError(f"field {field['name']}: two keys with one code, or no bits")
            kept = frozenset(int(code) for code in field.get("reserved") or ())
            slots.append(Slot(str(field["name"]), str(field["of"]), bits, end, names, kept))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing or of the wrong kind ({error})") from None
    if whole.version != 6 or end != BELOW:
        raise ValueError(f"its fields end at /{end}, not at /{BELOW}")
    return Scheme(whole, tuple(slots))
