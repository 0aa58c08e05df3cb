"""Who is told: in, the alert rules and targets; out, Alertmanager's configuration with one receiver a responsible unit.

A receiver here is a name without an address: Alertmanager groups, inhibits, silences and lists by it, and sends
nothing out. A city adds its own channels to the names; addresses that we invented would only fail at night.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitors.rules.base import Rule, quoted
from monitors.targets import CITY, Scrape

# (louder alert, quieter alerts, labels that must be equal)
_INHIBITED = (
    ("SiteUnreachable", "HostDown|LogHostDown|ArbiterDown|DatabaseMemberDown", ["site"]),
    ("SystemDown", "SystemDegraded", ["system", "workload"]),
    ("HostDown", "DatabaseMemberDown", ["host"]),
)


def alertmanager(rules: Iterable[Rule], scrapes: Iterable[Scrape]) -> dict[str, object]:
    """alertmanager.yml as data. Critical alerts go to the city's operators as well as to the unit."""
    # a rule over many series leaves the bureau to the series, so both are asked
    named = [rule.labels for rule in rules] + [scrape.labels for scrape in scrapes]
    bureaus = sorted({labels["bureau"] for labels in named if "bureau" in labels} - {CITY})
    routes: list[dict[str, object]] = [
        {
            "receiver": "city-critical", "matchers": ['severity="critical"'], "continue": True,
            "group_wait": "5s", "repeat_interval": "30m",
        }
    ]  # fmt: skip
    routes += [{"receiver": f"bureau-{bureau}", "matchers": [f"bureau={quoted(bureau)}"]} for bureau in bureaus]
    return {
        "route": {
            "receiver": CITY,
            "group_by": ["alertname", "site", "system"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": "4h",
            "routes": routes,
        },
        "inhibit_rules": [
            {
                "source_matchers": [f"alertname={quoted(louder)}"],
                "target_matchers": [f"alertname=~{quoted(quieter)}"],
                "equal": equal,
            }
            for louder, quieter, equal in _INHIBITED
        ],
        "receivers": [{"name": CITY}, {"name": "city-critical"}, *({"name": f"bureau-{b}"} for b in bureaus)],
    }
