"""Transforms: functions of the program that change a registration or an invoke before the engine looks at it.

A resource's own come first, then its parents' from the nearest, then the stack's. In: the request of the SDK. Out: the
request as the transforms left it, so that nothing after this knows of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import callback_pb2
from pulumi.runtime.proto import resource_pb2 as wire

from stacks.engine.callbacks import Callbacks
from stacks.engine.values import OUTPUT, SECRET, SIGNATURE, UNKNOWN

_SAME = {
    "protect": "protect", "ignoreChanges": "ignore_changes", "replaceOnChanges": "replace_on_changes",
    "version": "version", "provider": "provider", "customTimeouts": "custom_timeouts",
    "pluginDownloadURL": "plugin_download_url", "retainOnDelete": "retain_on_delete", "deletedWith": "deleted_with",
    "additionalSecretOutputs": "additional_secret_outputs", "hooks": "hooks", "importId": "import",
    "hideDiffs": "hide_diff", "replace_with": "replace_with", "replacement_trigger": "replacement_trigger",
    "dependencies": "depends_on", "aliases": "aliases", "providers": "providers",
    "deleteBeforeReplace": "delete_before_replace",
}  # fmt: skip
"""field of a registration → field of a transform's options"""


class Transforms:
    """The transforms of one run."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._stack: list[callback_pb2.Callback] = []
        self._invokes: list[callback_pb2.Callback] = []
        self._own: dict[str, list[callback_pb2.Callback]] = {}
        self._parents: dict[str, str] = {}

    def register_stack(self, callback: callback_pb2.Callback) -> None:
        self._stack.append(callback)

    def register_invoke(self, callback: callback_pb2.Callback) -> None:
        self._invokes.append(callback)

    def remember(self, urn: str, request: wire.RegisterResourceRequest) -> None:
        """Keep the transforms of a resource for its children."""
        self._parents[urn] = request.parent
        if request.transforms:
            self._own[urn] = list(request.transforms)

    async def registration(self, request: wire.RegisterResourceRequest) -> wire.RegisterResourceRequest:
        """The registration as the transforms leave it. Refused where one raises."""
        chain = [*request.transforms]
        parent = request.parent
        while parent:
            chain += self._own.get(parent, ())
            parent = self._parents.get(parent, "")
        chain += self._stack
        if not chain:
            return request
        changed = wire.RegisterResourceRequest()
        changed.CopyFrom(request)
        for urn in changed.aliasURNs:
            changed.aliases.add(urn=urn)
        del changed.aliasURNs[:]
        if request.transforms:
            _with_dependencies(changed)
        for callback in chain:
            asked = wire.TransformRequest(
                type=request.type, name=request.name, custom=request.custom, parent=request.parent,
                properties=changed.object, options=_options(changed),
            )  # fmt: skip
            where = f"{request.type} {request.name}"
            reply = await self._callbacks.call(callback, asked, wire.TransformResponse, where)
            if reply.HasField("properties"):
                changed.object.CopyFrom(reply.properties)
            if reply.HasField("options"):
                _take(changed, reply.options)
        if request.transforms:
            _take_dependencies(changed)
        return changed

    async def invoke(self, request: wire.ResourceInvokeRequest) -> wire.ResourceInvokeRequest:
        """The invoke as the transforms leave it. Refused where one raises."""
        if not self._invokes:
            return request
        changed = wire.ResourceInvokeRequest()
        changed.CopyFrom(request)
        for callback in self._invokes:
            options = wire.TransformInvokeOptions(
                provider=changed.provider, version=changed.version, plugin_download_url=changed.pluginDownloadURL
            )
            asked = wire.TransformInvokeRequest(token=request.tok, args=changed.args, options=options)
            reply = await self._callbacks.call(callback, asked, wire.TransformInvokeResponse, request.tok)
            if reply.HasField("args"):
                changed.args.CopyFrom(reply.args)
            if reply.HasField("options"):
                changed.provider, changed.version = reply.options.provider, reply.options.version
                changed.pluginDownloadURL = reply.options.plugin_download_url
        return changed


def _options(request: wire.RegisterResourceRequest) -> wire.TransformResourceOptions:
    options = wire.TransformResourceOptions()
    for mine, theirs in _SAME.items():
        if mine != "deleteBeforeReplace" or request.deleteBeforeReplaceDefined:
            _copy(request, mine, options, theirs)
    return options


def _take(request: wire.RegisterResourceRequest, options: wire.TransformResourceOptions) -> None:
    for mine, theirs in _SAME.items():
        request.ClearField(mine)  # pyright: ignore[reportArgumentType] every name is one of its fields
        _copy(options, theirs, request, mine)
    request.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")


def _copy(source: Any, name: str, target: Any, into: str) -> None:
    field = source.DESCRIPTOR.fields_by_name[name]
    value = getattr(source, name)
    if field.message_type and field.message_type.GetOptions().map_entry:
        getattr(target, into).update(value)
    elif field.label == field.LABEL_REPEATED:
        getattr(target, into).extend(value)
    elif field.message_type:
        if source.HasField(name):
            getattr(target, into).CopyFrom(value)
    elif not field.has_presence or source.HasField(name):
        setattr(target, into, value)


def _with_dependencies(request: wire.RegisterResourceRequest) -> None:
    """Let every property carry its dependencies, so that a transform which moves it moves them too."""
    for key, value in request.object.fields.items():
        urns: Sequence[str] = request.propertyDependencies[key].urns if key in request.propertyDependencies else ()
        if not request.propertyDependencies:
            urns = request.dependencies
        if urns:
            _output(value, urns)


def _output(value: struct_pb2.Value, urns: Sequence[str]) -> None:
    """Make the value an output value with these dependencies."""
    inner, secret, known = struct_pb2.Value(), False, True
    inner.CopyFrom(value)
    fields = inner.struct_value.fields if inner.HasField("struct_value") else {}
    if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
        secret = True
        held = struct_pb2.Value()
        held.CopyFrom(fields["value"])
        inner = held
    elif SIGNATURE in fields and fields[SIGNATURE].string_value == OUTPUT:
        known_urns = {item.string_value for item in fields["dependencies"].list_value.values}
        for urn in sorted(set(urns) - known_urns):
            fields["dependencies"].list_value.values.add(string_value=urn)
        value.CopyFrom(inner)
        return
    if inner.HasField("string_value") and inner.string_value == UNKNOWN:
        known = False
    value.Clear()
    fields = value.struct_value.fields
    fields[SIGNATURE].string_value = OUTPUT
    if known:
        fields["value"].CopyFrom(inner)
    if secret:
        fields["secret"].bool_value = True
    for urn in sorted(urns):
        fields["dependencies"].list_value.values.add(string_value=urn)


def _take_dependencies(request: wire.RegisterResourceRequest) -> None:
    """Read back which property depends on what, from the values themselves."""
    request.propertyDependencies.clear()
    found = set(request.dependencies)
    for key, value in request.object.fields.items():
        urns = sorted(_dependencies(value))
        request.propertyDependencies[key].urns.extend(urns)
        found.update(urns)
    del request.dependencies[:]
    request.dependencies.extend(sorted(found))


def _dependencies(value: struct_pb2.Value) -> set[str]:
    if value.HasField("list_value"):
        return set().union(*map(_dependencies, value.list_value.values))
    if not value.HasField("struct_value"):
        return set()
    fields = value.struct_value.fields
    found = set().union(*(_dependencies(item) for item in fields.values()))
    if SIGNATURE in fields and fields[SIGNATURE].string_value == OUTPUT and "dependencies" in fields:
        found.update(item.string_value for item in fields["dependencies"].list_value.values)
    return found
