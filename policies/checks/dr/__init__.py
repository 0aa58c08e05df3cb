"""Recovery: backup, replication, redundancy. See policies/checks/__init__.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.references import thing, word
from policies.checks.shape import Looked, Words, listed, missing, settled, texts, unknown
from policies.checks.told import unread
from policies.checks.wants import Want, number, untold, weighed

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
    """Where it stands. What is no text names no site."""
    some = (*texts(resource.get("sites")), resource.get("site"))
    return frozenset(site for site in some if isinstance(site, str) and site)


@dataclass(frozen=True, slots=True)
class Parts:
    """Resources by the system that they belong to."""

    of: Mapping[str, list[Resource]]
    """system → its resources, by kind and name"""
    lost: list[Words]
    """that there are some whose system is not known yet: any system may turn out to have them"""


def parts(resources: Iterable[Resource]) -> Parts:
    """What belongs to no system is the city's own and left out."""
    found: dict[str, list[Resource]] = defaultdict(list)
    lost: list[str] = []
    for one in sorted(resources, key=lambda one: (one.kind, one.name)):
        system = one.get("system")
        if not settled(system):
            lost.append(word(one))
        elif isinstance(system, str):
            found[system].append(one)
    words = (f"{listed(lost)} 属于哪个系统尚未确定", f"which system {listed(lost)} belongs to is not known yet")
    return Parts(dict(found), [words] if lost else [])


def stores(estate: Estate) -> Parts:
    """Databases and buckets, those left out that only hold copies or logs. Read it by `Estate.derived`."""
    copies = holding(estate)
    return parts(one for one in estate.kind(*DATA) if one.kind != "storage.bucket" or one.name not in copies)


def balancers(estate: Estate) -> Parts:
    """Load balancers. Read it by `Estate.derived`."""
    return parts(estate.kind("net.lb"))


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
    here = sites_of(store)
    if not here or not settled((store.get("site"), store.get("sites"))):
        return [], [untold("site")]

    def other(site: Any) -> bool:
        return bool(site) and site not in here

    there = Want("target_site", other, "{} 就在本地", "{} is its own site")
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


def claim(estate: Estate, plan: Resource) -> Looked | None:
    """Why nothing can be said of a recovery plan (its system and the level that it claims); None where one can go on."""
    if number(plan, "capability") is None:
        return unknown(plan, *untold("capability"))
    if hidden := unread(plan, "of"):
        return hidden
    if thing(estate, f"gov.system/{plan['of']}") is None:
        return unknown(plan, *missing(plan, "gov.system", plan["of"]))
    return None
