"""A registration of the SDK as a goal. What this engine does not do is refused here with a sentence, never ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pulumi.runtime.proto import resource_pb2 as wire

from inventory.problems import Problem, Refused
from stacks.engine import urns
from stacks.engine.steps import Goal
from stacks.engine.values import ARCHIVE, ASSET, SIGNATURE, contains, from_struct

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TIMEOUTS = ("create", "update", "delete", "read")


def unsupported(where: str, feature: str) -> Problem:
    """The sentence for something that the stock engine does and this one does not yet."""
    return Problem(
        "engine.unsupported",
        f"内嵌引擎尚不支持 {feature}:请改写该资源,或用原版 pulumi 运行本程序",
        f"the embedded engine does not support {feature} yet: write the resource without it, or run the program with "
        "the stock pulumi",
        where,
    )


def goal(request: wire.RegisterResourceRequest, stack: str, project: str, above: Goal | None) -> Goal:
    """What a registration asks for; `above` is the parent's goal, from which options are inherited. Refused where it
    asks for what is not supported, with all of it at once."""
    inputs = from_struct(request.object)
    missing = tuple(unsupported(f"{request.type} {request.name}", feature) for feature in _features(request, inputs))
    if missing:
        raise Refused(missing)
    properties = {key: list(value.urns) for key, value in request.propertyDependencies.items()}
    timeouts = {
        key: seconds for key in _TIMEOUTS if (seconds := duration(getattr(request.customTimeouts, key))) > 0
    }  # fmt: skip
    return Goal(
        urn=urns.make(stack, project, request.parent, request.type, request.name),
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=inputs,
        parent=request.parent,
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={key: sorted(value) for key, value in sorted(properties.items())},
        provider=request.provider,
        protect=request.protect if request.HasField("protect") else bool(above and above.protect),
        retain_on_delete=request.retainOnDelete
        if request.HasField("retainOnDelete")
        else bool(above and above.retain_on_delete),
        deleted_with=request.deletedWith or (above.deleted_with if above else ""),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        custom_timeouts=timeouts,
    )


def _features(request: wire.RegisterResourceRequest, inputs: Mapping[str, Any]) -> Iterator[str]:
    asked = {
        "remote components": request.remote,
        "transforms": request.transforms,
        "resource hooks": request.HasField("hooks") and request.hooks.ByteSize(),
        "import": request.importId,
        "replaceWith": request.replace_with,
        "replacementTrigger": request.HasField("replacement_trigger"),
        "parameterized packages": request.packageRef,
        "state migrations": request.state_migrations,
        "envVarMappings": request.envVarMappings,
        "assets and archives": contains(
            dict(inputs), lambda value: isinstance(value, dict) and value.get(SIGNATURE) in (ASSET, ARCHIVE)
        ),
    }
    yield from (feature for feature, present in asked.items() if present)


def aliases(request: wire.RegisterResourceRequest, stack: str, project: str, renamed: Mapping[str, str]) -> list[str]:
    """URNs under which the resource may stand in the state. `renamed`: parents of this run → what they were."""
    specs = [_alias(alias, request, stack, project, renamed) for alias in request.aliases]
    found = [*specs, *request.aliasURNs]
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
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|us|µs|ns|h|m|s)", text))


def with_provider(goal: Goal, reference: str) -> Goal:
    return replace(goal, provider=reference)
