"""Values of the estate as Pulumi writes them: on the wire and in an exported deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.estate import SECRET, UNKNOWN

SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def written(value: Any, hidden: Mapping[str, str]) -> Any:
    """Unknowns as the SDK's sentinel, secrets wrapped with what stands for their value (`value`, `ciphertext`)."""
    if isinstance(value, str) and value == UNKNOWN:
        return _UNKNOWN_STRING
    if isinstance(value, str) and value == SECRET:
        return {SIGNATURE: _SECRET, **hidden}
    if isinstance(value, dict):
        return {key: written(item, hidden) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [written(item, hidden) for item in value]
    return value
