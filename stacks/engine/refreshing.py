"""Refresh: what the providers say is there now, read into the state."""

from __future__ import annotations

from inventory.problems import Refused
from stacks.engine.deletion import forwards
from stacks.engine.deployment import Deployment
from stacks.engine.executor import Executor, Stopped
from stacks.engine.records import Record


async def refresh(executor: Executor, deployment: Deployment, records: list[Record]) -> None:
    """Read every resource, dependencies first. What is gone is dropped, what differs is recorded as it is."""

    async def one(record: Record) -> None:
        if executor.stopping or not record.managed or record.doomed or record.gone:
            return
        try:
            provider = await deployment.providers.of(record.body["provider"])
            await executor.refresh(record, provider)
        except Refused as refused:
            executor.report.failed("refresh", record.urn, refused.problems)
        except Stopped:
            return

    await forwards(records, one)
