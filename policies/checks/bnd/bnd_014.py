"""BND-014: who spoke with whom is recorded at every network, segment and boundary device, whole and in a log store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inventory.estate import Estate, Resource
from policies.checks.records import Reply, Said, jointly, listing, reply, settled_by
from policies.checks.references import pointing, word
from policies.checks.shape import Check, Looked, Param, Params, concluded, missing

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


_NO_LOG = ("没有字段写全、送到日志库的流日志", "no log of its flows has every field and goes into a sink")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a network, segment and device: one good log is enough, of the network for its segments."""
    logs = Said(estate, "of", "net.flowlog", says=lambda log: _whole(estate, log, params))
    networks = pointing(estate, "segments", "net.vpc")
    for one in estate.kind(*CHECK.kinds):
        around = networks.at(one.name) if one.kind == "net.subnet" else []
        words = [text for place in (one, *around) for text in (word(place), f"{place.kind}/*")]
        yield concluded(one, *settled_by(logs.replies(words), _NO_LOG))


def _whole(estate: Estate, log: Resource, params: Params) -> Reply:
    """Has one log every field, and a sink that is here."""
    sink = reply(log, "sink", bool)
    if sink is True and estate.named("log.sink", str(log.get("sink"))) is None:
        sink = missing(log, "log.sink", log.get("sink"))
    return jointly([sink, reply(log, "fields", lambda value: _full(listing(value), params["fields"]))])


def _full(fields: Iterable[str], wanted: Iterable[str]) -> bool:
    return "*" in fields or set(wanted) <= set(fields)
