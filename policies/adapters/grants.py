"""Policies of buckets, written as JSON text, → `storage.bucket_policy`. The clouds' dialects differ in the case of keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from inventory.estate import UNKNOWN
from policies.adapters.tables import Body, Draft, Take

_UNREAD = {"principals": UNKNOWN, "actions": UNKNOWN, "prefixes": UNKNOWN, "tls_only": UNKNOWN}


def granted(attribute: str, bucket: Take) -> Any:
    """One `storage.bucket_policy` for each statement that allows; for a text that cannot be read, one that says so."""

    def more(body: Body) -> Iterator[Draft]:
        value = body.get(attribute)
        if value in (None, ""):
            return
        rows = statements(value)
        if rows is None:
            yield Draft("storage.bucket_policy", f"{body.name}/{attribute}", {"bucket": bucket(body), **_UNREAD})
            return
        tls = _tls(rows)
        for index, row in enumerate(rows, 1):
            if str(row.get("effect", "")).lower() != "allow":
                continue
            yield Draft(
                "storage.bucket_policy",
                f"{body.name}/{attribute}-{index}",
                {
                    "bucket": bucket(body),
                    "principals": _principals(row.get("principal")),
                    "actions": _texts(row.get("action")),
                    "prefixes": _texts(row.get("resource")),
                    "tls_only": tls,
                },
            )

    return more


def tls_only(attribute: str) -> Take:
    """Does the policy deny whoever comes in clear; clear is served where no policy says otherwise."""

    def take(body: Body) -> Any:
        value = body.get(attribute)
        if value in (None, ""):
            return False
        rows = statements(value)
        return UNKNOWN if rows is None else _tls(rows)

    return take


def statements(value: Any) -> list[Mapping[str, Any]] | None:
    """The statements of a policy, keys in lower case; None where it cannot be read."""
    if value == UNKNOWN or not isinstance(value, str):
        return None
    try:
        data = json.loads(value)
    except (ValueError, RecursionError):
        return None
    rows = _lower(data).get("statement") if isinstance(data, Mapping) else None
    rows = [rows] if isinstance(rows, Mapping) else rows
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    return [_lower(row) for row in rows]


def _tls(rows: list[Mapping[str, Any]]) -> bool:
    return any(
        str(row.get("effect", "")).lower() == "deny"
        and "*" in (_principals(row.get("principal")) or ())
        and "securetransport" in (said := json.dumps(row.get("condition"), default=str).lower())
        and "false" in said
        for row in rows
    )


def _principals(value: Any) -> Any:
    """`*`, a list, or lists by provider (`{"qcs": [...]}`, `{"ID": [...]}`)."""
    if isinstance(value, Mapping):
        found = [_texts(item) for item in value.values()]
        return UNKNOWN if UNKNOWN in found else tuple(name for names in found for name in names)
    return _texts(value)


def _texts(value: Any) -> Any:
    rows = value if isinstance(value, list) else [value]
    return tuple(rows) if all(isinstance(row, str) for row in rows) else UNKNOWN


def _lower(data: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): item for key, item in data.items()}
