"""Real parts for the monitor tests: small exporters and Prometheus itself, all on loopback, all stopped at the end."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inventory.estate import Estate, Resource

HEALTHY = "node_time_seconds {now}\n"
LEADER = 'patroni_master{scope="w",name="a"} 1\npatroni_sync_standby{scope="w",name="a"} 0\n'
STANDBY = 'patroni_master{scope="w",name="b"} 0\npatroni_sync_standby{scope="w",name="b"} 1\n'


def tool(name: str) -> str:
    """The path of a program; the test is skipped, saying why, where there is none."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"NOT TESTED: {name} is not installed (Debian: apt install prometheus prometheus-alertmanager)")
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def exporter(text: str = HEALTHY) -> Iterator[int]:
    """Serve a metrics page; yields its port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text.replace("{now}", str(time.time())).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running(command: list[str], ready: str, folder: Path) -> Iterator[None]:
    """A server process until the block ends; `ready` is a URL that answers 200 once it is up."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
        try:
            until(lambda: _answers(ready), 20, lambda: log.read_text(errors="replace")[-2000:])
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def until(met: Callable[[], object], seconds: float, why: Callable[[], str] = str) -> None:
    """Wait, bounded, until `met` is true."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, f"not within {seconds} s: {why()}"
        time.sleep(0.2)


def moved(estate: Estate, ports: Mapping[str, int], *, keep: tuple[str, ...] = ()) -> Estate:
    """The estate with its scrape targets on loopback: target name → port; the targets that are not named go away."""

    def move(resource: Resource) -> Resource:
        return replace(
            resource, properties={**resource.properties, "address": "127.0.0.1", "port": ports[resource.name]}
        )

    kept = (r for r in estate if r.kind != "mon.target" or r.name in ports or r.name in keep)
    return Estate(tuple(move(r) if r.kind == "mon.target" and r.name in ports else r for r in kept))


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """Write generated files under a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def prometheus(folder: Path, port: int) -> list[str]:
    """The command of a Prometheus on loopback over the files in a folder."""
    return [
        tool("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=1) as response:
            return response.status == 200
    except OSError:
        return False
