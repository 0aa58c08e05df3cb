"""Resources of a Terraform configuration for Chinese clouds → an estate, so that the checks judge what others wrote.

In: JSON of resources (`resource`, `type`, `attributes`, `related`, `referred_by`), as a parser of HCL gives them. Out: an
estate in our kinds, and which types have none here. The tables of the clouds say what a type becomes; nothing here, nor
in them, looks at what a resource is called. An expression that means a resource is its address, whether that stands in
the file or not (a check that finds nothing under it says so); any other is UNKNOWN. A type without a table is a
`component` that keeps its attributes, so that a secret in them is still seen.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from inventory.estate import UNKNOWN, Estate, Resource
from inventory.kinds import kinds, token
from policies.adapters import alicloud, huaweicloud, openstack, tencentcloud
from policies.adapters.rows import Row, rows
from policies.adapters.tables import SERVICE_KEY, Body, Draft, Entry, switched
from policies.checks.shape import ORDER

TABLE: dict[str, Entry] = {**alicloud.TABLE, **tencentcloud.TABLE, **openstack.TABLE, **huaweicloud.TABLE}
_WHOLE = re.compile(r"\$\{\s*([a-z][a-z0-9_]*)\.([\w-]+)(?:\[[^\]]*\])?(?:\.([a-z_][a-z0-9_]*))?(?:\[[^\]]*\])?\s*\}")
_BARE = re.compile(r"(?:alicloud|tencentcloud|openstack|huaweicloud)_\w+\.[\w-]+\.[a-z_]+")
_SELF = frozenset({"", "id", "arn", "key_id", "bucket", "name", "acl_id", "security_group_id", "trail_name"})
"""attributes that mean the resource itself"""
_CLOUDS = frozenset({"alicloud", "tencentcloud", "openstack", "huaweicloud"})
_TAGS = {"bureau": ("bureau", "owner_dept"), "system": ("system",), "zone": ("zone",), "site": ("site", "location")}
_PLACES = ("availability_zone", "zone_id", "region")
_LONGEST = 1 << 20


@dataclass(frozen=True)
class Read:
    """What was read of one file."""

    estate: Estate
    untold: Mapping[str, int]
    """types without a table → how many resources"""


@dataclass
class _Node:
    row: Row
    name: str
    near: list[dict[str, _Node]]
    """what the rows that tell of it have around it"""


def read(path: Path) -> Read:
    """The resources of a file. Refused with everything that is wrong in it."""
    return made(rows(path), path)


def made(found: list[Row], path: Path) -> Read:
    """Rows as an estate. The same address with other attributes is another resource (of another configuration)."""
    nodes = _nodes(found)
    unique = {one.row.address: one for one in nodes}
    for one in nodes:
        if unique[one.row.address] is not one:
            unique[one.row.address] = None  # type: ignore[assignment]
    untold: Counter[str] = Counter()
    placed: dict[tuple[str, str], Resource] = {}
    later: list[tuple[_Node, Body]] = []
    stack = path.stem
    for node in nodes:
        body = Body(node.row.attributes, _Resolver(node, unique), node.name)
        entry = TABLE.get(node.row.type)
        if entry is None:
            untold[node.row.type] += 1
        if entry and entry.into:
            later.append((node, body))
        common = _common(node, body)
        kind = entry.kind if entry and not entry.into else "component"
        fields = {key: take(body) for key, take in entry.fields.items()} if entry and not entry.into else {}
        if "deletion_protection" in _fields(kind) and fields.get("deletion_protection") is not True:
            fields["deletion_protection"] = _kept(body) or fields.get("deletion_protection", False)
        _put(placed, stack, f"{path}:{node.row.line}", Draft(kind, node.name, {**common, **fields}))
        for draft in _more(entry, body):
            plain = {key: value for key, value in common.items() if key != "attributes"}
            _put(placed, stack, f"{path}:{node.row.line}", Draft(draft.kind, draft.name, {**plain, **draft.fields}))
    named = {one.name: key for key, one in placed.items() if one.kind not in ("component", "log.sink", "mon.target")}
    for node, body in later:
        _join(placed, named, node, body)
    for draft in _service_keys(placed.values()):
        _put(placed, stack, "", draft)
    return Read(Estate(tuple(placed.values())), dict(sorted(untold.items())))


def _nodes(found: list[Row]) -> list[_Node]:
    """Every resource once: rows of one file tell of the same neighbours again and again."""
    known: dict[tuple[str, str], _Node] = {}
    times: Counter[str] = Counter()

    def node(row: Row) -> _Node:
        key = (row.address, json.dumps([row.type, row.attributes], sort_keys=True))
        if key not in known:
            times[row.address] += 1
            number = times[row.address]
            known[key] = _Node(row, row.address if number == 1 else f"{row.address}#{number}", [])
        return known[key]

    for row in found:
        group: dict[str, _Node] = {}
        for one in (node(row), *map(node, row.near)):
            group.setdefault(one.row.address, one)
        for one in group.values():
            one.near.append(group)
    return list(known.values())


@dataclass(frozen=True)
class _Resolver:
    """What an expression means where a resource uses it."""

    node: _Node
    unique: Mapping[str, _Node | None]

    def body(self, text: str) -> Body | None:
        """The attributes of the resource that an expression means."""
        match = _WHOLE.fullmatch(f"${{{text}}}" if _BARE.fullmatch(text) else text.strip())
        found = self._found(match) if match else None
        return Body(found.row.attributes, _Resolver(found, self.unique), found.name) if found else None

    def _found(self, match: re.Match[str]) -> _Node | None:
        address = f"{match[1]}.{match[2]}"
        around = next((one[address] for one in self.node.near if address in one), None)
        return around or self.unique.get(address)

    def __call__(self, text: str, left: int = 8) -> Any:
        if _BARE.fullmatch(text):  # within a list, some parsers leave the braces out
            text = f"${{{text}}}"
        if "${" not in text:
            return text
        match = _WHOLE.fullmatch(text.strip())
        if not match or not left:
            return UNKNOWN
        found = self._found(match)
        whole = (key := match[3] or "") in _SELF or key.endswith("_id")
        if found is None:  # who is meant is known, what it is like is not; a module or variable tells neither
            return f"{match[1]}.{match[2]}" if whole and match[1].partition("_")[0] in _CLOUDS else UNKNOWN
        if whole:
            return found.name
        value = found.row.attributes.get(key)
        if isinstance(value, str):
            return _Resolver(found, self.unique)(value, left - 1)
        return UNKNOWN if value is None or isinstance(value, Mapping | list) else value


def _common(node: _Node, body: Body) -> dict[str, Any]:
    """What every resource has: whose it is, as its tags say, where it stands, and its attributes for the search for
    secrets."""
    fields: dict[str, Any] = {"name": node.name, "attributes": _inputs(node)}
    tags = body.raw("tags")
    tags = tags if isinstance(tags, Mapping) else {}
    for key, words in _TAGS.items():
        value = next((tags[word] for word in words if isinstance(tags.get(word), str)), None)
        if value is not None:
            fields[key] = UNKNOWN if "${" in value else value
    place = body.get(*_PLACES)
    if "site" not in fields and isinstance(place, str):
        fields["site"] = place
    level = str(tags.get("mlps_level", ""))
    if level in ("1", "2", "3", "4"):
        fields["level"] = int(level)
    if tags.get("data_class") in ORDER:
        fields["data_class"] = tags["data_class"]
    return fields


def _inputs(node: _Node) -> dict[str, Any]:
    """The attributes as they are written, start-up texts decoded, for IAM-013 to look through."""
    inputs = dict(node.row.attributes)
    for key in ("user_data", "user_data_base64"):
        value = inputs.get(key)
        if isinstance(value, str) and "${" not in value and len(value) <= _LONGEST and (text := _decoded(value)):
            inputs[key] = text
    return inputs


def _decoded(value: str) -> str:
    """What base64 text says; "" where it is none."""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except ValueError:
        return ""


@cache
def _fields(kind: str) -> frozenset[str]:
    return frozenset(kinds()[kind].model_fields) if kind in kinds() else frozenset()


def _kept(body: Body) -> Any:
    """`lifecycle { prevent_destroy = true }`, as Pulumi's `protect`."""
    block = body.block("lifecycle")
    return switched(block.get("prevent_destroy"), False) if block else False


