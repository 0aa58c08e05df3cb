"""Rules about what citizens and departments notice: in, hosts grouped by system and workload; out, one pair of rules
a workload, since how many replicas are right is a fact of the graph and of no metric."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from monitors.rules.base import Rule, plain, where
from monitors.targets import Scrape

ROLES = ("web", "app")


def rules(estate: Estate, scrapes: tuple[Scrape, ...]) -> Iterator[Rule]:
    """SystemDown where nothing of a workload answers, SystemDegraded where some does not."""
    groups: dict[tuple[str, str], list[Scrape]] = {}
    for scrape in scrapes:
        labels = scrape.labels
        if scrape.job == "host" and labels.get("role") in ROLES and "system" in labels:
            groups.setdefault((labels["system"], labels.get("workload", labels["role"])), []).append(scrape)
    titles = {s.get("system") or s.name: str(s["title"]) for s in estate.kind("gov.system")}
    for (system, workload), members in sorted(groups.items()):
        first = members[0].labels
        one = where(job="host", system=system, workload=first.get("workload"), role=first["role"])
        labels = {"bureau": first["bureau"], "system": system, "workload": workload}
        if "level" in first:
            labels["level"] = first["level"]
        title = plain(titles.get(system, system))
        yield Rule(
            "SystemDown", f"sum(up{one}) == 0", "10s", "critical",
            f"{title} 的 {workload} 全部中断({len(members)} 台)",
            f"{plain(system)}: nothing of {workload} answers ({len(members)} hosts)", labels,
        )  # fmt: skip
        if len(members) > 1:
            yield Rule(
                "SystemDegraded", f"sum(up{one}) < {len(members)} and sum(up{one}) > 0", "10s", "warning",
                f"{title} 的 {workload} 应有 {len(members)} 台,现有 {{{{ $value }}}} 台",
                f"{plain(system)}: {{{{ $value }}}} of {len(members)} hosts of {workload} answer", labels,
            )  # fmt: skip
