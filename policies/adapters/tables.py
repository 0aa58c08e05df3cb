"""The words in which a cloud's table says how its resource types become kinds.

A table is data: type → `Entry`, and in it field → how the field is read (`Take`), with the default that the provider
documents for an attribute that is not given. What cannot be read (an expression that leads nowhere, a value of another
type than documented) is UNKNOWN: nothing may be concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from inventory.estate import UNKNOWN

SERVICE_KEY = "/service-key"
"""ends the name of the key that a cloud's service encrypts with where the customer names none"""


class Resolve(Protocol):
    """What an expression means where it stands."""

    def __call__(self, text: str) -> Any: ...
    def body(self, text: str) -> Body | None: ...


class Body:
    """The attributes of a resource or of a block in it; expressions are resolved as they are read."""

    def __init__(self, data: Mapping[str, Any], resolve: Resolve, name: str) -> None:
        self._data, self._resolve, self.name = data, resolve, name

    def get(self, *keys: str) -> Any:
        """The first attribute that is given, None where none is."""
        for key in keys:
            value = self._data.get(key)
            if value is not None:
                return self._resolved(value)
        return None

    def follow(self, *keys: str) -> Body | None:
        """The attributes of the resource that an attribute refers to; None where that is not in the file."""
        value = next((found for key in keys if isinstance(found := self._data.get(key), str)), None)
        return self._resolve.body(value) if value else None

    def raw(self, key: str) -> Any:
        """The attribute as it stands."""
        return self._data.get(key)

    def blocks(self, key: str) -> list[Body] | None:
        """The blocks of this name; None where an expression makes them."""
        value = self._data.get(key)
        if value is None:
            return []
        rows = value if isinstance(value, list) else [value]
        if not all(isinstance(row, Mapping) for row in rows):
            return None
        return [Body(row, self._resolve, f"{self.name}/{key}-{index}") for index, row in enumerate(rows, 1)]

    def block(self, key: str) -> Body | None:
        """The only block of this name (the first, as the providers read it); None where there is none to be read."""
        found = self.blocks(key)
        return found[0] if found else None

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._resolve(value)
        return [self._resolved(item) for item in value] if isinstance(value, list) else value


Take = Callable[[Body], Any]


@dataclass(frozen=True)
class Draft:
    """A resource that another one implies: a rule in a group, the sink behind a switch."""

    kind: str
    name: str
    fields: Mapping[str, Any]


More = Callable[[Body], Iterable[Draft]]


@dataclass(frozen=True)
class Entry:
    """What a type becomes."""

    kind: str
    fields: Mapping[str, Take] = field(default_factory=dict)
    more: tuple[More, ...] = ()
    into: str = ""
    """it is no resource of its own: its fields belong to the one that this attribute names"""


def const(value: Any) -> Take:
    """The same for every resource of the type."""
    return lambda body: value


def text(*keys: str, default: Any = None) -> Take:
    """A text, or what a reference leads to."""

    def take(body: Body) -> Any:
        value = body.get(*keys)
        if value is None or value == "":
            return default
        return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else UNKNOWN

    def marked(body: Body) -> Any:
        value = body.get(*keys)
        return UNKNOWN if value is UNKNOWN else take(body)

    return marked


def texts(*keys: str, default: Any = ()) -> Take:
    """A list of texts; one text is a list of one."""

    def take(body: Body) -> Any:
        value = body.get(*keys)
        if value is None:
            return default
        rows = value if isinstance(value, list) else [value]
        return tuple(rows) if all(isinstance(row, str) for row in rows) else UNKNOWN

    return take


def number(*keys: str, default: Any = None) -> Take:
    """A whole number, also as text."""

    def take(body: Body) -> Any:
        value = body.get(*keys)
        return default if value is None else whole(value)

    return take


def whole(value: Any) -> Any:
    """A whole number out of what a document says; UNKNOWN where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return UNKNOWN
    try:
        read = int(value)
        return read if isinstance(value, str) or read == value else UNKNOWN
    except (ValueError, OverflowError):
        return UNKNOWN


_ON = frozenset({"true", "on", "yes", "1", "enabled", "enable", "open", "update"})
_OFF = frozenset({"false", "off", "no", "0", "disabled", "disable", "close", "suspended", ""})


def switch(*keys: str, default: Any) -> Take:
    """True or false, in all the words that the providers have for it."""

    def take(body: Body) -> Any:
        return switched(body.get(*keys), default)

    return take


def switched(value: Any, default: Any) -> Any:
    """A switch that was read."""
    if value is None or isinstance(value, bool):
        return default if value is None else value
    if value is not UNKNOWN and isinstance(value, str | int):
        said = str(value).strip().lower()
        if said in _ON or said in _OFF:
            return said in _ON
    return UNKNOWN


def word(*keys: str, table: Mapping[str, Any], default: Any) -> Take:
    """One of the provider's words, as ours; a word that is not documented is UNKNOWN."""

    def take(body: Body) -> Any:
        value = body.get(*keys)
        if value is None:
            return default
        return table.get(value.lower(), UNKNOWN) if isinstance(value, str) else UNKNOWN

    return take


def inside(block: str, take: Take, default: Any) -> Take:
    """Read in a block; the default where the block is not there."""

    def taken(body: Body) -> Any:
        rows = body.blocks(block)
        if rows is None:
            return UNKNOWN
        return take(rows[0]) if rows else default

    return taken


def encrypted(cloud: str, *, on: Take, key: Take) -> Take:
    """The key that data is encrypted with: the one named, the service's own where it is switched on without one."""

    def take(body: Body) -> Any:
        switch_ = on(body)
        if switch_ is not True:
            return UNKNOWN if switch_ is UNKNOWN else None
        return key(body) or f"{cloud}{SERVICE_KEY}"

    return take


def disks(block: str, key: Take) -> More:
    """The disks that a machine is made with, one a block."""

    def more(body: Body) -> Iterator[Draft]:
        rows = body.blocks(block)
        if rows is None:
            yield Draft("storage.volume", f"{body.name}/{block}", {"host": body.name, "encryption_key": UNKNOWN})
        for row in rows or []:
            fields = {"host": body.name, "size_gib": number("size", "data_disk_size")(row), "encryption_key": key(row)}
            yield Draft("storage.volume", row.name, fields)

    return more
