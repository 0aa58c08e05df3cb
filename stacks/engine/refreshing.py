"""Refresh: what the providers say is there now, read into the state."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from inventory import urns
from inventory.problems import Refused
from stacks.engine import steps
from stacks.engine.deployment import Deployment
from stacks.engine.executor import Executor, Hands
from stacks.engine.flight import Failed, Stopped
from stacks.engine.provider import Partial, Provider
from stacks.engine.records import REREAD, Record


async def refresh(run: Deployment, *, everything: bool = True) -> None:
    """Read every resource that the targets allow; without `everything`, of them what its provider wants read before every
    update. What is gone is dropped, what differs is recorded as it is; what referred to something that is gone no longer
    does. A failure ends nothing but itself."""
    executor = run.executor
    gone: dict[str, str] = {}

    async def one(record: Record) -> None:
        try:
            provider = await run.providers.of(record.body["provider"])
            if not await _read(executor, record, provider):
                gone[record.urn] = record.body.get("parent", "")
        except Refused as refused:
            executor.report.failed("refresh", record.urn, refused.problems)
        except (Stopped, Failed):
            return

    asked = [record for record in run.records if _readable(record) and (everything or record.body.get(REREAD))]
    await asyncio.gather(*[one(r) for r in asked if run.targets.included(r.urn, r.type, r.needs)])
    run.records[:] = [record for record in run.records if record.number not in executor.deleted]
    for urn, record in list(run.olds.items()):
        if record.number in executor.deleted:  # what the program wants of it is to be made again
            del run.olds[urn]
    for record in undangled(run.records, gone):
        executor.keep(record)


def _readable(record: Record) -> bool:
    return record.custom and not urns.is_provider(record.type) and not record.gone


async def _read(executor: Executor, record: Record, provider: Provider) -> bool:
    """Whether the resource is still there. The record is as it is there afterwards."""
    problems: list[str] = []
    async with executor.flight.slot():
        since = executor.report.started("refresh", record.urn)
        with executor.flight.flying(lambda: None):
            try:
                timeout = (record.body.get("customTimeouts") or {}).get("read", 0)
                id, inputs, outputs = await provider.read(record.urn, record.id, record.inputs, record.outputs, timeout)
            except Partial as partial:
                id, inputs, outputs, problems = partial.id, partial.inputs, partial.outputs, list(partial.reasons)
                for reason in problems:
                    executor.report.log("program.warning", f"{urns.name(record.urn)}: {reason}")
            differs = False
            if outputs is not None and not record.external:
                differs = await _differs(provider, record, id, inputs, outputs)
    if outputs is None:
        executor.lose(record, since)
        return False
    executor.found(record, id, inputs, outputs, problems, since, provider, differs=differs)
    return True


async def _differs(
    provider: Hands, record: Record, id: str, inputs: dict[str, object] | None, outputs: dict[str, object]
) -> bool:
    """Whether an update with the present program would change what is there now: that is drift."""
    ignored = tuple(record.body.get("ignoreChanges") or ())
    there = record.inputs if inputs is None else inputs
    answer = await provider.diff(record.urn, id, there, outputs, record.inputs, ignored)
    return bool(steps.known(answer, there, record.inputs).changed)


def undangled(records: Sequence[Record], gone: Mapping[str, str]) -> list[Record]:
    """The records that referred to something that is gone; they no longer do. A child goes to its parent's parent.
    `gone`: URN → the URN of its parent."""
    lost = gone.keys() - {record.urn for record in records}
    changed = []
    for record in records if lost else ():
        if not record.needs & lost:
            continue
        body = record.body
        for key in ("dependencies", "replaceWith"):
            if key in body:
                body[key] = [urn for urn in body[key] if urn not in lost]
        if "propertyDependencies" in body:
            body["propertyDependencies"] = {
                key: [urn for urn in needed if urn not in lost] for key, needed in body["propertyDependencies"].items()
            }
        if body.get("deletedWith") in lost:
            del body["deletedWith"]
        while body.get("parent") in lost:
            body["parent"] = gone[body["parent"]]
        record.body = {key: value for key, value in body.items() if value or key == "custom"}
        changed.append(record)
    return changed
