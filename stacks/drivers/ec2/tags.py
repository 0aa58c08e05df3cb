"""What the cloud has no field for travels in tags, one a field: `liangzhu:bureau = civil-affairs`. Pure.

S3 and KMS allow letters, digits, spaces and `+ - = . _ : / @` in a value, 256 at most; what does not fit is written
in base64, what is longer goes on in `liangzhu:hosts.1`. A missing tag is a missing value, so that a tag removed by
hand is seen as drift.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from inventory.kinds import kinds

PREFIX = "liangzhu:"
ENVIRONMENT, KIND, NAME = f"{PREFIX}environment", f"{PREFIX}kind", f"{PREFIX}name"
LENGTH = 256
_SAFE = re.compile(r"[\w+\-=.:/@]+( [\w+\-=.:/@]+)*")
_CODED = "base64:"


def owner(environment: str, kind: str, name: str) -> dict[str, str]:
    """The three tags that say whose it is, and what."""
    return {ENVIRONMENT: environment, KIND: kind, NAME: name}


def of(environment: str, kind: str, fields: Mapping[str, Any], real: Collection[str] = ()) -> dict[str, str]:
    """All tags of a thing: `real` are the fields that the cloud itself has."""
    found = owner(environment, kind, fields["name"])
    for key, value in fields.items():
        if value is None or key in real or key == "name":
            continue
        text = _text(value)
        for number, start in enumerate(range(0, max(1, len(text)), LENGTH)):
            found[f"{PREFIX}{key}" + (f".{number}" if number else "")] = text[start : start + LENGTH]
    return found


def fields(kind: str, tags: Mapping[str, str], real: Collection[str] = ()) -> dict[str, Any]:
    """The fields back; None where there is no tag."""
    found: dict[str, Any] = {}
    for key, field in kinds()[kind].model_fields.items():
        if key in real:
            continue
        parts = [tags[f"{PREFIX}{key}"]] if f"{PREFIX}{key}" in tags else []
        while parts and (more := tags.get(f"{PREFIX}{key}.{len(parts)}")) is not None:
            parts.append(more)
        found[key] = _value("".join(parts), field.annotation) if parts else None
    return found


def plain(listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """`[{Key, Value}]` of EC2 and S3, `[{TagKey, TagValue}]` of KMS → a mapping."""
    return {tag.get("Key", tag.get("TagKey", "")): tag.get("Value", tag.get("TagValue", "")) for tag in listed}


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """For EC2 and S3."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def specification(resource: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """For EC2's creations: tagged from the first moment."""
    return [{"ResourceType": resource, "Tags": listed(tags)}]


def filters(wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """For EC2's descriptions."""
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in wanted.items()]


def stale(there: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Our tags that are not wanted any more; other people's stay."""
    return [key for key in there if key.startswith(PREFIX) and key not in wanted]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, (list, tuple)):
        text = " ".join(map(str, value))
    else:
        text = str(value)
    if text == "" or (_SAFE.fullmatch(text) and not text.startswith(_CODED)):
        return text
    return _CODED + base64.urlsafe_b64encode(text.encode()).decode()


def _value(text: str, annotation: Any) -> Any:
    if text.startswith(_CODED):
        try:
            text = base64.urlsafe_b64decode(text.removeprefix(_CODED)).decode()
        except ValueError:
            return text
    many = any(get_origin(one) is tuple for one in (annotation, *get_args(annotation)))
    try:
        adapter = TypeAdapter(annotation)
        value = adapter.validate_python(text.split() if many else text)
        return adapter.dump_python(value, mode="json")
    except ValidationError:
        return text  # changed by hand into what the kind does not allow: shown as it is
