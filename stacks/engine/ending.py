"""The end of a run: what the program no longer wants is deleted, what is in doubt is found, outputs are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory import urns
from inventory.problems import Problem, Refused
from stacks.engine.deletion import backwards
from stacks.engine.flight import Failed, Stopped
from stacks.engine.records import Record
from stacks.engine.steps import Goal

if TYPE_CHECKING:
    from stacks.engine.deployment import Deployment


async def finish(run: Deployment) -> None:
    """The program has ended well: delete what it no longer wants. Failures are reported."""
    executor = run.executor
    if not run.flight.stopping:
        orphans = await run.refusing("", _settle_orphans(run))
        kept = run.taken | executor.records.keys()
        left = [record for record in run.records if record.number not in executor.deleted]
        unwanted = [record for record in left if record.doomed or record.urn not in kept or record in orphans]
        for record in run.records:  # fell with a replaced one, or an earlier run left it so, and nobody wants it
            fallen = record.number in executor.deleted and record.urn in executor.fallen
            if (fallen or record.gone) and record.urn not in kept:
                executor.forget(record)
                unwanted = [other for other in unwanted if other is not record]
        may = run.targets.deletable(run.records)
        chosen = [record for record in unwanted if may(record)]
        for record in unwanted:
            if not may(record):
                executor.leave(record)
        if not await _unasked(run, chosen):
            await delete(run, chosen)
    _rename(run)
    _outputs(run)


async def destroy(run: Deployment) -> None:
    """Delete everything that the state has, or what the targets name of it, and what a run before may have begun to
    create."""
    try:
        await run.refusing("", _settle_orphans(run))
    except Stopped:
        return
    known = {record.number for record in run.records}
    run.records += [record for record in run.executor.records.values() if record.number not in known]
    may = run.targets.deletable(run.records)
    chosen = [record for record in run.records if may(record)]
    if not await _unasked(run, chosen):
        await delete(run, chosen)


async def delete(run: Deployment, records: list[Record]) -> None:
    """Delete these records in order; what fails keeps what it needs alive."""
    leaving = {record.urn for record in records} | run.executor.fallen
    needed = _needed_by_failures(run)

    async def work(record: Record) -> bool:
        if record.urn in needed:
            return False
        try:
            hands = None
            if record.custom and not record.external:
                hands = await run.hands(record.type, record.body.get("provider", ""))
            spared = record.body.get("deletedWith") in leaving
            left = record.number in run.left
            await run.executor.delete(record, hands, replaced=record.doomed, spared=spared, left=left)
        except Refused as refused:
            run.executor.report.failed("delete", record.urn, refused.problems)
            run.flight.failed.add(record.urn)
            if not run.flight.persevere:
                run.flight.stop()
            return False
        except (Stopped, Failed):
            return False
        return True

    await backwards(records, work)


def _needed_by_failures(run: Deployment) -> set[str]:
    """URNs of the state that something needs which failed or was not begun, and so is still as it was; of what is still
    in doubt, the provider, which is to find it another time."""
    by_urn = {record.urn: record for record in run.records}
    found = {urns.referenced(operation.body.get("provider", ""))[0] for operation in run.executor.doubts.creations()}
    todo = [run.was.get(urn, urn) for urn in run.flight.failed]
    while todo:
        record = by_urn.get(todo.pop())
        for urn in record.needs - found if record else ():
            found.add(urn)
            todo.append(urn)
    return found


async def _unasked(run: Deployment, records: list[Record]) -> bool:
    """Whether something would be deleted that nobody asked for; it is reported."""
    unasked = run.targets.unasked(records)
    for record in unasked:
        run.executor.report.problem(
            Problem(
                "engine.untargeted-delete",
                "它依赖要删除的目标,却没有列入 --target:请把它也列入,或加上 --target-dependents",
                "it depends on a target that is to be deleted, and is none itself: name it with --target too, or add "
                "--target-dependents",
                urns.name(record.urn),
            )
        )
    return bool(unasked) and not run.ground.preview


async def _settle_orphans(run: Deployment) -> list[Record]:
    """A creation in doubt that nobody wants any more is repeated, which finds it, so that it can be deleted: the records
    of what was found."""
    executor = run.executor
    orphans = []
    for operation in executor.doubts.creations():
        body = operation.body
        goal = Goal(
            body["urn"], body["type"], urns.name(body["urn"]), custom=True, inputs=body.get("inputs") or {},
            provider=body.get("provider", ""), parent=body.get("parent", ""),
            dependencies=tuple(body.get("dependencies") or ()),
        )  # fmt: skip
        now = {record.number: record for record in executor.records.values()}
        rows = {r.number: r for r in run.records if r.number not in executor.deleted} | now
        there = [record for record in rows.values() if not record.gone]
        gone = rows.get(operation.record)
        if gone is not None and not gone.gone:
            gone = None
        try:
            record = await executor.find(operation, goal, await run.hands(goal.type, goal.provider), there, gone)
        except Failed:
            continue
        if record is not None:
            run.records[:] = [other for other in run.records if other.number != record.number] + [record]
            orphans.append(record)
    return orphans


def _rename(run: Deployment) -> None:
    """What this run did not touch may still refer to resources by names that they no longer have."""
    now = {old: new for new, old in run.was.items() if new in run.executor.records}
    if not now:
        return
    for record in run.records:
        current = run.executor.records.get(record.urn, record)
        if current is not record or record.number in run.executor.deleted:
            continue
        if record.needs & now.keys() and record.urn not in now:
            _renamed(record, now)
            run.executor.keep(record)


def _renamed(record: Record, now: dict[str, str]) -> None:
    body = record.body
    for key in ("dependencies", "replaceWith"):
        if key in body:
            body[key] = [now.get(urn, urn) for urn in body[key]]
    for key in ("parent", "deletedWith"):
        if key in body:
            body[key] = now.get(body[key], body[key])
    if "propertyDependencies" in body:
        body["propertyDependencies"] = {
            key: [now.get(urn, urn) for urn in needed] for key, needed in body["propertyDependencies"].items()
        }
    if body.get("provider"):
        urn, id = urns.referenced(body["provider"])
        body["provider"] = urns.reference(now.get(urn, urn), id)


def _outputs(run: Deployment) -> None:
    """Record the stack's outputs; after a failure those of before stay beside them."""
    root = run.executor.records.get(run.root)
    if root is None or run.pending_outputs is None:
        return
    outputs = run.pending_outputs
    if run.executor.report.problems:
        outputs = {**root.outputs, **outputs}
    run.executor.outputs(root, outputs)
