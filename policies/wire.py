"""Values as Pulumi writes them (protobuf on the wire, JSON in a deployment) → values of the estate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from inventory.estate import SECRET, UNKNOWN

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""key of an object that stands for something else; its value says what"""
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWN = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""the SDK's sentinels for an unknown boolean, number, string, list, asset, archive and object"""


def of_json(value: Any) -> Any:
    """A value of a deployment document. Secrets become SECRET, sealed or in clear."""
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [of_json(item) for item in value]
    if isinstance(value, Mapping):
        signature = value.get(SIGNATURE)
        if signature == _SECRET:
            return SECRET
        if signature == _RESOURCE:
            return value.get("urn", "")
        return {key: of_json(item) for key, item in value.items() if key != SIGNATURE}
    return value


def of_struct(value: struct_pb2.Value) -> Any:
    """A value of the analyzer protocol."""
    which = value.WhichOneof("kind")
    if which == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN else value.string_value
    if which == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if which == "bool_value":
        return value.bool_value
    if which == "list_value":
        return [of_struct(item) for item in value.list_value.values]
    if which == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            signature = fields[SIGNATURE].string_value
            if signature == _SECRET:
                return SECRET
            if signature == _RESOURCE:
                return fields["urn"].string_value if "urn" in fields else ""
        return {key: of_struct(item) for key, item in fields.items() if key != SIGNATURE}
    return None
