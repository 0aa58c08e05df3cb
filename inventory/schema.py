"""The model → JSON Schema files under `inventory/schemas/`, for editors. Generated; a test says when they are stale."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from inventory.model import City, Environment, System
from inventory.places import ROOT

FOLDER = ROOT / "inventory" / "schemas"


def texts() -> dict[str, str]:
    """file name → content."""
    found = {"request.schema.json": _request(), "environments.schema.json": _environments()}
    for name, field in City.model_fields.items():
        kind: Any = field.annotation
        if kind is not str:
            found[f"{name}.schema.json"] = TypeAdapter(kind).json_schema(mode="validation")
    return {name: json.dumps(schema, ensure_ascii=False, indent=1) + "\n" for name, schema in sorted(found.items())}


def write() -> tuple[str, ...]:
    """Bring the folder up to date; the names of the files that changed."""
    FOLDER.mkdir(exist_ok=True)
    changed = []
    for name, text in texts().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return tuple(changed)


def _request() -> dict[str, Any]:
    system = System.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = system.pop("$defs", {})
    secret = {"type": "object", "required": ["secure"], "properties": {"secure": {"type": "string"}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "信息系统资源申请 / request of a system",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {
            "config": {
                "type": "object",
                "required": ["liangzhu:system"],
                "properties": {"liangzhu:system": system},
                "additionalProperties": secret,
            },
            **{key: {"type": "string"} for key in ("encryptionsalt", "secretsprovider", "encryptedkey")},
            "environment": {},
        },
        "$defs": definitions,
    }


def _environments() -> dict[str, Any]:
    schema = Environment.model_json_schema()
    schema["properties"].pop("name")
    schema["required"] = [key for key in schema["required"] if key != "name"]
    definitions = schema.pop("$defs", {})
    return {"type": "object", "additionalProperties": schema, "$defs": definitions}
