"""The ec2 driver without a cloud: tags there and back, reasons, bounded retries on a server that throttles, locks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.problems import Refused
from stacks.drivers.base import DriverError, Reason
from stacks.drivers.ec2 import Ec2, errors, tags
from stacks.drivers.ec2.locks import Locks
from tests.drivers.conformance import a_sentence, complete, sample
from tests.drivers.servers import free_port
from tests.drivers.test_ec2 import KINDS, SECRET, credentials, environment

__all__ = ["credentials"]  # the fixture is for these tests too

WORDS = st.text(st.characters(exclude_categories=("Cs", "Z", "Cc")), min_size=1, max_size=90)


@given(WORDS, st.lists(WORDS, max_size=30), WORDS, st.integers(0, 5) | st.none())
def test_what_goes_into_tags_comes_back(bureau: str, hosts: list[str], digest: str, level: int | None) -> None:
    overlay = {"bureau": bureau, "hosts": hosts, "rules_digest": digest, "level": level}
    want = complete("net.sg", {**sample("net.sg").want.properties, **overlay})
    made = tags.of("demo", "net.sg", want.properties)
    assert all(len(key) <= 128 and len(value) <= tags.LENGTH for key, value in made.items())
    back = tags.fields("net.sg", made)
    assert {**back, "name": want.name} == dict(want.properties)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tags_of_every_sample_are_few_enough(kind: str) -> None:
    assert len(tags.of("demo", kind, sample(kind).want.properties)) <= 50


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("RequestLimitExceeded", 503, "unavailable"),
        ("ThrottlingException", 400, "unavailable"),
        ("SlowDown", 503, "unavailable"),
        ("InsufficientInstanceCapacity", 500, "unavailable"),
        ("VcpuLimitExceeded", 400, "quota"),
        ("LimitExceededException", 400, "quota"),
        ("RulesPerSecurityGroupLimitExceeded", 400, "quota"),
        ("TooManyBuckets", 400, "quota"),
        ("UnauthorizedOperation", 403, "denied"),
        ("AccessDeniedException", 400, "denied"),
        ("SomethingNew", 403, "denied"),
        ("DependencyViolation", 400, "conflict"),
        ("InvalidSubnet.Conflict", 400, "conflict"),
        ("BucketAlreadyExists", 409, "conflict"),
        ("InvalidIPAddress.InUse", 400, "conflict"),
        ("UnsupportedOperation", 400, "unsupported"),
        ("InvalidParameterValue", 400, "invalid"),
        ("SomethingNew", 502, "unavailable"),
    ],
)
def test_every_code_has_a_reason(code: str, status: int, reason: Reason) -> None:
    assert errors.reason(code, status)[0] == reason


class Throttling(BaseHTTPRequestHandler):
    """Answers every request that there were too many."""

    def do_POST(self) -> None:
        self.server.seen.append(self.path)  # pyright: ignore[reportAttributeAccessIssue]
        text = (
            b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message>"
            b"</Error></Errors><RequestID>x</RequestID></Response>"
        )
        self.send_response(503)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def throttling() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Throttling)
    server.seen = []  # pyright: ignore[reportAttributeAccessIssue]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_a_cloud_that_throttles_is_tried_a_few_times(throttling: ThreadingHTTPServer, tmp_path: Path) -> None:
    driver = Ec2(environment("x", f"http://127.0.0.1:{throttling.server_port}"), tmp_path, attempts=3)
    with pytest.raises(DriverError) as refused:
        driver.find("net.subnet", "x")
    a_sentence(refused.value)
    assert refused.value.reason == "unavailable"
    assert "RequestLimitExceeded" in refused.value.problem.en
    assert len(throttling.seen) == 3  # pyright: ignore[reportAttributeAccessIssue]
    assert SECRET not in str(refused.value)
    driver.close()


def test_an_endpoint_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    there = environment("x", f"http://127.0.0.1:{free_port()}")
    driver = Ec2(there, tmp_path, attempts=1)
    with pytest.raises(DriverError) as refused:
        list(driver.list())
    assert refused.value.reason == "unavailable"
    driver.close()
    assert {need.name: need.present for need in Ec2.needs(there)}["endpoint"] is False


def test_without_credentials_the_cloud_denies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    driver = Ec2(environment("x", f"http://127.0.0.1:{free_port()}"), tmp_path)
    with pytest.raises(DriverError) as refused:
        driver.find("net.subnet", "x")
    assert refused.value.reason == "denied"
    driver.close()


def test_without_an_endpoint_or_a_region_the_driver_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="endpoint"):
        Ec2(environment("x", None), tmp_path)
    assert {need.name: need.present for need in Ec2.needs(environment("x", None))}["endpoint"] is False
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(Refused, match="AWS_DEFAULT_REGION"):
        Ec2(environment("x", "http://127.0.0.1:1"), tmp_path)


def test_one_writer_a_key(tmp_path: Path) -> None:
    inside, most = [], []

    def work(number: int) -> None:
        locks = Locks(tmp_path, time.sleep, time.monotonic)
        with locks.hold("net.subnet/x"), locks.file("vpc"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.005)
            inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24), timeout=60))
    assert max(most) == 1


def test_a_lock_held_for_too_long_is_told(tmp_path: Path) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += 100

    other = Locks(tmp_path, time.sleep, time.monotonic)
    waiting = Locks(tmp_path, sleep, lambda: now[0])
    with other.file("vpc"), pytest.raises(DriverError) as refused, waiting.file("vpc"):
        pass
    assert refused.value.reason == "unavailable"
