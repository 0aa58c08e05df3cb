"""Import: a resource that exists, by its id, becomes a managed one (`import_` of a resource's options)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.problems import Refused, refuse
from stacks.engine.records import Record
from stacks.engine.steps import Goal

if TYPE_CHECKING:
    from stacks.engine.deployment import Deployment


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
    id, inputs, outputs = await provider.read(goal.urn, goal.import_id)
    if outputs is None:
        raise missing(goal.name, goal.import_id)
    if inputs is None:
        raise refuse(
            "engine.import-unsupported",
            "提供者不支持导入这类资源",
            "the provider does not support importing resources of this type",
            where=goal.name,
        )
    return deployment.executor.adopt(goal, (id, inputs, outputs), None if old is None or old.external else old)


def missing(where: str, id: str) -> Refused:
    """Nothing of this id is there."""
    return refuse(
        "engine.no-resource",
        f"不存在标识为 {id} 的资源:请核对标识",
        f"there is no resource of the id {id}: check the id",
        where=where,
    )
