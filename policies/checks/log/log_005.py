"""LOG-005: all logs come together where they are analysed."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import (
    Check,
    Looked,
    Params,
    Words,
    below,
    concluded,
    failed,
    listed,
    missing,
    passed,
    unknown,
)
from policies.checks.told import absent, naming, unread, why
from policies.checks.trails import LOGS

CHECK = Check(
    id="LOG-005",
    title_zh="审计数据汇总到安全运营平台",
    title_en="Logs come together where they are analysed",
    clauses=("GB/T 22239-2019 8.1.5.4 d)", "GB/T 22239-2019 8.2.5.1 c)"),
    severity="medium",
    severity_basis="audit-missing",
    scope="estate",
    kinds=("log.siem", "log.sink", "compute.host", "net.router", "db.instance", *LOGS),
    fix_zh="让来源写入日志库,并把日志库接入安全运营平台(log.siem 的 sinks)",
    fix_en="let the source write to a log sink, and the analysis (sinks of log.siem) read that sink",
)
_SENDERS = ("compute.host", "net.router", "db.instance")
"""whose logs a sink says that it takes; the others say where theirs go"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a source of logs; where nothing analyses, and systems are there, one about all."""
    del params
    siems = estate.kind("log.siem")
    yield from absent(estate, siems, "安全运营平台", "analysis of logs (log.siem)")
    analysed: set[str] = set()
    hidden: list[Words] = []
    for siem in siems:
        if open_ := unread(siem, "sinks"):
            hidden.append(why(siem, open_))
        else:
            analysed.update(name.removeprefix("log.sink/") for name in siem["sinks"])
    for one in estate.kind(*_SENDERS, *LOGS) if siems else ():
        answer = below(one, 3) or (_sent if one.kind in _SENDERS else _written)(estate, one)
        if isinstance(answer, Looked):
            yield answer
            continue
        sinks, open_words = answer
        if analysed.intersection(sinks):
            yield passed(one)
            continue
        open_words = open_words + hidden  # what cannot be read may be the way
        lost = [(f"日志没有汇总分析({listed(sinks)})", f"its logs are not analysed ({listed(sinks)})")]
        yield concluded(one, () if open_words else lost, open_words)


def _sent(estate: Estate, one: Resource) -> tuple[list[str], list[Words]]:
    also = (one.name, str(one.get("system") or one.name))
    sinks, open_ = naming(estate, one, "sources", "log.sink", also=also)
    return [sink.name for sink in sinks], open_


def _written(estate: Estate, one: Resource) -> tuple[list[str], list[Words]] | Looked:
    if open_ := unread(one, LOGS[one.kind]):
        return open_
    name = one[LOGS[one.kind]]
    if not name:
        return failed(one, "记录没有去处", "its records go nowhere")
    return ([name], []) if estate.named("log.sink", name) else unknown(one, *missing(one, "log.sink", name))
