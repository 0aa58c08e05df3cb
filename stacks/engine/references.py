"""Outputs of other stacks: of their state, or in a preview what their own preview promises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from inventory import urns
from inventory.problems import nearest, refuse
from stacks.engine.sealing import Sealer
from stacks.engine.state import Shelf


def outputs_of(
    state: Shelf, passphrase: str, salt: str, planned: Mapping[str, Mapping[str, Any]]
) -> Callable[[str], Awaitable[dict[str, Any]]]:
    """stack name, or organization/project/stack → its outputs, secrets marked. Refused where it has no state."""

    async def outputs(name: str) -> dict[str, Any]:
        stack = name.rpartition("/")[2]
        if stack in planned:
            return Sealer(passphrase, salt).open(dict(planned[stack]), stack)
        if not state.exists(stack):
            close = nearest(stack, state.stacks())
            raise refuse(
                "engine.no-stack",
                f"引用的栈 {stack} 尚未部署{f'(是否指 {close}?)' if close else ''}:请先部署它,并写入本栈的 after",
                f"the referenced stack {stack} is not deployed{f' (did you mean {close}?)' if close else ''}: deploy "
                "it first, and name it in this stack's `after`",
                where=name,
            )
        root = next((r for r in state.snapshot(stack, passphrase).records if r.type == urns.STACK), None)
        return dict(root.outputs) if root else {}

    return outputs
