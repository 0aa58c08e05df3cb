"""MON-005: each group of rules that recognises incidents has somebody on call to tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Params, Words, below, concluded, failed, missing
from policies.checks.told import absent, unread, why

CHECK = Check(
    id="MON-005",
    title_zh="安全事件有人值守处置",
    title_en="Incidents reach somebody on call",
    clauses=("GB/T 22239-2019 8.1.5.4 f)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("log.siem", "mon.contact"),
    fix_zh="给每组规则写明通知的联系人(组=联系人),联系人有通知渠道和值班岗位",
    fix_en="name a contact for every group of rules (group=contact), with channels and a post on call",
    assurance="partial",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a place where logs are analysed."""
    del params
    found = estate.kind("log.siem")
    yield from absent(estate, found, "安全运营平台", "analysis of logs (log.siem)")
    for one in found:
        yield below(one, 3) or unread(one, "groups", "notifies") or _groups(estate, one)


def _groups(estate: Estate, one: Resource) -> Looked:
    if not one["groups"]:
        return failed(one, "没有规则组", "has no group of rules")
    contacts: dict[str, list[str]] = defaultdict(list)
    for text in one["notifies"]:
        group, _, name = text.partition("=")
        contacts[group.strip()].append(name.strip().removeprefix("mon.contact/"))
    wrong: list[Words] = []
    open_: list[Words] = []
    for group in one["groups"]:
        answers = [_reached(estate, one, name) for name in contacts[group]]
        if True in answers:
            continue
        doubts = [answer for answer in answers if isinstance(answer, tuple)]
        open_ += doubts
        if not doubts:
            wrong.append((f"规则组 {group} 没有可通知的值班人", f"group {group} has nobody on call to tell"))
    return concluded(one, wrong, open_)


def _reached(estate: Estate, one: Resource, name: str) -> bool | Words:
    contact = estate.named("mon.contact", name)
    if contact is None:
        return missing(one, "mon.contact", name)
    if hidden := unread(contact, "channels", "on_call"):
        return why(contact, hidden)
    return bool(contact["channels"] and contact["on_call"])
