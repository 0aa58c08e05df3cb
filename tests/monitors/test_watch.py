"""`look` against a real Prometheus over small exporters, all on loopback."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.estate import Estate
from monitors.rules import alerts, generate
from monitors.watch import look
from tests.monitors.machines import (
    LEADER,
    STANDBY,
    exporter,
    free_port,
    moved,
    prometheus,
    running,
    tool,
    until,
    written,
)
from tests.report.fixture import estate, resource

WEB_A, WEB_B = (f"host-civil-affairs-welfare-web-{site}-1" for site in "ab")
DB_A, DB_B = (f"postgresql-civil-affairs-welfare-db-{site}-1" for site in "ab")


def _self(job: str, port: int) -> Estate:
    target = resource(
        "mon.target", "city-platforms", name=f"{job}-monitor-c", of="compute.host/monitor-c", job=job,
        address="127.0.0.1", port=port, role="monitor", site="c",
    )  # fmt: skip
    return Estate((target,))


@pytest.mark.slow
def test_a_host_that_stops_is_seen_alarmed_and_routed_to_its_bureau(tmp_path: Path) -> None:
    port, alert_port = free_port(), free_port()
    url, alert_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{alert_port}"
    with ExitStack() as stack, ExitStack() as doomed:
        ports = {WEB_A: doomed.enter_context(exporter()), WEB_B: stack.enter_context(exporter())}
        ports |= {DB_A: stack.enter_context(exporter(LEADER)), DB_B: stack.enter_context(exporter(STANDBY))}
        city = Estate.union([moved(estate(), ports), _self("prometheus", port), _self("alertmanager", alert_port)])
        folder = written(tmp_path, generate(city, interval="1s"))
        alertmanager = [
            tool("prometheus-alertmanager"), f"--config.file={folder / 'alertmanager.yml'}", "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{alert_port}", f"--storage.path={folder / 'alerts'}",
        ]  # fmt: skip
        stack.enter_context(running(alertmanager, f"{alert_url}/-/ready", folder))
        stack.enter_context(running(prometheus(folder, port), f"{url}/-/ready", folder))

        seen = look(city, url=url, wait_s=30)
        assert (seen.up, seen.expected, seen.down, seen.missing, seen.problems) == (6, 6, (), (), ())
        assert seen.rules == len(alerts(city))
        assert seen.whole

        doomed.close()
        fired = {"HostDown", "SystemDegraded"}
        until(lambda: fired <= {a.name for a in look(city, url=url, wait_s=0).alerts if a.state == "firing"}, 60)
        seen = look(city, url=url, wait_s=0)
        assert seen.down == (WEB_A,)
        assert next(t for t in seen.targets if t.name == WEB_A).error
        host = next(alert for alert in seen.alerts if alert.name == "HostDown")
        assert (host.severity, host.bureau) == ("critical", "civil-affairs")
        assert "civil-affairs-welfare-web-a-1" in host.zh
        assert json.dumps(seen.data(), ensure_ascii=False)

        def told() -> set[str]:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{alert_url}/api/v2/alerts", timeout=5) as response:
                found = [a for a in json.load(response) if a["labels"]["alertname"] == "HostDown"]
            return {receiver["name"] for alert in found for receiver in alert["receivers"]}

        until(lambda: told() == {"city-critical", "bureau-civil-affairs"}, 30, lambda: str(told()))


@pytest.mark.slow
def test_a_target_that_prometheus_does_not_know_is_missing_not_down(tmp_path: Path) -> None:
    port = free_port()
    with exporter() as known_port, exporter() as other_port:
        configured = Estate.union([moved(estate(), {WEB_A: known_port}), _self("prometheus", port)])
        wanted = Estate.union([moved(estate(), {WEB_A: known_port, WEB_B: other_port}), _self("prometheus", port)])
        folder = written(tmp_path, generate(configured, interval="1s"))
        url = f"http://127.0.0.1:{port}"
        with running(prometheus(folder, port), f"{url}/-/ready", folder):
            until(lambda: look(wanted, url=url, wait_s=0).up == 2, 30)
            seen = look(wanted, url=url, wait_s=0)
    assert seen.missing == (WEB_B,)
    # nobody runs the Alertmanager that the graph derives from the monitor host
    assert seen.down == ("alertmanager-monitor-c",)
    assert not seen.whole


def test_silence_is_a_problem_that_says_what_to_do_and_the_wait_ends() -> None:
    now, slept = [datetime(2026, 11, 23, tzinfo=UTC)], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += timedelta(seconds=seconds)

    seen = look(estate(), url=f"http://127.0.0.1:{free_port()}", clock=lambda: now[0], sleep=sleep, wait_s=3)
    assert [problem.code for problem in seen.problems] == ["watch.silent"]
    assert (seen.up, seen.down, seen.missing) == (0, (), ())
    assert {target.state for target in seen.targets} == {"unasked"}
    assert len(slept) == 3


def test_a_clock_that_stands_still_does_not_hold_the_wait() -> None:
    slept: list[float] = []
    still = datetime(2026, 11, 23, tzinfo=UTC)
    look(estate(), url=f"http://127.0.0.1:{free_port()}", clock=lambda: still, sleep=slept.append, wait_s=3)
    assert len(slept) == 3


def test_an_answer_that_is_not_prometheus_is_silence() -> None:
    with exporter("hello\n") as port:
        seen = look(estate(), url=f"http://127.0.0.1:{port}", wait_s=0)
    assert [problem.code for problem in seen.problems] == ["watch.silent"]


def test_no_monitor_host_is_said_so() -> None:
    seen = look(Estate(), wait_s=0)
    assert [problem.code for problem in seen.problems] == ["watch.no-monitor"]


def test_the_url_comes_from_the_estate() -> None:
    seen = look(estate(), wait_s=0)
    assert seen.url == "http://[3fff:0:300::10]:9090"
