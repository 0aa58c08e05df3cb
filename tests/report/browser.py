"""A real browser for the report tests: pages over loopback, measured by a small probe page, headless Chromium."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

_PROBE = """<!doctype html><meta charset="utf-8"><body><pre id="out">pending</pre><script>
addEventListener("load", function () {
  var frame = document.createElement("iframe");
  frame.style.cssText = "border:0;width:%(width)dpx;height:900px";
  frame.onload = function () { setTimeout(function () {
    var page = frame.contentDocument, view = frame.contentWindow, result;
    try { result = (function () { %(script)s })(); } catch (error) { result = {error: String(error)}; }
    document.getElementById("out").textContent = "«" + JSON.stringify(result) + "»";
  }, 200); };
  frame.src = "%(page)s";
  document.body.appendChild(frame);
});</script>"""


def chromium() -> str:
    """The browser's path; the test is skipped, saying why, where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("NOT TESTED: no browser (Debian: apt install chromium fonts-noto-cjk)")
    return path


def chinese_font() -> None:
    """Skip, saying why, where the machine has no font for Chinese."""
    found = shutil.which("fc-list")
    listed = subprocess.run([found, ":lang=zh"], check=False, capture_output=True, timeout=60).stdout if found else b""
    if not listed.strip():
        pytest.skip("NOT TESTED: no font for Chinese (Debian: apt install fonts-noto-cjk)")


def measure(page: Path, width: int, script: str) -> Any:
    """What a piece of JavaScript returns of a page shown `width` pixels wide: it sees `page` (document) and `view`."""
    browser = chromium()
    probe = page.with_name(f"probe-{width}.html")
    probe.write_text(_PROBE % {"width": width, "script": script, "page": page.name}, encoding="utf-8")
    with _served(page.parent) as port, TemporaryDirectory() as profile:
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            f"--user-data-dir={profile}", f"--window-size={width + 40},1000", "--virtual-time-budget=8000", "--dump-dom",
            f"http://127.0.0.1:{port}/{probe.name}",
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    found = re.search(r"«(.*?)»", unescape(done.stdout), re.DOTALL)
    assert found, f"the probe did not answer: {done.stdout[-500:]} {done.stderr[-500:]}"
    return json.loads(found[1])


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@contextmanager
def _served(folder: Path) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
