"""BND-011: what detects attacks writes down what it saw, and tells somebody."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.records import Findings, Reply, Said, reply, settled_by, untold
from policies.checks.references import word
from policies.checks.shape import Check, Looked, Param, Params, below, concluded, missing
from policies.checks.told import expected

CHECK = Check(
    id="BND-011",
    title_zh="入侵检测有记录和告警",
    title_en="What detects attacks keeps a record and tells somebody",
    clauses=("GB/T 22239-2019 8.1.3.3 c)", "GB/T 22239-2019 8.1.3.3 d)"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("sec.ids", "sec.ips", "sec.waf"),
    fix_zh="把设备的日志送到日志库,给它配一条有联系人的攻击告警",
    fix_en="send the device's log to a sink, and give it an alarm on attacks with a contact",
    params={"events": Param(("attack", "abnormal-traffic"), "算作攻击的事件", "events that are attacks")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a device."""
    found = estate.kind(*CHECK.kinds)
    yield from expected(estate, found, "没有记录任何入侵检测或防御设备", "nothing that detects attacks was recorded")
    alarms = Said(estate, "of", "mon.alarm", says=lambda alarm: _told(estate, alarm, params))
    for one in found:
        if answer := below(one, 3):
            yield answer
            continue
        wrong, open_ = _log(estate, one)
        replies = alarms.replies([word(one), f"{one.kind}/*"])
        bad, unread = settled_by(replies, ("没有带联系人的攻击告警", "no alarm on attacks tells anybody"))
        yield concluded(one, wrong + bad, open_ + unread)


def _log(estate: Estate, one: Resource) -> Findings:
    if lacking := untold(one, "log"):
        return [], lacking
    name = one.get("log")
    if not name:
        return [("日志没有去处", "its log goes nowhere")], []
    return [], [] if estate.named("log.sink", str(name)) else [missing(one, "log.sink", name)]


def _told(estate: Estate, alarm: Resource, params: Params) -> Reply:
    """Is it an alarm on attacks that reaches a contact who is known here."""
    event = reply(alarm, "event", lambda value: value in params["events"])
    if event is not True:
        return event
    contact = reply(alarm, "contact", bool)
    if contact is not True:
        return contact
    name = alarm.get("contact")
    return True if estate.named("mon.contact", str(name)) else missing(alarm, "mon.contact", name)
