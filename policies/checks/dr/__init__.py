"""Recovery: backup, replication, redundancy. See policies/checks/__init__.py."""

from __future__ import annotations

from inventory.estate import Estate, Resource
from policies.checks.shape import settled, texts

DATA = ("db.instance", "storage.bucket")
"""kinds whose loss is a loss of data"""


def reference(resource: Resource) -> str:
    """How a plan or replication names it: `db.instance/<name>`."""
    return f"{resource.kind}/{resource.name}"


def by_subject(estate: Estate, kind: str) -> tuple[dict[str, list[Resource]], bool]:
    """Plans or replications by what they are of, and whether some do not say it yet."""
    found: dict[str, list[Resource]] = {}
    hidden = False
    for one in estate.kind(kind):
        if settled(one.get("of")):
            found.setdefault(str(one.get("of")), []).append(one)
        else:
            hidden = True
    return found, hidden


def holding(estate: Estate) -> frozenset[str]:
    """Names of buckets that only hold copies or logs: targets of backup plans (`media`) and of log sinks."""
    media = {str(plan.get("media")).removeprefix("storage.bucket/") for plan in estate.kind("dr.backup_plan")}
    return frozenset(media | {str(sink.get("bucket")) for sink in estate.kind("log.sink")})


def sites_of(resource: Resource) -> frozenset[str]:
    """Where it stands."""
    site = resource.get("site")
    return frozenset(texts(resource.get("sites"))) | (frozenset([site]) if site else frozenset())
