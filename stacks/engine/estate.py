"""The engine's records as the estate: the graph that everything after the engine reads, without secrets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inventory import estate as nouns
from inventory import urns
from inventory.kinds import kind_of, kinds
from stacks.engine.records import Record
from stacks.engine.state import Shelf, at
from stacks.engine.values import RESOURCE, SECRET, SIGNATURE, clear, is_unknown

_SIMPLE = frozenset((bool, int, float, type(None)))


def resources(stack: str, records: Iterable[Record], *, planned: bool = False) -> tuple[nouns.Resource, ...]:
    """The records as nodes. Providers, stack references and what only waits for its deletion are none. In a plan,
    outputs of our kinds that are not there yet are unknown."""
    found = []
    for record in records:
        body = record.body
        if urns.is_provider(record.type) or record.type == urns.REFERENCE or record.doomed or record.gone:
            continue
        kind = kind_of(record.type)
        properties = {key: _plain(value) for key, value in {**record.inputs, **record.outputs}.items()}
        if planned and kind != "component":
            for name in kinds()[kind].outputs:
                if properties.get(name) is None:
                    properties[name] = nouns.UNKNOWN
        origin = properties.get("origin")
        found.append(
            nouns.Resource(
                kind, urns.name(record.urn), stack, record.urn, properties, body.get("parent", ""),
                tuple(sorted(record.needs - {body.get("parent", ""), urns.referenced(body.get("provider", ""))[0]})),
                "" if is_unknown(record.id) else record.id, origin if isinstance(origin, str) else "",
            )
        )  # fmt: skip
    return tuple(found)


def deployed(state: str | Path | Shelf, passphrase: str) -> nouns.Estate:
    """What the state of every stack there says is deployed. Refused where a state cannot be read."""
    shelf = at(state)
    return nouns.Estate(
        tuple(
            resource
            for stack in shelf.stacks()
            for resource in resources(stack, shelf.snapshot(stack, passphrase).records)
        )
    )


def secrets(state: str | Path | Shelf, passphrase: str) -> dict[str, str]:
    """name of a `sec.secret` → its value, in clear: for the one who configures hosts, never for a file or a log."""
    found, shelf = {}, at(state)
    for stack in shelf.stacks():
        for record in shelf.snapshot(stack, passphrase).records:
            if kind_of(record.type) == "sec.secret" and not record.doomed:
                value = record.outputs.get("value")
                if value is not None:
                    found[urns.name(record.urn)] = str(clear(value))
    return found


def _plain(value: Any) -> Any:
    if type(value) in _SIMPLE:
        return value
    if is_unknown(value):
        return nouns.UNKNOWN
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == SECRET:
            return nouns.SECRET
        if signature == RESOURCE:
            return value.get("urn", "")
        return {key: _plain(item) for key, item in value.items() if key != SIGNATURE}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
