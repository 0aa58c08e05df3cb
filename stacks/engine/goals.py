"""A registration of the SDK as a goal. What this engine does not do is refused here with a sentence, never ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2 as wire

from inventory import urns
from inventory.problems import Problem, Refused
from stacks.engine import assets
from stacks.engine.hooks import bound
from stacks.engine.steps import Goal
from stacks.engine.values import ARCHIVE, ASSET, SIGNATURE, contains, from_struct, from_value

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TIMEOUTS = ("create", "update", "delete", "read")


def unsupported(where: str, feature: str) -> Problem:
    """The sentence for something that the stock engine does and this one does not."""
    return Problem(
        "engine.unsupported",
        f"内嵌引擎不支持 {feature}:请改写该资源,或用原版 pulumi 运行本程序",
        f"the embedded engine does not support {feature}: write the resource without it, or run the program with "
        "the stock pulumi",
        where,
    )


def goal(
    request: wire.RegisterResourceRequest, stack: str, project: str, above: Goal | None, folder: Path | None = None
) -> Goal:
    """What a registration asks for; `above` is the parent's goal, from which options are inherited; `folder` is the
    program's, where relative paths of assets start. Refused where it asks for what is not supported, with all of it
    at once."""
    inputs = from_struct(request.object)
    missing = tuple(unsupported(f"{request.type} {request.name}", feature) for feature in _features(request))
    if missing:
        raise Refused(missing)
    if folder is not None and contains(inputs, _is_asset):
        inputs = assets.hashed(inputs, folder)
    provider_type = urns.is_provider(request.type)
    if provider_type:
        if request.version:
            inputs["version"] = request.version
        if request.pluginDownloadURL:
            inputs["pluginDownloadURL"] = request.pluginDownloadURL
        if request.envVarMappings:
            inputs["__internal"] = {"envVarMappings": dict(request.envVarMappings)}
    return Goal(
        urn=urns.make(stack, project, request.parent, request.type, request.name),
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=inputs,
        parent=request.parent,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies=_property_dependencies(request, inputs),
        provider=request.provider or _inherited_provider(request, above),
        protect=request.protect if request.HasField("protect") else bool(above and above.protect),
        retain_on_delete=request.retainOnDelete
        if request.HasField("retainOnDelete")
        else bool(above and above.retain_on_delete),
        deleted_with=request.deletedWith or (above.deleted_with if above else ""),
        delete_before_replace=request.deleteBeforeReplace
        if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
        else None,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        replace_with=tuple(request.replace_with),
        replacement_trigger=_trigger(request.replacement_trigger),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        custom_timeouts={
            key: seconds for key in _TIMEOUTS if (seconds := duration(getattr(request.customTimeouts, key))) > 0
        },
        import_id=request.importId,
        hooks=bound(request.hooks) if request.HasField("hooks") else {},
        hide_diff=tuple(request.hideDiffs),
    )


def _features(request: wire.RegisterResourceRequest) -> Iterator[str]:
    asked = {
        "remote components": request.remote,
        "parameterized packages (packageRef)": request.packageRef,
        "state migrations": request.state_migrations,
    }
    yield from (feature for feature, present in asked.items() if present)


def _is_asset(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) in (ASSET, ARCHIVE)


def _inherited_provider(request: wire.RegisterResourceRequest, above: Goal | None) -> str:
    if above is None or not above.provider:
        return ""
    same = urns.package(urns.type_of(urns.referenced(above.provider)[0])) == urns.package(request.type)
    return above.provider if same or not request.custom else ""


def _property_dependencies(request: wire.RegisterResourceRequest, inputs: Mapping[str, Any]) -> dict[str, list[str]]:
    if not request.propertyDependencies and request.dependencies:
        return {key: sorted(request.dependencies) for key in sorted(inputs)}
    found = {key: sorted(value.urns) for key, value in request.propertyDependencies.items()}
    return {key: found[key] for key in sorted(found)}


def _trigger(value: struct_pb2.Value) -> Any:
    return from_value(value) if value.WhichOneof("kind") else None


def aliases(request: wire.RegisterResourceRequest, stack: str, project: str, renamed: Mapping[str, str]) -> list[str]:
    """URNs under which the resource may stand in the state. `renamed`: parents of this run → what they were."""
    specs = [*request.aliasURNs, *(_alias(alias, request, stack, project, renamed) for alias in request.aliases)]
    found = list(specs)
    was = renamed.get(request.parent)
    if was:
        for urn in ("", *specs):
            type_, name = (urns.type_of(urn), urns.name(urn)) if urn else (request.type, request.name)
            own = urns.name(request.parent)
            inherited = urns.name(was) + name[len(own) :] if name.startswith(own) else name
            found.append(urns.make(stack, project, was, type_, inherited))
    return list(dict.fromkeys(found))


def _alias(
    alias: Any, request: wire.RegisterResourceRequest, stack: str, project: str, renamed: Mapping[str, str]
) -> str:
    if alias.WhichOneof("alias") == "urn":
        return alias.urn
    spec = alias.spec
    parent = "" if spec.noParent else (renamed.get(spec.parentUrn, spec.parentUrn) or request.parent)
    return urns.make(
        spec.stack or stack, spec.project or project, parent, spec.type or request.type, spec.name or request.name
    )


def duration(text: str) -> float:
    """Go's durations in seconds: `1h30m` → 5400."""
    if not text:
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|us|µs|ns|h|m|s)", text))


def with_provider(goal: Goal, reference: str) -> Goal:
    return replace(goal, provider=reference)
