"""Drafts → the estate that would be planned where nothing is built yet, without Pulumi, without an engine and without a
driver: what the requests can be judged by before any program runs.

In: what was read and the addresses. Out: the same graph, resource for resource, as the engine plans from nothing: what
only a driver or an update can tell is unknown in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from inventory import addressing, urns
from inventory.addressing import Allocations
from inventory.documents import document
from inventory.estate import SECRET, UNKNOWN, Estate, Resource
from inventory.kinds import token
from inventory.places import ROOT
from inventory.reading import Read
from stacks import layers
from stacks.parts import Draft, Output, Part, Reference, Step, Wanted


def proposed(read: Read) -> Estate:
    """What an environment would come to with the addresses that it has, and those that the address step would give.
    Refused as `estate` is, and where there is no room."""
    return estate(read, addressing.proposed(read))


def estate(read: Read, allocations: Allocations) -> Estate:
    """Every stack of an environment, drafted. Refused as `layers.stacks` is."""
    drafts = {spec.name: layers.draft(spec.name, read, allocations) for spec in layers.stacks(read)}
    return Estate(tuple(one for stack in drafts for one in _Stack(stack, drafts).resources()))


@cache
def project() -> str:
    """The project's name, from Pulumi.yaml."""
    return document(ROOT / "Pulumi.yaml")["name"]


class _Stack:
    """The resources of one stack's draft."""

    def __init__(self, name: str, drafts: Mapping[str, Draft]) -> None:
        self._name, self._drafts = name, drafts
        self._root = self._urn("", urns.STACK, f"{project()}-{name}")
        self._urns: dict[Step, str] = {}

    def resources(self) -> Iterator[Resource]:
        draft = self._drafts[self._name]
        yield self._resource("component", self._root, "", (), _settled(draft.exports, self._drafts))
        for step in draft.steps:
            if isinstance(step, Reference):
                full = f"{urns.ORGANIZATION}/{project()}/{step.stack}"
                self._urns[step] = self._urn(self._root, urns.REFERENCE, full)
            elif isinstance(step, Part):
                parent = self._urns[step.parent] if step.parent else self._root
                urn = self._urns[step] = self._urn(parent, step.type, step.name)
                yield self._resource("component", urn, parent, (), {})
            else:
                yield self._wanted(step)

    def _wanted(self, one: Wanted) -> Resource:
        parent = self._urns[one.part]
        urn = self._urns[one] = self._urn(parent, token(one.kind.kind()), one.name)
        named = [value.of for value in one.fields.values() if isinstance(value, Output)]
        needs = {self._urns[step] for step in (*one.after, *named)} - {parent}
        return self._resource(one.kind.kind(), urn, parent, tuple(sorted(needs)), _properties(one, self._drafts))

    def _urn(self, parent: str, type_: str, name: str) -> str:
        return urns.make(self._name, project(), parent, type_, name)

    def _resource(
        self, kind: str, urn: str, parent: str, needs: tuple[str, ...], properties: Mapping[str, Any]
    ) -> Resource:
        origin = "" if kind == "component" else str(properties.get("origin", ""))
        return Resource(kind, urns.name(urn), self._name, urn, properties, parent, needs, origin=origin)


def _properties(one: Wanted, drafts: Mapping[str, Draft]) -> dict[str, Any]:
    """Inputs as the provider's check leaves them, and outputs that nobody knows yet; secrets hidden."""
    given = {key: value for key, value in one.fields.items() if value is not None}
    found = {key: _settled(value, drafts) for key, value in {**one.kind.defaults(), "name": one.name, **given}.items()}
    hidden = (one.kind.secrets & found.keys()) | one.kind.secret_outputs
    return found | dict.fromkeys(one.kind.outputs, UNKNOWN) | dict.fromkeys(hidden, SECRET)


def _settled(value: Any, drafts: Mapping[str, Draft]) -> Any:
    """As it comes back over the wire: lists, whole numbers, what other stacks export, and UNKNOWN for outputs."""
    if isinstance(value, Output):
        if isinstance(value.of, Reference):
            return _settled(drafts[value.of.stack].exports.get(value.name), drafts)
        return SECRET if value.name in value.of.kind.secret_outputs else UNKNOWN
    if isinstance(value, Mapping):
        return {str(key): _settled(one, drafts) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(one, drafts) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
