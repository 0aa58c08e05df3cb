"""MON-003: everything that runs is watched, and somebody is told when it does not."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, below, concluded
from policies.checks.told import DEVICES, absent, naming, nothing, unread, why

CHECK = Check(
    id="MON-003",
    title_zh="运行状况集中监测并告警",
    title_en="Everything is watched, and its failure is told",
    clauses=("GB/T 22239-2019 8.1.5.4 c)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.host", "net.router", "net.link", "net.lb", "db.instance", "mon.target", "mon.alarm", *DEVICES),
    fix_zh="为它配监测目标(mon.target)和可用性告警(mon.alarm)",
    fix_en="give it a target (mon.target) and an alarm on availability (mon.alarm)",
    params={"events": Param(("availability",), "算作可用性的告警事件", "events of alarms that mean availability")},
)
_WATCHED = ("compute.host", "net.router", "net.link", "net.lb", "db.instance", *DEVICES)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host, router, line, balancer, database and security device."""
    found = estate.kind(*_WATCHED)
    yield from absent(estate, found, "须监测的资源", "resource that must be watched")
    for one in found:
        if open_ := below(one, 3):
            yield open_
            continue
        wrong: list[Words] = []
        open_words: list[Words] = []
        for kind, said in (
            ("mon.target", ("没有监测目标", "nothing watches it")),
            ("mon.alarm", ("没有可用性告警", "no alarm tells of its failure")),
        ):
            gone = _lacks(estate, one, kind, params)
            if gone == []:
                wrong.append(said)
            open_words += gone or ()
        yield concluded(one, wrong, open_words)


def _lacks(estate: Estate, one: Resource, kind: str, params: Params) -> list[Words] | None:
    """None where it has one; else why that cannot be told, nothing where it is sure."""
    found, open_ = naming(estate, one, "of", kind)
    open_ = open_ + nothing(estate, kind)
    for other in found:
        if kind == "mon.target":
            return None
        if hidden := unread(other, "event"):
            open_.append(why(other, hidden))
        elif other["event"] in params["events"]:
            return None
    return open_
