"""Recovery: backup, replication, redundancy. See policies/checks/__init__.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from inventory.estate import Estate, Resource
from policies.checks.references import thing
from policies.checks.shape import Looked, Words, missing, settled, texts, unknown
from policies.checks.wants import Want, told, untold, weighed

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


def stores(estate: Estate) -> Mapping[str, list[Resource]]:
    """System → its databases and buckets, those left out that only hold copies or logs. Read it by `Estate.derived`."""
    found: dict[str, list[Resource]] = defaultdict(list)
    copies = holding(estate)
    for one in sorted(estate.kind(*DATA), key=lambda one: (one.kind, one.name)):
        system = one.get("system")
        if isinstance(system, str) and not (one.kind == "storage.bucket" and one.name in copies):
            found[system].append(one)
    return dict(found)


def some(
    rows: Iterable[tuple[Resource, Iterable[Want]]], hidden: bool, words: Words
) -> tuple[list[Words], list[Words]]:
    """Is one of these as wanted, in everything; `words` say that none is. `hidden`: one that is not among them may yet
    turn out to be."""
    findings = [weighed(one, wants) for one, wants in rows]
    if any(not wrong and not open_ for wrong, open_ in findings):
        return [], []
    if hidden or any(not wrong for wrong, _ in findings):
        return [], [(f"还不能断定:{words[0]}", f"cannot be told yet: {words[1]}")]
    return [words], []


def away(
    store: Resource, rows: Iterable[tuple[Resource, tuple[Want, ...]]], hidden: bool, words: Words
) -> tuple[list[Words], list[Words]]:
    """As `some`, of backup plans that must go to a site where the store is not itself."""
    if not settled((store.get("site"), store.get("sites"))):
        return [], [untold("site")]
    here = sites_of(store)
    there = Want("target_site", lambda site: bool(site) and site not in here, "{} 就在本地", "{} is its own site")
    return some(((plan, (*wants, there)) for plan, wants in rows), hidden, words)


def apart(flow: Resource) -> tuple[Want, Want]:
    """It goes to another site than it comes from."""
    source = flow.get("source_site")
    return (
        Want("source_site", bool, "没有来源站点", "names no source"),
        Want(
            "target_site",
            lambda site: bool(site) and site != source,
            "目的站点 {} 就是来源",
            "goes to {}, where it begins",
        ),
    )


def balancers(estate: Estate, system: str) -> list[Resource]:
    """The load balancers of a system."""
    return estate.derived(_balancers).get(system, [])


def _balancers(estate: Estate) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = defaultdict(list)
    for one in sorted(estate.kind("net.lb"), key=lambda one: one.name):
        if isinstance(system := one.get("system"), str):
            found[system].append(one)
    return dict(found)


def claim(estate: Estate, plan: Resource) -> Looked | None:
    """Why nothing can be said of a recovery plan (its system and the level that it claims); None where one can go on."""
    for field in ("of", "capability"):
        if not told(plan, field):
            return unknown(plan, *untold(field))
    if thing(estate, f"gov.system/{plan['of']}") is None:
        return unknown(plan, *missing(plan, "gov.system", plan["of"]))
    return None
