"""The package schema of `gov`, generated from `inventory.kinds`: what the stock CLI, its SDK generators and its
documentation read. In: kinds. Out: a Pulumi PackageSpec as JSON text."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, get_args

from inventory.kinds import kinds, token
from inventory.kinds.base import Kind

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


@cache
def text(version: str) -> str:
    """The whole schema."""
    package = {
        "name": "gov",
        "version": version,
        "description": "Resources of a city's government cloud.",
        "license": "Apache-2.0",
        "resources": {token(name): _resource(kind) for name, kind in kinds().items() if not kind.record},
    }
    return json.dumps(package, ensure_ascii=False, indent=1)


@cache
def absent(kind: type[Kind]) -> dict[str, None]:
    """Fields that a kind wants to be named and allows to be empty: on the wire an empty field is one that is not there."""
    return {
        name: None
        for name, field in kind.model_fields.items()
        if field.is_required() and type(None) in get_args(field.annotation)
    }


def _resource(kind: type[Kind]) -> dict[str, Any]:
    described = kind.model_json_schema()
    required = [name for name in described.get("required", []) if name not in absent(kind)]
    inputs = {name: _property(kind, name, spec) for name, spec in described["properties"].items()}
    outputs = {
        name: {"type": _PLAIN[type_], **({"secret": True} if name in kind.secret_outputs else {})}
        for name, type_ in kind.outputs.items()
    }
    return {
        "description": kind.__doc__ or "",
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": {**inputs, **outputs},
        "required": [*required, *outputs],
    }


def _property(kind: type[Kind], name: str, spec: dict[str, Any]) -> dict[str, Any]:
    found = _type(spec)
    if name in kind.secrets:
        found["secret"] = True
    if name in kind.replaces:
        found["willReplaceOnChanges"] = True
    if isinstance(spec.get("default"), str | int | float | bool):
        found["default"] = spec["default"]
    return found


def _type(spec: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in spec:
        return _type(next(one for one in spec["anyOf"] if one.get("type") != "null"))
    if spec.get("type") == "array":
        items = spec.get("items") or spec["prefixItems"][0]
        return {"type": "array", "items": _type(items)}
    if "enum" in spec or "const" in spec:
        return {"type": "string"}
    return {"type": spec["type"]}
