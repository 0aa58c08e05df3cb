"""References between resources: `<kind>/<name>` words, who points at what, what stands where. Pure.

Every index is made once an estate (`Estate.derived`), so a check costs what it looks at, not what there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.shape import settled, texts


def word(resource: Resource) -> str:
    """How others refer to it: `<kind>/<name>`."""
    return f"{resource.kind}/{resource.name}"


def thing(estate: Estate, reference: Any) -> Resource | None:
    """What a `<kind>/<name>` word means; None where it is not in what is judged, or is no such word."""
    if not isinstance(reference, str):
        return None
    kind, _, name = reference.partition("/")
    return estate.named(kind, name)


class Pointers:
    """Who points at a resource by one field; made by `pointing`."""

    __slots__ = ("_by_word", "unsure")

    def __init__(self, rows: Iterable[tuple[Resource, Any]]) -> None:
        self._by_word: dict[str, list[Resource]] = defaultdict(list)
        self.unsure: list[Resource] = []
        """those whose field cannot be read: what they point at is not known"""
        for resource, value in rows:
            if not settled(value):
                self.unsure.append(resource)
                continue
            for one in (value,) if isinstance(value, str) else texts(value):
                self._by_word[str(one)].append(resource)

    def at(self, *words: str) -> list[Resource]:
        """All that name one of these words."""
        return [resource for one in words for resource in self._by_word.get(one, ())]

    def to(self, resource: Resource) -> list[Resource]:
        """All that name the resource, or its whole kind."""
        return self.at(word(resource), f"{resource.kind}/*")


def pointing(estate: Estate, field: str, *kinds: str) -> Pointers:
    """Who of these kinds names what in `field` (a word or a list of words)."""
    return estate.derived(_pointers, field, *kinds)


def _pointers(estate: Estate, field: str, *kinds: str) -> Pointers:
    return Pointers((one, one.get(field)) for one in estate.kind(*kinds))


def day(value: Any) -> date | None:
    """An ISO 8601 date, or the day of a time; None where it is none (a malformed one counts as not given)."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def level_of(estate: Estate, resource: Resource) -> Any:
    """等保 level of a resource: its own, else that of the system it belongs to; None for the city's own."""
    own = resource.get("level")
    if own is not None:
        return own
    system = resource.get("system")
    found = estate.named("gov.system", system) if isinstance(system, str) else None
    return found.get("level") if found else None


def grouped(resources: Iterable[Resource], field: str) -> Mapping[Any, list[Resource]]:
    """By the value of a field; what cannot be hashed or read stands under None."""
    found: dict[Any, list[Resource]] = defaultdict(list)
    for one in resources:
        value = one.get(field)
        found[value if isinstance(value, str | int) and settled(value) else None].append(one)
    return found
