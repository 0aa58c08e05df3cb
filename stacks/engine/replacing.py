"""Delete before replace: what is replaced goes first, and before it whatever cannot live without it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from inventory import urns
from inventory.problems import Refused
from stacks.engine import paths, steps
from stacks.engine.deletion import affected
from stacks.engine.executor import protected
from stacks.engine.records import Record
from stacks.engine.values import UNKNOWN

if TYPE_CHECKING:
    from stacks.engine.deployment import Deployment


class Replacing:
    """The deletions of one run that come ahead of a replacement."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._falling: dict[str, asyncio.Future[None]] = {}
        """URN of what falls → done when that is over"""

    async def over(self, urn: str) -> None:
        """Return when the resource does not fall, or no longer does."""
        if urn in self._falling:
            await asyncio.shield(self._falling[urn])

    async def delete_first(self, root: Record) -> None:
        """Delete `root` and, before it, its dependents that would have to be replaced with it, or that the plan replaces
        for reasons of their own and that go before they come again: they may stand in the way until then. Refused where one
        of them is protected."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            falling = [r for r in await self.falling(root, mine) if r.number not in self._deployment.executor.deleted]
            held = [protected(record.urn) for record in falling if record.body.get("protect") and not record.doomed]
            if held:
                raise Refused(held)
            for record in falling:
                await self._delete(record)
            await self._delete(root)
        finally:
            self._falling = {urn: over for urn, over in self._falling.items() if over is not mine}
            mine.set_result(None)

    async def falling(self, root: Record, over: asyncio.Future[None]) -> list[Record]:
        """What falls with `root`, dependents before what they depend on. A registration of any of it waits until it is
        `over`; what has been registered meanwhile does not fall."""
        deployment = self._deployment
        lost: set[str] = {root.urn}
        found: list[Record] = []
        for record in affected(root, deployment.records, lambda record: record.urn not in deployment.taken):
            if record.custom and not record.external and not record.gone and await self._falls(record, lost):
                if record.urn in deployment.taken:
                    continue
                self._falling.setdefault(record.urn, over)
                lost.add(record.urn)
                found.append(record)
        also = [r for r in deployment.records if r not in found and _partner(r, root) and r.urn not in deployment.taken]
        for record in also:
            self._falling.setdefault(record.urn, over)
        return list(reversed(found + also))

    async def _delete(self, record: Record) -> None:
        hands = None
        if record.custom and not record.external:
            hands = await self._deployment.hands(record.type, record.body.get("provider", ""))
        await self._deployment.executor.delete(record, hands, replaced=True, keep=True)

    async def _falls(self, record: Record, lost: set[str]) -> bool:
        if urns.referenced(record.body.get("provider", ""))[0] in lost or record.body.get("deletedWith") in lost:
            return True
        if await self._goes_anyway(record):
            return True
        inputs = dict(record.inputs)
        for key, needed in (record.body.get("propertyDependencies") or {}).items():
            if key in inputs and lost.intersection(needed):
                inputs[key] = UNKNOWN
        answer = await self._answer(record, inputs)
        return bool(steps.replacing(answer, tuple(record.body.get("replaceOnChanges") or ())))

    async def _goes_anyway(self, record: Record) -> bool:
        plan, inputs = self._deployment.executor.plan, dict(record.inputs)
        keys = {key for why in plan.replaced(record.urn) for key in paths.parse(why)[:1]} if plan else set()
        inputs |= {key: UNKNOWN for key in keys & inputs.keys()}
        answer = await self._answer(record, inputs)
        return answer.delete_before_replace and bool(steps.replacing(answer, ()))

    async def _answer(self, record: Record, inputs: dict[str, Any]) -> steps.Answer:
        """The provider's, to what the inputs would be."""
        if inputs == record.inputs:
            return steps.Answer()
        hands = await self._deployment.hands(record.type, record.body.get("provider", ""))
        ignored = tuple(record.body.get("ignoreChanges") or ())
        answer = await hands.diff(record.urn, record.id, record.inputs, record.outputs, inputs, ignored)
        return steps.known(answer, record.inputs, inputs)


def _partner(record: Record, root: Record) -> bool:
    """Whether the record asked to be replaced, or deleted, with the root."""
    return root.urn in (record.body.get("replaceWith") or ()) or record.body.get("deletedWith") == root.urn
