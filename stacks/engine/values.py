"""Pulumi's property values: protobuf on the wire, plain Python in here and in the state.

In: `google.protobuf` structs of the SDK and of providers. Out: dicts, lists, strings, numbers, with Pulumi's own
signature dicts for what is special (`{"4dabf…": "1b47…", "value": …}` is a secret). Unknown is Pulumi's fixed string.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf import struct_pb2

from inventory import urns

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_REFERENCE = (SIGNATURE, "urn", "id", "packageVersion")
"""what is kept of a reference to a resource"""
_WRITTEN_OUT = 1e21
"""a number below this is written without an exponent"""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as Python; output values become plain, secret or unknown values, a secret of a secret a secret."""
    return {key: from_value(value) for key, value in struct.fields.items()}


def from_value(value: struct_pb2.Value) -> Any:
    """One value as Python."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < _WRITTEN_OUT else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        plain = from_struct(value.struct_value)
        if plain.get(SIGNATURE) == OUTPUT:
            inner = plain.get("value", UNKNOWN)
            return secret(inner) if plain.get("secret") else inner
        if plain.get(SIGNATURE) == SECRET and is_secret(plain.get("value")):
            return plain["value"]
        if plain.get(SIGNATURE) == RESOURCE:
            return {"packageVersion": "", **{key: plain[key] for key in _REFERENCE if key in plain}}
        return plain
    return None


def to_struct(values: Mapping[str, Any], struct: struct_pb2.Struct | None = None) -> struct_pb2.Struct:
    """Python as a struct; fills the one that is given."""
    struct = struct_pb2.Struct() if struct is None else struct
    struct.SetInParent()
    fields = struct.fields
    for key, value in values.items():
        _to_value(fields[key], value)
    return struct


def _to_value(target: struct_pb2.Value, value: Any) -> None:
    if type(value) is str:  # most are
        target.string_value = value
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, Mapping):
        to_struct(value, target.struct_value)
    else:
        items = target.list_value
        items.SetInParent()
        for item in value:
            _to_value(items.values.add(), item)


def secret(value: Any) -> Any:
    """The value as a secret; one that is already stays as it is."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def is_unknown(value: Any) -> bool:
    return isinstance(value, str) and value == UNKNOWN


def mapped(value: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """The value with every signature dict replaced by `change` of it, innermost first."""
    if isinstance(value, dict):
        inner = {key: mapped(item, change) for key, item in value.items()}
        return change(inner) if SIGNATURE in inner else inner
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    return value


def clear(value: Any) -> Any:
    """The value with secrets in clear: for providers that do not take secrets, and for comparing."""
    return mapped(value, lambda special: special["value"] if special[SIGNATURE] == SECRET else special)


def without_references(value: Any) -> Any:
    """The value with references to resources replaced by their ids (components: URNs)."""
    return mapped(
        value, lambda special: (special.get("id") or special["urn"]) if special[SIGNATURE] == RESOURCE else special
    )


def without_unknowns(value: Any) -> Any:
    """The value without what is not known: what a provider gets when it is not to be asked about a preview."""
    if isinstance(value, dict):
        if SIGNATURE in value:
            return {key: without_unknowns(item) for key, item in value.items()}
        return {key: without_unknowns(item) for key, item in value.items() if not is_unknown(_inner(item))}
    if isinstance(value, list):
        return [without_unknowns(item) for item in value]
    return value


def _inner(value: Any) -> Any:
    return _inner(value.get("value")) if is_secret(value) else value


def named(value: Any) -> Any:
    """The value with references to resources as a provider gets them: with name and type, and no id where none is
    known."""
    return mapped(value, lambda special: _named(special) if special[SIGNATURE] == RESOURCE else special)


def _named(reference: dict[str, Any]) -> dict[str, Any]:
    whole = reference | {"name": urns.name(reference["urn"]), "type": urns.type_of(reference["urn"])}
    if not whole.get("packageVersion"):
        whole.pop("packageVersion", None)
    return whole | {"id": ""} if is_unknown(reference.get("id")) else whole


def contains(value: Any, test: Callable[[Any], bool]) -> bool:
    """Whether the value, or any part of it, passes the test."""
    if test(value):
        return True
    if isinstance(value, dict):
        return any(contains(item, test) for item in value.values())
    if isinstance(value, list):
        return any(contains(item, test) for item in value)
    return False


def secret_texts(value: Any, inside: bool = False) -> Iterator[str]:
    """Every string that stands inside a secret: what no message may show."""
    if isinstance(value, dict):
        inside = inside or is_secret(value)
        for key, item in value.items():
            if key != SIGNATURE:
                yield from secret_texts(item, inside)
    elif isinstance(value, list):
        for item in value:
            yield from secret_texts(item, inside)
    elif inside and isinstance(value, str):
        yield value


def like(outputs: Any, inputs: Any) -> Any:
    """Outputs of a provider that does not take secrets, secret again where the inputs of the same name hold any."""
    if not isinstance(outputs, dict) or not isinstance(inputs, dict):
        return outputs
    marked = dict(outputs)
    for key in outputs.keys() & inputs.keys():
        out, given = outputs[key], inputs[key]
        if isinstance(out, dict) and isinstance(given, dict) and SIGNATURE not in out and SIGNATURE not in given:
            marked[key] = like(out, given)
        elif contains(given, is_secret):
            marked[key] = secret(out)
    return marked