def _more(entry: Entry | None, body: Body) -> Iterator[Draft]:
    for more in entry.more if entry else ():
        yield from more(body)


def _put(placed: dict[tuple[str, str], Resource], stack: str, origin: str, draft: Draft) -> None:
    """Add it; what is implied never takes the place of what is written."""
    urn = f"urn:pulumi:{stack}::terraform::{token(draft.kind)}::{draft.name}"
    fields = {key: value for key, value in draft.fields.items() if value is not None}
    one = Resource(draft.kind, draft.name, stack, urn, {"name": draft.name, **fields}, origin=origin)
    placed.setdefault((draft.kind, draft.name), one)


def _join(
    placed: dict[tuple[str, str], Resource], named: Mapping[str, tuple[str, str]], node: _Node, body: Body
) -> None:
    """Settings that are resources of their own in Terraform belong to the thing that they set."""
    entry = TABLE[node.row.type]
    name = body.get(entry.into)
    key = named.get(name) if isinstance(name, str) else None
    if key is None:
        return
    target = placed[key]
    known = {field: take(body) for field, take in entry.fields.items() if field in _fields(target.kind)}
    placed[key] = replace(target, properties={**target.properties, **known})


def _service_keys(resources: Any) -> Iterator[Draft]:
    """The keys of the clouds' own services, where something is encrypted with one: made for encryption, of an algorithm
    and in a place that nobody told."""
    names = {value for one in resources if isinstance(value := one.get("encryption_key"), str)}
    for name in sorted(name for name in names if name.endswith(SERVICE_KEY)):
        fields = dict.fromkeys(("spec", "provenance", "rotation_days", "deletion_window_days", "sites"), UNKNOWN)
        yield Draft("kms.key", name, {**fields, "usage": "encrypt", "bureau": "provider"})
