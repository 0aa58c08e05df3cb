"""BND-014: who spoke with whom is recorded at every network, segment and boundary device, whole and in a log store."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.records import Findings, held, listing, silent, untold
from policies.checks.references import Pointers, pointing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, listed, missing, passed

CHECK = Check(
    id="BND-014",
    title_zh="边界和网段有流日志",
    title_en="Flows are recorded at boundaries and segments",
    clauses=("GB/T 22239-2019 8.1.3.5 a)", "GB/T 22239-2019 8.1.3.5 b)"),
    severity="high",
    severity_basis="audit-missing",
    scope="estate",
    kinds=("net.vpc", "net.subnet", "sec.firewall", "sec.gap"),
    fix_zh="为虚拟网络、网段或边界设备开启流日志,字段写全,送到日志库",
    fix_en="switch flow logs on for the network, segment or boundary device, with every field, into a log sink",
    params={
        "fields": Param(
            ("time", "source", "destination", "source-port", "destination-port", "protocol", "action"),
            "必须记录的字段",
            "fields that must be recorded",
        )
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a network, segment and device: one good log is enough, of the network for its segments."""
    logs, mute = pointing(estate, "of", "net.flowlog"), silent(estate, "of", "net.flowlog")
    networks = pointing(estate, "segments", "net.vpc")
    for one in estate.kind(*CHECK.kinds):
        around = networks.at(one.name) if one.kind == "net.subnet" else []
        yield _recorded(estate, one, _logs(logs, one, *around), mute, params)


def _logs(logs: Pointers, *places: Resource) -> list[Resource]:
    found = {log.urn: log for place in places for log in logs.to(place)}
    return sorted(found.values(), key=lambda log: log.name)


def _recorded(estate: Estate, one: Resource, logs: list[Resource], mute: list[Words], params: Params) -> Looked:
    findings = [_whole(estate, log, params) for log in logs]
    if any(not bad and not unread for bad, unread in findings):
        return passed(one)
    # a log with a fault may be mended or stand beside one that cannot be read: then nothing is wrong yet
    open_ = mute + [words for bad, unread in findings if not bad for words in unread]
    wrong = [words for bad, _ in findings for words in bad] or [("没有流日志", "no log of its flows")]
    return concluded(one, () if open_ else wrong, open_)


def _whole(estate: Estate, log: Resource, params: Params) -> Findings:
    """What is wrong with one log, and what cannot be told of it."""
    wrong, open_ = held(log, ("sink", bool, f"流日志 {log.name} 没有去处", f"flow log {log.name} goes nowhere"))
    name = log.get("sink")
    if not wrong and not open_ and estate.named("log.sink", str(name)) is None:
        open_.append(missing(log, "log.sink", name))
    if lacking := untold(log, "fields"):
        return wrong, open_ + lacking
    fields = set(listing(log.get("fields")))
    if absent := set() if "*" in fields else set(params["fields"]) - fields:
        words = listed(absent, len(absent))
        wrong.append((f"流日志 {log.name} 缺字段 {words}", f"flow log {log.name} lacks {words}"))
    return wrong, open_
