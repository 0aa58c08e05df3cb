"""What the remedies of checks have in common: one resource with some properties otherwise. Pure.

A remedy is asked about a resource of which its check said `fail`. It answers with everything that makes the answer
`pass`, or with None: where the right value is somebody's choice, a fact that somebody has to see to, or a name, a date,
a number or a key that does not exist yet, there is no remedy. Values come from the parameters of the check, from a
switch that has one right side, or from what the estate says already. Whether a change may be made at all is not
decided here (`policies.opening`).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

from inventory.estate import Resource
from policies.checks.shape import Mend, Mends, settled
from policies.checks.told import Limit


def mend(resource: Resource, **changes: Any) -> Mends | None:
    """The one resource, with these values; None where it has them already, so that they cannot be what is wrong."""
    changed = {key: value for key, value in changes.items() if resource.get(key) != value}
    return (Mend(resource, changed),) if changed else None


def switched(resource: Resource, *fields: str, on: bool = True) -> Mends | None:
    """These switches on (or off)."""
    return mend(resource, **dict.fromkeys(fields, on))


def limited(resource: Resource, limits: Iterable[Limit]) -> Mends | None:
    """Numbers that break their limits, at the limit; the others as they are."""
    changes = {limit.field: nearest(resource[limit.field], limit.least, limit.most) for limit in limits}
    return mend(resource, **changes)


def nearest(value: float, least: float, most: float) -> float:
    """The number itself where it will do, else the limit that it breaks. What must be positive and is not means "never":
    that is held to the upper limit, not to once a day."""
    if least <= value <= most:
        return value
    return most if isfinite(most) and (value > most or value <= 0) else least


def empty(value: Any) -> bool:
    """Told, and nothing: not the same as not told."""
    return value in (None, "") and settled(value)
