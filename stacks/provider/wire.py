"""Values of the protocol ↔ plain Python.

An unknown travels as the SDK's marker text (the SDK cannot marshal its own `Computed`), a whole number as a float,
and a secret or a dependency as a flag on the value; plain values have none of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.rpc import UNKNOWN

Values = Mapping[str, PropertyValue]


def unknown(value: PropertyValue | None) -> bool:
    """True where the value or any part of it is only known after the update."""
    match value.value if value else None:
        case str(text):
            return text == UNKNOWN
        case Computed():
            return True
        case Mapping() as items:
            return any(map(unknown, items.values()))
        case Sequence() as items:
            return any(map(unknown, items))
    return False


def plain(value: PropertyValue) -> Any:
    """Known values only; whole floats become int."""
    match value.value:
        case float(number) if number.is_integer():
            return int(number)
        case str(text):
            return text
        case Mapping() as items:
            return {key: plain(item) for key, item in items.items()}
        case Sequence() as items:
            return [plain(item) for item in items]
    return value.value


def boxed(value: Any, secret: bool = False) -> PropertyValue:
    """Plain Python as a value of the protocol."""
    match value:
        case bool() | str() | None:
            return PropertyValue(value, is_secret=secret)
        case int() | float():
            return PropertyValue(float(value), is_secret=secret)
        case Mapping():
            return PropertyValue({key: boxed(item) for key, item in value.items()}, is_secret=secret)
        case Sequence():
            return PropertyValue([boxed(item) for item in value], is_secret=secret)
    raise TypeError(f"{type(value).__name__} is no value of the protocol")


def later(secret: bool = False) -> PropertyValue:
    """A value that is only known after the update."""
    return PropertyValue(UNKNOWN, is_secret=secret)
