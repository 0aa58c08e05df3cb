"""Prometheus and Alertmanager configuration made from the estate. Pure: the same estate gives the same bytes.

In: an `Estate` of deployed resources. Out: {relative filename: text}. `hosts` watches machines, `databases`
PostgreSQL, `systems` what citizens notice, `city` sites and the monitors themselves, `routes` who is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inventory.estate import Estate
from inventory.places import Places
from inventory.rendering import yaml_text
from monitors.rules import city, databases, hosts, routes, systems
from monitors.rules.base import Rule
from monitors.targets import Scrape, expected

_HEADER = "# 由梁柱根据已部署的资源图生成,请勿手改 / Made by Liangzhu from the deployed resource graph: do not edit\n"
_TOPICS = {"hosts": hosts, "databases": databases, "systems": systems, "city": city}


def generate(estate: Estate, *, interval: str = "5s") -> dict[str, str]:
    """prometheus.yml, rules/<topic>.yml and alertmanager.yml; filenames are relative to one folder.

    `interval` is how often is scraped and evaluated, in Prometheus' spelling. A topic of which the estate has nothing
    makes no file, so that promtool never meets an empty group."""
    scrapes = expected(estate)
    files = {"prometheus.yml": _prometheus(scrapes, interval)}
    for topic, module in _TOPICS.items():
        rules = tuple(module.rules(estate, scrapes))
        if rules:
            files[f"rules/{topic}.yml"] = _group(topic, rules)
    files["alertmanager.yml"] = yaml_text(routes.alertmanager(alerts(estate), scrapes))
    return {name: _HEADER + text for name, text in files.items()}


def write(estate: Estate, places: Places) -> tuple[Path, ...]:
    """Write what `generate` makes into the environment's folder `monitoring`; a rules file of an earlier run goes away."""
    files = generate(estate)
    for stale in set((places.monitoring / "rules").glob("*.yml")) - {places.monitoring / name for name in files}:
        stale.unlink()
    for name, text in files.items():
        path = places.monitoring / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(places.monitoring / name for name in files)


def alerts(estate: Estate) -> tuple[Rule, ...]:
    """Every rule of the estate, in the order of the files."""
    scrapes = expected(estate)
    return tuple(rule for module in _TOPICS.values() for rule in module.rules(estate, scrapes))


def _group(topic: str, rules: Iterable[Rule]) -> str:
    return yaml_text({"groups": [{"name": topic, "rules": [rule.data() for rule in rules]}]})


def _prometheus(scrapes: tuple[Scrape, ...], interval: str) -> str:
    jobs: dict[str, list[Scrape]] = {}
    for scrape in scrapes:
        jobs.setdefault(scrape.job, []).append(scrape)
    alertmanagers = [scrape.endpoint for scrape in jobs.get("alertmanager", ())]
    data = {
        "global": {
            "scrape_interval": interval,
            # a scrape may not outlast the interval, else Prometheus refuses the file
            "scrape_timeout": interval,
            "evaluation_interval": interval,
        },
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": alertmanagers}]}]},
        "scrape_configs": [_job(job, members) for job, members in jobs.items()],
    }
    if not alertmanagers:
        del data["alerting"]
    return yaml_text(data)


def _job(job: str, members: list[Scrape]) -> dict[str, object]:
    paths = {scrape.path for scrape in members}
    common = members[0].path
    targets = [
        {
            "targets": [scrape.endpoint],
            # the path of one target is a label to Prometheus; said only where a job has several
            "labels": scrape.labels if len(paths) == 1 else {**scrape.labels, "__metrics_path__": scrape.path},
        }
        for scrape in members
    ]
    return {"job_name": job, "metrics_path": common, "static_configs": targets}
