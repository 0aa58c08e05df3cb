"""Import: a resource that exists, by its id, becomes a managed one: because the program says so (`import_`), or because
somebody typed it, who then writes it into the program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inventory import urns
from inventory.problems import Problem, Refused, refuse
from stacks.engine.options import Import
from stacks.engine.records import Record
from stacks.engine.steps import Decision, Goal

if TYPE_CHECKING:
    from stacks.engine.deployment import Deployment
    from stacks.engine.provider import Provider


def wanted(goal: Goal, old: Record | None) -> bool:
    """Whether the program's `import` is still to be done: nothing is recorded, or something of another id."""
    if old is None or old.external:
        return True
    return (old.body.get("importID") or old.id) != goal.import_id


async def adopted(deployment: Deployment, goal: Goal, old: Record | None) -> Record | None:
    """The record that the import makes, `old` where there is nothing to import. Refused where nothing has the id."""
    if not wanted(goal, old):
        return old
    provider = await deployment.providers.of(goal.provider)
    found = await _read(provider, goal)
    return deployment.executor.adopt(goal, found, None if old is None or old.external else old, provider)


async def typed(deployment: Deployment, imports: Iterable[Import]) -> None:
    """Import what somebody asked for. Refused where a resource is there already, nothing has the id, or the parent or
    provider is not known."""
    ground, executor = deployment.ground, deployment.executor
    root = deployment.urn(urns.STACK, f"{ground.project}-{ground.stack}")
    if root not in deployment.olds:
        stack = Goal(root, urns.STACK, urns.name(root), custom=False, inputs={})
        deployment.olds[root] = await executor.create(Decision("create", ("new",)), stack, None, {}, None)
    for asked in imports:
        parent = asked.parent or root
        urn = urns.make(ground.stack, ground.project, parent, asked.type, asked.name)
        _fit(deployment, asked, urn, parent)
        package = urns.package(asked.type)
        known = deployment.olds.get(asked.provider or deployment.urn(urns.PROVIDERS + package, "default"))
        reference = urns.reference(known.urn, known.id) if known else await deployment.providers.default(package)
        goal = Goal(
            urn, asked.type, asked.name, custom=True, inputs={}, parent=parent, provider=reference,
            protect=asked.protect, import_id=asked.id,
        )  # fmt: skip
        with executor.flight.failing("import", urn):
            provider = await deployment.providers.of(reference)
            id, inputs, outputs = await _read(provider, goal)
            seed = hashlib.sha256(urn.encode()).digest()
            await provider.check(urn, inputs, inputs, seed)
            deployment.olds[urn] = executor.adopt(replace(goal, import_id=""), (id, inputs, outputs), None, provider)


def _fit(deployment: Deployment, asked: Import, urn: str, parent: str) -> None:
    problems = []
    if urn in deployment.olds:
        problems.append(("engine.import-known", "该资源已在状态中", "the resource is in the state already"))
    if parent not in deployment.olds:
        problems.append(("engine.import-parent", f"状态中没有父资源 {parent}", f"the state has no parent {parent}"))
    if asked.provider and asked.provider not in deployment.olds:
        problems.append(
            (
                "engine.import-provider",
                f"状态中没有提供者 {asked.provider}",
                f"the state has no provider {asked.provider}",
            )
        )
    if problems:
        raise Refused(
            Problem(code, f"{zh}:请核对后重试", f"{en}: check it and try again", asked.name)
            for code, zh, en in problems
        )


async def _read(provider: Provider, goal: Goal) -> tuple[str, dict[str, Any], dict[str, Any]]:
    id, inputs, outputs = await provider.read(goal.urn, goal.import_id)
    if outputs is None:
        raise missing(goal.name, goal.import_id)
    if inputs is None:
        raise refuse(
            "engine.import-unsupported",
            "提供者不支持导入这类资源:请升级提供者,或在程序中新建",
            "the provider does not support importing resources of this type: use a newer one, or create it in the program",
            where=goal.name,
        )
    return id, inputs, outputs


def missing(where: str, id: str) -> Refused:
    """Nothing of this id is there."""
    return refuse(
        "engine.no-resource",
        f"不存在标识为 {id} 的资源:请核对标识",
        f"there is no resource of the id {id}: check the id",
        where=where,
    )
