"""Ask Prometheus what is up: in, the estate and where to ask; out, `Seen`. The only place that knows the client.

Next: the door shows `Seen` as "targets up / expected", and the report draws it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from inventory.estate import Estate
from inventory.problems import Problem
from inventory.vantage import inside
from monitors.targets import PROMETHEUS_PORT, Scrape, bracketed, expected, monitor_hosts

_PAUSE_S = 1.0
_ANSWER_S = 5


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that Prometheus holds to be pending or firing."""

    name: str
    state: str
    """pending, firing"""
    severity: str
    bureau: str
    zh: str
    en: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """One expected target as Prometheus sees it."""

    name: str
    job: str
    endpoint: str
    labels: Mapping[str, str]
    state: str
    """up, down, missing (not among Prometheus' targets), unasked (Prometheus did not answer)"""
    error: str = ""
    """what the last scrape met, in Prometheus' own words"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the monitors saw. `down` and `missing` are names of targets."""

    expected: int
    up: int
    down: tuple[str, ...]
    missing: tuple[str, ...]
    rules: int
    """alert rules that Prometheus has loaded"""
    alerts: tuple[Alert, ...]
    targets: tuple[Target, ...] = ()
    problems: tuple[Problem, ...] = ()
    """why the picture is not complete; each says what to do"""
    url: str = ""
    seconds: float = 0.0

    @property
    def whole(self) -> bool:
        """Everything that is expected is up and Prometheus could be asked."""
        return self.up == self.expected and not self.problems

    def data(self) -> dict[str, Any]:
        """For JSON and the report."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One round of questions."""

    health: Mapping[tuple[str, str], tuple[str, str]]
    """(job, host:port) → (up, down or unknown, error)"""
    rules: int
    alerts: tuple[Alert, ...]


def look(
    estate: Estate,
    *,
    netns: str = "",
    url: str | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], object] = time.sleep,
    wait_s: float = 30.0,
) -> Seen:
    """Ask until every expected target is up, or `wait_s` seconds are over; then tell what there is. Never raises for
    an absent or silent Prometheus: that is a problem in the answer. Refused where the vantage point is gone.

    `url` is by default that of the estate's monitor host; `netns` the network namespace from which it is reached."""
    scrapes, begun = expected(estate), clock()
    if url is None:
        hosts = monitor_hosts(estate)
        if not hosts:
            return _seen(scrapes, None, (_no_monitor(),), "", 0.0)
        url = f"http://{bracketed(hosts[0]['address6'])}:{PROMETHEUS_PORT}"
    address = url.rstrip("/")

    def passed() -> float:
        return (clock() - begun).total_seconds()

    def ask() -> Seen:
        rounds = 0
        while True:
            try:
                seen = _seen(scrapes, _answer(address), (), address, passed())
            except Exception as error:
                # the client raises whatever requests, urllib3 and JSON raise; each of them means "no answer". What an
                # earlier round saw is not shown as if it were now
                seen = _seen(scrapes, None, (_silent(address, error),), address, passed())
            rounds += 1
            # rounds are counted too: a clock on the wall may be set back while we wait
            if seen.whole or passed() + _PAUSE_S > wait_s or rounds * _PAUSE_S > wait_s:
                return seen
            sleep(_PAUSE_S)

    return inside(netns, ask)


def _seen(
    scrapes: tuple[Scrape, ...], answer: _Answer | None, problems: tuple[Problem, ...], url: str, seconds: float
) -> Seen:
    targets = []
    for scrape in scrapes:
        state, error = ("unasked", "")
        if answer is not None:
            state, error = answer.health.get((scrape.job, scrape.endpoint), ("missing", ""))
            # a target that was never scraped yet is "unknown" to Prometheus: nobody has seen it up
            state = state if state in ("up", "missing") else "down"
        targets.append(Target(scrape.name, scrape.job, scrape.endpoint, scrape.labels, state, error))
    return Seen(
        len(scrapes),
        sum(target.state == "up" for target in targets),
        tuple(target.name for target in targets if target.state == "down"),
        tuple(target.name for target in targets if target.state == "missing"),
        answer.rules if answer else 0,
        answer.alerts if answer else (),
        tuple(targets),
        problems,
        url,
        round(seconds, 1),
    )


def _answer(url: str) -> _Answer:
    import requests
    from prometheus_api_client.prometheus_connect import PrometheusConnect
    from urllib3.util.retry import Retry

    with requests.Session() as session:
        # a proxy of the environment does not lead into the city's network
        session.trust_env = False
        prometheus = PrometheusConnect(url, session=session, timeout=_ANSWER_S, retry=Retry(0))
        active = prometheus.get_targets(state="active")["activeTargets"]
        health = {(t["labels"].get("job", ""), _endpoint(t)): (t["health"], t.get("lastError", "")) for t in active}
        # the client knows neither rules nor alerts, and the metric ALERTS has no annotations
        groups = _get(session, f"{url}/api/v1/rules?type=alert")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    alerts = [
        Alert(
            rule["name"], alert["state"], alert["labels"].get("severity", ""), alert["labels"].get("bureau", ""),
            alert["annotations"].get("summary", ""), alert["annotations"].get("summary_en", ""),
            dict(sorted(alert["labels"].items())),
        )
        for rule in rules for alert in rule.get("alerts", ())
    ]  # fmt: skip
    alerts.sort(key=lambda a: (a.state != "firing", a.severity, a.name, sorted(a.labels.items())))
    return _Answer(health, len(rules), tuple(alerts))


def _endpoint(target: Mapping[str, Any]) -> str:
    return str(target.get("discoveredLabels", {}).get("__address__") or target["labels"].get("instance", ""))


def _get(session: Any, url: str) -> Any:
    response = session.get(url, timeout=_ANSWER_S)
    response.raise_for_status()
    return response.json()["data"]


def _no_monitor() -> Problem:
    return Problem(
        "watch.no-monitor",
        "没有地址已知的监测主机(角色 monitor):先运行 ./lz up 建成 city-platforms",
        "there is no monitor host (role monitor) whose address is known: run ./lz up until city-platforms is built",
    )


def _silent(url: str, error: Exception) -> Problem:
    # the message of urllib3 is a page of nested reprs; its class says what matters
    cause = error.__cause__ or error.__context__ or error
    kind = type(cause).__name__
    return Problem(
        "watch.silent",
        f"Prometheus 没有应答({kind}):看监测主机上 prometheus 服务是否运行、流量规则是否放行管理入口",
        f"Prometheus does not answer ({kind}): see whether its service runs on the monitor host and whether the "
        "rules let the bastion through",
        where=url,
    )
