"""Case files → estates. `estate:` has one row a resource, `<kind> <name> [@<stack>]: {fields}`; values are read by the
types of the kind's fields, `$unknown` and `$secret` stand for themselves, `~` for nothing. `expect:` has every answer
of the check, by name (`<kind>/<name>` where two kinds share it), `estate` is the answer
about the estate as a whole. `today:` is the day, for checks that ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from inventory.kinds import kinds, token
from inventory.reading import document
from policies.checks import load
from policies.checks.shape import Looked
from policies.judge import look
from policies.profiles import Entry

FOLDER = Path(__file__).parent.parent / "cases" / "policies"
_MARKERS = {"$unknown": UNKNOWN, "$secret": SECRET}


@dataclass(frozen=True)
class Case:
    """One file."""

    check: str
    name: str
    shows: str
    estate: Estate
    entry: Entry
    expect: dict[str, str]
    today: date


def paths() -> list[Path]:
    """Every case file."""
    return sorted(FOLDER.glob("*/*.yaml"))


def case(path: Path) -> Case:
    """A case file, its fields checked against the kinds."""
    row = document(path)
    id_ = path.parent.name
    loaded = load(id_)
    params: dict[str, Any] = {key: param.default for key, param in loaded.check.params.items()}
    for key, raw in (row.get("params") or {}).items():
        params[key] = tuple(raw) if isinstance(raw, list) else type(params[key])(raw)
    estate = Estate(tuple(resource(head, fields or {}) for head, fields in row["estate"].items()))
    return Case(id_, path.stem, row["shows"], estate, Entry(loaded, "mandatory", params), dict(row["expect"]),
                date.fromisoformat(row.get("today", "2026-06-01")))  # fmt: skip


def answers(of: Case, entry: Entry | None = None) -> list[tuple[str, Looked]]:
    """What a check (the case's own, unless another is given) says of the case, each under the name that `expect:` has for
    it."""
    found = []
    for looked in look(of.estate, entry or of.entry, of.today):
        name = looked.resource.name if looked.resource else "estate"
        if looked.resource and f"{looked.resource.kind}/{name}" in of.expect:
            name = f"{looked.resource.kind}/{name}"
        found.append((name, looked))
    return found


def resource(head: str, fields: Mapping[str, Any]) -> Resource:
    """`net.subnet one @case.two` and its fields."""
    kind, name, *rest = head.split()
    stack = rest[0].removeprefix("@") if rest else "case.one"
    model = kinds()[kind]
    types: dict[str, Any] = {key: field.annotation for key, field in model.model_fields.items()} | model.outputs
    unknown_fields = set(fields) - set(types)
    assert not unknown_fields, f"{kind} has no field {unknown_fields}"
    properties = {"name": name, **{key: _value(types[key], value) for key, value in fields.items()}}
    urn = f"urn:pulumi:{stack}::liangzhu::{token(kind)}::{name}"
    return Resource(kind, name, stack, urn, properties)


def _value(kind: Any, raw: Any) -> Any:
    if isinstance(raw, str) and raw in _MARKERS:
        return _MARKERS[raw]
    if isinstance(raw, list) and any(item in _MARKERS for item in raw if isinstance(item, str)):
        return tuple(_MARKERS.get(item, item) for item in raw)
    try:
        adapter = TypeAdapter(kind)
        read = adapter.dump_python(adapter.validate_python(raw))
        return int(read) if isinstance(read, float) and read.is_integer() else read  # as the wire gives it
    except ValueError:
        return raw  # a value that the schema would refuse: the judge must cope with it all the same
