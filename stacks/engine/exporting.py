"""The record of a stack as the deployment that the stock CLI exports and imports: pure.

In: records and pending operations, secrets in clear and marked. Out: a document of version 3, or of version 4 with the
features that it needs, which the stock engine takes without a complaint.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from inventory import urns
from stacks.engine.records import SEED, Pending, Record
from stacks.engine.scalars import as_json
from stacks.engine.sealing import Sealer
from stacks.engine.values import SECRET, SIGNATURE, clear, mapped

FEATURES = {
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "resourceHooks": "hooks",
    "taint": "taint",
    "replaceWith": "replaceWith",
    "extensionRef": "extensionParameterization",
    "snippetID": "snippets-prototype",
}
"""key of a resource → what an engine must know to read a document with it"""
_NEVER = ("aliases",)
"""what the stock engine never writes: references are to the present URNs"""


def exported(
    records: Sequence[Record], pending: Sequence[Pending], sealer: Sealer, now: str, *, show_secrets: bool = False
) -> dict[str, Any]:
    """The document: `version`, `features` where there are any, `deployment`. `now` is ISO 8601. Secrets are sealed,
    each with the ciphertext that it had, or in clear with `show_secrets`."""
    renamed = _renamed(records)
    present = [Record(_present(record.body, renamed), record.number) for record in records]
    bodies = [_written(record.body, sealer, show_secrets=show_secrets) for record in ordered(present)]
    by_number = {record.number: record for record in records if record.number}
    operations = [
        {
            "resource": _written(_present(_subject(operation, by_number), renamed), sealer, show_secrets=show_secrets),
            "type": operation.op,
        }
        for operation in pending
    ]
    deployment: dict[str, Any] = {
        "manifest": manifest(now),
        "secrets_providers": {"type": "passphrase", "state": {"salt": sealer.salt}},
        "resources": bodies,
    }
    if operations:
        deployment["pending_operations"] = operations
    deployment["metadata"] = {}
    features = sorted({FEATURES[key] for body in bodies for key in FEATURES if body.get(key)})
    document: dict[str, Any] = {"version": 4, "features": features} if features else {"version": 3}
    return {**document, "deployment": deployment}


def manifest(now: str) -> dict[str, str]:
    """Who wrote the document, with the sum over that which the stock engine checks."""
    try:
        engine = f"liangzhu-{version('liangzhu')}"
    except PackageNotFoundError:
        engine = "liangzhu"
    return {"time": now, "magic": hashlib.sha256(engine.encode()).hexdigest(), "version": engine}


def ordered(records: Iterable[Record]) -> list[Record]:
    """The records in an order in which everything comes after what it needs, and otherwise as they were; what has been
    replaced and waits for its deletion comes as late as that allows."""
    waiting = sorted(records, key=lambda record: (record.doomed, record.number))
    living: dict[str, list[Record]] = defaultdict(list)
    doomed: dict[str, list[Record]] = defaultdict(list)
    for record in waiting:
        (doomed if record.doomed else living)[record.urn].append(record)

    def needed(record: Record) -> list[Record]:
        urn, id = urns.referenced(record.body.get("provider") or "")
        found = [other for other in (*living[urn], *doomed[urn]) if other.id == id]
        for other in sorted(record.needs - {urn}):
            there = living[other]
            found += [*there, *doomed[other]] if record.doomed or not there else there
        return [other for other in found if other is not record]

    done: dict[int, Record] = {}
    begun: set[int] = set()
    for first in waiting:
        stack = [(first, iter(needed(first)))] if id(first) not in begun else []
        begun.add(id(first))
        while stack:
            record, rest = stack[-1]
            for other in rest:
                if id(other) not in begun:
                    begun.add(id(other))
                    stack.append((other, iter(needed(other))))
                    break
            else:
                done[id(record)] = record
                stack.pop()
    return list(done.values())


def _renamed(records: Sequence[Record]) -> dict[str, str]:
    """URN that a resource had → the one that it has: what was not yet registered anew may still name the old one."""
    present = {record.urn for record in records}
    return {
        alias: record.urn for record in records for alias in record.body.get("aliases") or () if alias not in present
    }


def _subject(operation: Pending, records: Mapping[int, Record]) -> dict[str, Any]:
    """The whole resource of an operation, of which a deletion records the name only."""
    record = records.get(operation.record)
    known = record.body if record and record.urn == operation.urn else {}
    return {"custom": True, **known, **{key: value for key, value in operation.body.items() if key != SEED}}


def _written(body: Mapping[str, Any], sealer: Sealer, *, show_secrets: bool) -> dict[str, Any]:
    return mapped(dict(body), _shown) if show_secrets else sealer.seal(dict(body), body["urn"])


def _present(body: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """A body as the stock engine would write it now: only references to what is there."""
    found = {key: value for key, value in body.items() if key not in _NEVER}
    return found | _with_new_names(found, renamed) if renamed else found


def _with_new_names(body: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        key: renamed.get(body[key], body[key]) for key in ("parent", "deletedWith", "viewOf") if body.get(key)
    }
    for key in ("dependencies", "replaceWith"):
        if body.get(key):
            found[key] = [renamed.get(urn, urn) for urn in body[key]]
    if body.get("propertyDependencies"):
        found["propertyDependencies"] = {
            key: [renamed.get(urn, urn) for urn in needed] for key, needed in body["propertyDependencies"].items()
        }
    if body.get("provider"):
        urn, id = urns.referenced(body["provider"])
        found["provider"] = urns.reference(renamed.get(urn, urn), id)
    return found


def _shown(special: dict[str, Any]) -> dict[str, Any]:
    if special[SIGNATURE] != SECRET or "value" not in special:
        return special
    return {SIGNATURE: SECRET, "plaintext": as_json(clear(special["value"]))}
