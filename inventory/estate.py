"""The estate: what is, or would be, deployed. A frozen graph that everything after the engine reads.

The engine makes one from a plan and one from its state and publishes the latter after each commit, without
secrets; the judge, the Ansible inventory, monitors and reports read it and nothing else. It knows nothing of Pulumi.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from inventory import replacing

T = TypeVar("T")


class _Marker(str):
    """A value that is not there; a string so that a graph with it can still be printed and compared."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{str.__str__(self)}>"


UNKNOWN: Final = _Marker("\ufffcunknown")
"""computed during the update; nothing may be concluded from it"""
SECRET: Final = _Marker("\ufffcsecret")
"""is set, and nobody here may see it"""


def known(value: Any) -> bool:
    """False where the value, or any part of it, is only known after the update."""
    if isinstance(value, str):
        return value != UNKNOWN
    if isinstance(value, list | tuple):  # before mappings: asking for these is dear where the answer is no
        return all(map(known, value))
    return not isinstance(value, Mapping) or all(map(known, value.values()))


@dataclass(frozen=True, slots=True)
class Resource:
    """One node. `kind` is spelled as in `inventory.kinds`; components have the kind `component`."""

    kind: str
    name: str
    """logical name: unique among the resources of its kind in an environment, and how others refer to it"""
    stack: str
    urn: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    """inputs and outputs together, fields as in the kind's class; UNKNOWN and SECRET stand for themselves"""
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    """URNs"""
    id: str = ""
    origin: str = ""
    """`file:line` of the request that caused it, "" where the city itself did"""

    def get(self, key: str, default: Any = None) -> Any:
        return self.properties.get(key, default)

    def __getitem__(self, key: str) -> Any:
        return self.properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.properties


@dataclass(frozen=True)
class Estate:
    """Resources of one stack or of many; the union of stacks is an estate again."""

    resources: tuple[Resource, ...] = ()

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    def kind(self, *kinds: str) -> tuple[Resource, ...]:
        """All of these kinds, in the order of the graph; a kind that ends in a dot means its whole family."""
        if any(kind.endswith(".") for kind in kinds):
            return tuple(
                r
                for r in self.resources
                if any(r.kind == k or (k.endswith(".") and r.kind.startswith(k)) for k in kinds)
            )
        return tuple(r for kind in kinds for r in self._kinds.get(kind, ()))

    def named(self, kind: str, name: Any) -> Resource | None:
        """By kind and logical name; what is no text names nothing."""
        return self._names.get((kind, name)) if isinstance(name, str) else None

    def urn(self, urn: str) -> Resource | None:
        return self._urns.get(urn)

    def where(self, key: str, value: str) -> tuple[Resource, ...]:
        """All whose property equals value; `site`, `zone`, `bureau`, `system`, `stack` and any other key are indexed."""
        if key not in self._indexes:
            index: dict[Any, list[Resource]] = defaultdict(list)
            for resource in self.resources:
                word = resource.stack if key == "stack" else resource.get(key)
                if isinstance(word, str):
                    index[word].append(resource)
            self._indexes[key] = dict(index)
        return tuple(self._indexes[key].get(value, ()))

    def children(self, urn: str) -> tuple[Resource, ...]:
        return tuple(r for r in self.resources if r.parent == urn)

    def derived(self, make: Callable[..., T], *given: Hashable) -> T:
        """What a pure function makes of this estate, and of what else it is given: made once, for several readers."""
        key = (make, *given)
        if key not in self._derived:
            self._derived[key] = make(self, *given)
        return self._derived[key]

    def only(self, keep: Callable[[Resource], bool]) -> Estate:
        return Estate(tuple(filter(keep, self.resources)))

    @property
    def stacks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.stack for r in self.resources))

    @staticmethod
    def union(estates: Iterable[Estate]) -> Estate:
        return Estate(tuple(resource for estate in estates for resource in estate.resources))

    @cached_property
    def _kinds(self) -> dict[str, list[Resource]]:
        kinds: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            kinds[resource.kind].append(resource)
        return dict(kinds)

    @cached_property
    def _names(self) -> dict[tuple[str, str], Resource]:
        return {(r.kind, r.name): r for r in self.resources}

    @cached_property
    def _urns(self) -> dict[str, Resource]:
        return {r.urn: r for r in self.resources}

    @cached_property
    def _derived(self) -> dict[Any, Any]:
        return {}

    @cached_property
    def _indexes(self) -> dict[str, dict[str, list[Resource]]]:
        return {}


def to_data(estate: Estate) -> list[dict[str, Any]]:
    """Plain data for JSON; markers become `{"$": "unknown"}` and `{"$": "secret"}`."""
    return [
        {
            "kind": r.kind, "name": r.name, "stack": r.stack, "urn": r.urn, "id": r.id, "parent": r.parent,
            "origin": r.origin, "dependencies": list(r.dependencies), "properties": marked(r.properties),
        }
        for r in estate
    ]  # fmt: skip


def from_data(rows: Iterable[Mapping[str, Any]]) -> Estate:
    """The estate that `to_data` wrote."""
    return Estate(
        tuple(
            Resource(
                row["kind"], row["name"], row["stack"], row["urn"], _unmark(row["properties"]), row.get("parent", ""),
                tuple(row.get("dependencies", ())), row.get("id", ""), row.get("origin", ""),
            )
            for row in rows
        )
    )  # fmt: skip


def publish(folder: Path, stack: str, estate: Estate) -> None:
    """Replace what is published of one stack, atomically; an empty estate withdraws it."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{stack}.json"
    if not len(estate):
        target.unlink(missing_ok=True)
        return
    text = json.dumps(to_data(estate), ensure_ascii=False, separators=(",", ":"))
    replacing.replace(target, text)


def published(folder: Path) -> Estate:
    """The union of every stack that is published in a folder; empty where there is none."""
    files = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    return Estate.union(from_data(json.loads(path.read_text(encoding="utf-8"))) for path in files)


def marked(value: Any) -> Any:
    """The value as plain data: UNKNOWN and SECRET become `{"$": "unknown"}` and `{"$": "secret"}`."""
    if value is UNKNOWN or value is SECRET or (isinstance(value, str) and value in (UNKNOWN, SECRET)):
        return {"$": "unknown" if value == UNKNOWN else "secret"}
    if isinstance(value, Mapping):
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [marked(item) for item in value]
    return value


def _unmark(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$"}:
            return UNKNOWN if value["$"] == "unknown" else SECRET
        return {key: _unmark(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unmark(item) for item in value]
    return value
