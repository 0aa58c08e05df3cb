"""What is told of a resource, and what may be said where it is not. Pure.

Every check reads a recorded field through `lacking`: why nothing may be concluded of it. `unread` is the guard in front of
every comparison: after it, the fields are there and of the kind's own type, so that neither a gap in a record nor nonsense
in it ever passes or breaks a check. `policies.checks.records` and `wants` say the same of one way among several, and of a
table of fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from inventory.estate import Estate, Resource
from inventory.kinds import kinds
from inventory.kinds.base import Device
from policies.checks.references import pointing
from policies.checks.shape import Looked, Words, listed, missing, settled, unknown, unsure

DEVICES = tuple(kind for kind, made in kinds().items() if issubclass(made, Device))
"""kinds of security devices and services"""


@cache
def _shape(kind: str, field: str) -> tuple[Any, Any]:
    """What a field holds, and what each element of it holds, as `isinstance` takes them."""
    made = kinds().get(kind)
    if made is None or field not in made.model_fields:
        return object, object
    annotation = made.model_fields[field].annotation
    if NoneType in get_args(annotation):
        annotation = next(one for one in get_args(annotation) if one is not NoneType)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return (list, tuple), _plain(args[0])
    return (Mapping, str) if origin is dict else (_plain(annotation), object)


def _plain(annotation: Any) -> Any:
    # numbers may come back from the wire as floats; words with few values are strings all the same
    if annotation in (bool, int, float):
        return bool if annotation is bool else (int, float)
    worded = get_origin(annotation) is Literal or (isinstance(annotation, type) and issubclass(annotation, str))
    return str if worded else object


def lacking(resource: Resource, field: str) -> Words | None:
    """Why nothing may be concluded of a field: not recorded, known only later or secret, or not of the type of the kind's
    field. None where it can be judged (an empty word or list is told: there is none)."""
    value = resource.get(field)
    if value is None:
        return f"{field} 没有记录", f"{field} is not recorded"
    if not settled(value):
        return f"{field} 要到变更时才确定,或是机密", f"{field} is known only during the update, or secret"
    if not _fits(resource.kind, field, value):
        return f"{field} 的值读不懂", f"{field} is not of a type that can be read"
    return None


def given(resource: Resource, *fields: str) -> bool:
    """Can all of these fields be judged."""
    return all(lacking(resource, field) is None for field in fields)


def _fits(kind: str, field: str, value: Any) -> bool:
    whole, element = _shape(kind, field)
    if isinstance(value, bool) and whole is not bool:
        return False
    if not isinstance(value, whole):
        return False
    if not isinstance(value, list | tuple) or element is object:
        return True
    return all(isinstance(one, element) for one in value)


def unread(resource: Resource, *fields: str) -> Looked | None:
    """`unknown` where one of the fields is not told; None where the check may go on."""
    if open_ := unsure(resource, *fields):
        return open_
    kind, got = resource.kind, resource.properties.get
    missing = [field for field in fields if (value := got(field)) is None or not _fits(kind, field, value)]
    if not missing:
        return None
    words = ", ".join(missing)
    return unknown(resource, f"没有记录 {words},不能判断", f"{words}: not recorded")


def garbled(resource: Resource, *fields: str) -> Looked | None:
    """`unknown` where one of the fields cannot be read, or is set and not of the kind's own type; None where the check may
    go on, with fields that may be unset."""
    if open_ := unsure(resource, *fields):
        return open_
    kind, got = resource.kind, resource.properties.get
    odd = [field for field in fields if (value := got(field)) is not None and not _fits(kind, field, value)]
    if not odd:
        return None
    words = ", ".join(odd)
    return unknown(resource, f"{words} 的值读不懂,不能判断", f"{words}: not of a type that can be read")


def why(resource: Resource, open_: Looked) -> Words:
    """An answer about one resource, as a reason in an answer about another."""
    return f"{resource.name}:{open_.zh}", f"{resource.name}: {open_.en}"


def expected(estate: Estate, found: Iterable[Resource], zh: str, en: str) -> Iterator[Looked]:
    """`unknown` where there are systems, and what the requirement asks for was not recorded of anything."""
    if not list(found) and estate.kind("gov.system"):
        yield unknown(None, zh, en)


def absent(estate: Estate, found: Iterable[Resource], zh: str, en: str) -> Iterator[Looked]:
    """Where the requirement is that something exists: unknown, where systems are there and it is not."""
    yield from expected(estate, found, f"被检查的范围内没有{zh}", f"there is no {en} in what was judged")


def follow(estate: Estate, one: Resource, field: str, kind: str) -> tuple[Resource | None, list[Words]]:
    """What a field names, or why that cannot be told: not recorded, or not in what is judged."""
    if open_ := unread(one, field):
        return None, [(open_.zh, open_.en)]
    found = estate.named(kind, one[field])
    return found, [] if found else [missing(one, kind, one[field])]


def naming(
    estate: Estate, one: Resource, field: str, *kinds: str, also: Iterable[str] = ()
) -> tuple[list[Resource], list[Words]]:
    """Who of these kinds names it in a field, by its name, its whole kind, as everything, or by another word for it; and
    who may, because nobody told what they name."""
    named = pointing(estate, field, *kinds)
    return [*named.to(one), *named.at("*", *also)], estate.derived(_untold, field, *kinds)


def nothing(estate: Estate, *kinds: str) -> list[Words]:
    """A sentence where nothing of these kinds is in sight, so that what is looked for may stand elsewhere."""
    return estate.derived(_nothing, *kinds)


def _nothing(estate: Estate, *kinds: str) -> list[Words]:
    if estate.kind(*kinds):
        return []
    names = listed(kinds)
    return [(f"被检查的范围内没有 {names}", f"there is no {names} in what was judged")]


def _untold(estate: Estate, field: str, *kinds_: str) -> list[Words]:
    names = listed(one.name for one in estate.kind(*kinds_) if not given(one, field))
    # one sentence however many they are: it is said again of every resource
    return [(f"{names} 没有写明 {field}", f"{names}: {field} not told")] if names else []


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that must lie between two others, both included."""

    field: str
    zh: str
    en: str
    least: float
    most: float = inf


def outside(one: Resource, limits: Iterable[Limit]) -> list[Words]:
    """Numbers that break their limits; the fields have been read."""
    wrong: list[Words] = []
    for limit in limits:
        value = one[limit.field]
        if not limit.least <= value <= limit.most:
            span = f"{limit.least:g}..{limit.most:g}".removesuffix("inf")
            wrong.append((f"{limit.zh} {value:g},应为 {span}", f"{limit.en} {value:g}, wanted {span}"))
    return wrong
