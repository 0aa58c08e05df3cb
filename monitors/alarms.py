"""Alarms that no metric can raise: a state that nobody attests, and what the judge finds in what is deployed.

In: standings (`stacks.vouching`), a verdict, the estate. Out: alarms, and their way into the same Alertmanager that
Prometheus tells, so that they reach the same people. An alarm that is not sent again ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inventory.estate import Estate
from inventory.problems import Problem
from inventory.vantage import inside
from monitors.rules.base import Severity
from monitors.targets import ALERTMANAGER_PORT, CITY, bracketed, labels_of, monitor_hosts
from policies.judge import Verdict
from stacks.engine import Standing

LASTS = timedelta(hours=1)
"""whoever looks more seldom lets an alarm end that still holds"""
_ANSWER_S = 5


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. `labels` tell it from all others and say whose it is."""

    name: str
    severity: Severity
    zh: str
    en: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def alarms(standings: Iterable[Standing], verdict: Verdict, estate: Estate) -> tuple[Alarm, ...]:
    """StateUnattested for every state without an attestation that holds, PolicyBlocking for every finding that blocks."""
    return (*_unattested(standings, estate), *_blocking(verdict, estate))


def send(
    alarms: Iterable[Alarm], estate: Estate, now: datetime, *, netns: str = "", url: str | None = None
) -> tuple[Problem, ...]:
    """Tell Alertmanager, by default that of the estate's monitor host, reached from `netns`. Never raises for a silent
    one: what could not be told is a problem. Refused where the vantage point is gone."""
    told = [_told(alarm, now) for alarm in alarms]
    if url is None:
        hosts = monitor_hosts(estate)
        url = f"http://{bracketed(hosts[0]['address6'])}:{ALERTMANAGER_PORT}" if hosts else ""
    if not told or not url:
        return ()
    return inside(netns, _posting(f"{url.rstrip('/')}/api/v2/alerts", told))


def _unattested(standings: Iterable[Standing], estate: Estate) -> Iterator[Alarm]:
    for one in standings:
        if one.attested:
            continue
        problem = one.problem()
        system = estate.named("gov.system", one.stack)
        labels = labels_of(system) if system else {"bureau": CITY}
        yield Alarm("StateUnattested", "critical", f"{one.stack}:{problem.zh}", f"{one.stack}: {problem.en}",
                    {**labels, "stack": one.stack, "engine": one.engine})  # fmt: skip


def _blocking(verdict: Verdict, estate: Estate) -> Iterator[Alarm]:
    for one in verdict.blocking:
        found = estate.urn(one.urn) if one.urn else None
        labels = labels_of(found) if found else {"bureau": CITY}
        problem = one.problem()
        severity: Severity = "critical" if one.severity in ("critical", "high") else "warning"
        yield Alarm("PolicyBlocking", severity, f"{problem.where} {problem.zh}", f"{problem.where} {problem.en}",
                    {**labels, "check": one.check, "kind": one.kind, "name": one.name, "stack": one.stack})  # fmt: skip


def _told(alarm: Alarm, now: datetime) -> dict[str, Any]:
    labels = {key: value for key, value in alarm.labels.items() if value}
    return {
        "labels": {"alertname": alarm.name, "severity": alarm.severity, **labels},
        "annotations": {"summary": alarm.zh, "summary_en": alarm.en},
        "startsAt": now.isoformat(), "endsAt": (now + LASTS).isoformat(),
    }  # fmt: skip


def _posting(url: str, told: list[dict[str, Any]]) -> Callable[[], tuple[Problem, ...]]:
    def post() -> tuple[Problem, ...]:
        import requests

        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy of the environment does not lead into the city's network
                session.post(url, json=told, timeout=_ANSWER_S).raise_for_status()
        except requests.RequestException as error:
            return (_silent(url, len(told), type(error).__name__),)
        return ()

    return post


def _silent(url: str, count: int, kind: str) -> Problem:
    return Problem(
        "watch.alertmanager",
        f"{count} 条告警没有送达 Alertmanager({kind}):看监测主机上它是否运行、流量规则是否放行管理入口,再运行 ./lz watch",
        f"{count} alarms did not reach Alertmanager ({kind}): see whether it runs on the monitor host and whether the "
        "rules let the bastion through, then run ./lz watch again",
        where=url,
    )
