"""Everything the page says, as plain data: in, what the steps returned (each may be None); out, one JSON-able dict.

Nothing here looks at the clock, the disk or the network, so equal input gives equal bytes. The order of the keys is
the order of the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inventory.estate import Estate
from policies.report.parts import assurance, computing, network, plan, results, running, zones
from policies.report.parts import city as city_part
from policies.report.parts.words import pair, plain

FORMAT = 1
"""raised when a reader of report.json would have to change"""


def build(
    read: Any, allocations: Any, estate: Estate | None, verdict: Any, *, steps: Iterable[Any] | None = None,
    driver: Any = None, conducted: Any = None, proofs: Any = None, seen: Any = None, when: datetime | str = "",
) -> dict[str, Any]:  # fmt: skip
    """The report's data. `read` is `inventory.reading.Read`, `allocations` the address step's, `verdict` the judge's,
    `steps` the narrator's, `driver` the choice of drivers with its reasons; `when` is shown as given."""
    graph = estate if estate is not None else Estate()
    steps = [plain(step) for step in steps or ()]
    city = getattr(read, "city", None)
    reasons = running.reasons(steps)
    data = {
        "format": FORMAT,
        "city": pair(city.name, city.en) if city else pair("", ""),
        "environment": _environment(read),
        "when": when.strftime("%Y-%m-%d %H:%M %z").strip() if isinstance(when, datetime) else when,
        "driver": _driver(driver),
        "map": network.drawn(read, graph, proofs),
        "coverage": city_part.coverage(read, graph),
        "systems": city_part.systems(read, graph),
        "bureaus": city_part.bureaus(read, graph),
        "plan": plan.drawn(read, allocations, graph),
        "zones": zones.between(read, graph, verdict, reasons),
        "addresses": network.addresses(read, allocations, graph),
        "pools": computing.pools(city, graph),
        "flows": network.flows(city, graph, proofs, reasons),
        "findings": assurance.findings(verdict, reasons),
        "results": results.results(verdict),
        "recovery": running.recovery(graph, proofs, seen, reasons),
        "hosts": running.hosts(graph, conducted, reasons),
        "monitors": running.monitors(seen, reasons),
        "steps": steps,
        "provenance": city_part.provenance(read),
    }
    data["tiles"] = _tiles(data)
    return plain(data)


def _environment(read: Any) -> dict[str, str]:
    environment = getattr(read, "environment", None)
    if environment is None:
        return {"key": "", **pair("")}
    return {"key": environment.name, **pair(environment.title, environment.en)}


def _driver(driver: Any) -> dict[str, Any]:
    chosen = plain(driver) or {}
    names = list(dict.fromkeys((chosen.get("drivers") or {}).values()))
    reasons = [pair(*map(str, reason)) for reason in chosen.get("reasons") or () if isinstance(reason, list)]
    return {"names": names, "by_kind": chosen.get("drivers") or {}, "reasons": reasons}


def _tiles(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The line of figures at the top: label, figure, of how many (or None), tone (plain, good, warn, bad, none), why."""
    built = sum(row["built"] for row in data["systems"])
    pools, proofs, found, watched = data["pools"], data["flows"]["proofs"], data["findings"], data["monitors"]
    covered = sum(1 for part in data["coverage"] for row in part["rows"] if row["requested"])
    items = sum(len(part["rows"]) for part in data["coverage"])
    domestic = pools["domestic"]["share"]
    none = pair("—")
    tiles = [
        _tile("systems", pair("已建系统", "Systems built"), built, len(data["systems"]), "plain"),
        _tile("hosts", pair("主机", "Hosts"), len(data["addresses"]["hosts"]), None, "plain"),
        _tile("coverage", pair("四梁八柱覆盖", "Items covered"), covered, items or None, "plain"),
        _tile(
            "domestic", pair("信创占比", "Domestic share"), none if domestic is None else f"{domestic * 100:.0f}%", None,
            "plain",
        ),
        _tile(
            "findings", pair("阻断项", "Blocking findings"), none if found["skipped"] else found["blocking"], None,
            "none" if found["skipped"] else "bad" if found["blocking"] else "good",
        ),
        _tile(
            "flows", pair("连接如所声明", "Connections as declared"), none if proofs["skipped"] else proofs["good"],
            None if proofs["skipped"] else proofs["total"],
            "none" if proofs["skipped"] else "good" if proofs["good"] == proofs["total"] else "bad",
        ),
        _tile(
            "monitors", pair("监测目标在线", "Targets up"), none if watched["skipped"] else watched["up"],
            None if watched["skipped"] else watched["expected"],
            "none" if watched["skipped"] else "good" if watched["up"] == watched["expected"] else "bad",
        ),
    ]  # fmt: skip
    return tiles


def _tile(section: str, label: dict[str, str], figure: Any, of: int | None, tone: str) -> dict[str, Any]:
    figure = figure if isinstance(figure, dict) else pair(str(figure))
    return {"section": section, "label": label, "figure": figure, "of": of, "tone": tone}
