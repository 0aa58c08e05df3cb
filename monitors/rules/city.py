"""Rules about whole sites and about the monitors themselves: in, the targets; out, one rule a site, one a target
(what is no longer scraped raises no other alarm), and those on Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from monitors.rules.base import Rule, plain, where
from monitors.targets import CITY, Scrape


def rules(estate: Estate, scrapes: tuple[Scrape, ...]) -> Iterator[Rule]:
    """SiteUnreachable, TargetMissing, AlertmanagerDown, RulesFailing."""
    sites: dict[str, list[Scrape]] = {}
    for scrape in scrapes:
        if scrape.job == "host" and "site" in scrape.labels:
            sites.setdefault(scrape.labels["site"], []).append(scrape)
    for site, members in sorted(sites.items()):
        systems = sorted({member.labels["system"] for member in members if "system" in member.labels})
        yield Rule(
            "SiteUnreachable", f"sum(up{where(job='host', site=site)}) == 0", "5s", "critical",
            f"{plain(site)} 站点的 {len(members)} 台主机全部无法采集,涉及 {len(systems)} 个系统",
            f"none of the {len(members)} hosts of site {plain(site)} can be scraped; {len(systems)} systems are there",
            {"site": site, "bureau": CITY},
        )  # fmt: skip
    for scrape in scrapes:
        keep = ("bureau", "site", "system", "host")
        yield Rule(
            "TargetMissing", f"absent(up{where(job=scrape.job, **_identity(scrape))})", "1m", "warning",
            f"应采集的目标 {plain(scrape.name)} 不在 Prometheus 中:重新运行 ./lz up",
            f"the expected target {plain(scrape.name)} is not in Prometheus: run ./lz up again",
            {"target": scrape.name, **{key: scrape.labels[key] for key in keep if key in scrape.labels}},
        )  # fmt: skip
    if any(scrape.job == "alertmanager" for scrape in scrapes):
        yield Rule(
            "AlertmanagerDown", 'max(up{job="alertmanager"}) == 0', "30s", "warning",
            "Alertmanager 中断:告警无法按单位送达", "Alertmanager is down: alerts reach nobody", {"bureau": CITY},
        )  # fmt: skip
    if any(scrape.job == "prometheus" for scrape in scrapes):
        yield Rule(
            "RulesFailing", "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
            "1m", "warning", "规则组 {{ $labels.rule_group }} 求值失败",
            "rule group {{ $labels.rule_group }} fails to evaluate", {"bureau": CITY},
        )  # fmt: skip


def _identity(scrape: Scrape) -> dict[str, str]:
    """What tells one target from the others: its own name, or the host of a target that only this room knows."""
    key = "target" if "target" in scrape.labels else "host"
    return {key: scrape.labels[key]}
