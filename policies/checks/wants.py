"""What a check wants of single fields, as rows of a table: the field, a test of its value, the words where it is not so.

A field that is not set, or cannot be read yet, is an open question and never an answer, unless the row says that nothing
is a value too (`blank`: a store without a key has no key).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.references import thing
from policies.checks.shape import Words, missing, settled
from policies.checks.told import lacking


@dataclass(frozen=True, slots=True)
class Want:
    """One row. The sentences may hold `{}` for the value that was found."""

    field: str
    good: Callable[[Any], bool]
    zh: str
    en: str
    blank: bool = False
    """None says that there is none, and is judged"""


def weighed(one: Resource, wants: Iterable[Want]) -> tuple[list[Words], list[Words]]:
    """What is wrong, and what cannot be told: for `concluded`."""
    wrong: list[Words] = []
    open_: list[Words] = []
    for want in wants:
        value = one.get(want.field)
        gone = None if want.blank and value is None else lacking(one, want.field)
        if gone:
            open_.append(gone)
        elif not want.good(value):
            wrong.append((want.zh.format(value), want.en.format(value)))
    return wrong, open_


def unfound(estate: Estate, one: Resource, field: str, kind: str) -> list[Words]:
    """A name in a field that leads to nothing in the estate, as an open question; a field that cannot be read is
    another (`weighed`)."""
    name = one.get(field)
    if not name or not settled(name) or thing(estate, f"{kind}/{name}") is not None:
        return []
    return [missing(one, kind, name)]


def untold(what: str) -> Words:
    """Of several fields or of two resources, none or not both can be judged; of a single one `told.lacking` says why."""
    return f"{what} 没有记录或尚未确定", f"{what} is not recorded or not known yet"


def true(value: Any) -> bool:
    """On."""
    return value is True


def false(value: Any) -> bool:
    """Off."""
    return value is False


def among(*words: Any) -> Callable[[Any], bool]:
    """One of these."""
    return lambda value: value in words


def between(least: float, most: float) -> Callable[[Any], bool]:
    """A number within limits, these included."""
    return lambda value: isinstance(value, int | float) and least <= value <= most


def number(one: Resource, field: str) -> float | None:
    """Its value where that is a number."""
    value = one.get(field)
    return value if isinstance(value, int | float) else None
