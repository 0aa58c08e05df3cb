"""Trails, alarms, and who may touch what: what the checks on audit and monitoring share. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from inventory.estate import Estate, Resource
from policies.checks.references import word
from policies.checks.shape import Words, listed, unsure
from policies.checks.told import DEVICES, follow, naming, nothing, unread, why

LOGS = {
    "audit.trail": "sink",
    "net.flowlog": "sink",
    "sec.bastion": "recording",
    **dict.fromkeys(DEVICES, "log"),
}
"""what makes logs → its field that names the `log.sink`"""
Told = tuple[list[Words], list[Words]]
"""what is wrong, and what is open"""


def covering(estate: Estate, one: Resource, *kinds: str) -> tuple[list[Resource], list[Words]]:
    """Devices of these kinds that stand before a resource or watch it, by its name, its kind or its zone."""
    found, open_ = naming(estate, one, "protects", *kinds, also=[f"zone/{one.get('zone')}"])
    if hidden := unsure(one, "zone"):
        open_ = [*open_, (hidden.zh, hidden.en)]
    return found, open_ + nothing(estate, *kinds)


def covered(estate: Estate, events: Sequence[str]) -> Told:
    """Events that no trail that is on records."""
    found: set[str] = set()
    open_ = list(nothing(estate, "audit.trail"))
    for trail in estate.kind("audit.trail"):
        if hidden := unread(trail, "enabled", "events"):
            open_.append(why(trail, hidden))
        elif trail["enabled"]:
            found.update(trail["events"])
    return lacking(events, found, open_, "没有审计记录", "no trail records")


def alarmed(estate: Estate, events: Sequence[str]) -> Told:
    """Events of which no alarm tells anybody."""
    found: set[str] = set()
    open_ = list(nothing(estate, "mon.alarm"))
    for alarm in estate.kind("mon.alarm"):
        if hidden := unread(alarm, "event"):
            open_.append(why(alarm, hidden))
        elif alarm["event"] in events and alarm.get("contact") != "":
            contact, gone = follow(estate, alarm, "contact", "mon.contact")
            open_ += gone
            if contact:
                found.add(alarm["event"])
    return lacking(events, found, open_, "没有告警", "no alarm tells anybody of")


def lacking(wanted: Iterable[str], found: Iterable[str], open_: list[Words], zh: str, en: str) -> Told:
    """Which of the wanted words were not found; open, as long as something that may hold them cannot be read."""
    gone = set(wanted).difference(found)
    if not gone:
        return [], []
    return ([], open_) if open_ else ([(f"{zh} {listed(gone)}", f"{en} {listed(gone)}")], [])


def acts(action: str, verbs: Iterable[str]) -> set[str]:
    """Which of the verbs an action means: `log.delete` and `oss:DeleteObject` both delete, `*` does everything."""
    last = re.split(r"[.:/]", action.lower())[-1]
    return {verb for verb in verbs if last == "*" or last.startswith(verb)}


def denied(estate: Estate, one: Resource, verbs: Sequence[str]) -> Told:
    """Is each of the verbs on a resource denied to everybody (who is excepted is said by a condition)."""
    policies, open_ = naming(estate, one, "resources", "iam.policy")
    open_ = open_ + nothing(estate, "iam.policy")
    found: set[str] = set()
    for policy in policies:
        if hidden := unread(policy, "effect", "principals", "actions"):
            open_.append(why(policy, hidden))
        elif policy["effect"] == "deny" and "*" in policy["principals"]:
            found.update(*(acts(action, verbs) for action in policy["actions"]))
    return lacking(verbs, found, open_, f"没有对所有人禁止的 {word(one)} 操作:", f"not denied on {word(one)}:")


def delivered(estate: Estate, trails: Iterable[Resource]) -> tuple[list[tuple[Resource, Resource]], list[Words]]:
    """Trails, each with the sink that it writes to; and of which that cannot be told."""
    found: list[tuple[Resource, Resource]] = []
    open_: list[Words] = []
    for trail in trails:
        sink, gone = follow(estate, trail, "sink", "log.sink")
        open_ += gone
        if sink:
            found.append((trail, sink))
    return found, open_


def by_owner(estate: Estate) -> tuple[dict[str, list[Resource]], list[Words]]:
    """Trails that are on, by who owns them; and the sentence about those of which that cannot be told."""
    return estate.derived(_by_owner)


def _by_owner(estate: Estate) -> tuple[dict[str, list[Resource]], list[Words]]:
    found: dict[str, list[Resource]] = defaultdict(list)
    hidden: list[str] = []
    for trail in estate.kind("audit.trail"):
        if unread(trail, "owner", "enabled"):
            hidden.append(trail.name)
        elif trail["enabled"]:
            found[trail["owner"]].append(trail)
    open_ = [(f"审计 {listed(hidden)} 没有写全", f"trail {listed(hidden)}: not told in full")] if hidden else []
    return found, open_ + nothing(estate, "audit.trail")
