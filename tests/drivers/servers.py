"""Real services for the driver tests, on free ports of loopback: moto's server, and a Kubernetes control plane.

Each is a context manager. What it starts is a process group of its own that is gone when the block ends, on failure
too, and is killed by the kernel when the tests themselves are killed. Every wait is bounded.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.drivers.kubernetes.build import Observe, binaries

SECONDS = 120
"""to come up, on a machine that does other things too"""


class NotUp(Exception):
    """A server did not come up; the text has the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: Sequence[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, until the block ends."""
    dying = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*dying, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for kill in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, kill)
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    continue


def wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, what: str) -> None:
    end = time.monotonic() + SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            state = "ended" if process.poll() is not None else f"did not answer within {SECONDS} s"
            raise NotUp(f"{what} {state}: …{log.read_text(errors='replace')[-1500:]}")
        time.sleep(0.1)


def answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def moto() -> Iterator[str]:
    """An EC2, S3 and KMS endpoint: its URL."""
    with tempfile.TemporaryDirectory() as folder:
        port, log = free_port(), Path(folder) / "moto.log"
        # -P: the package `tests` of this checkout must not hide anything of the server's
        command = [sys.executable, "-P", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with running(command, log) as process:
            url = f"http://127.0.0.1:{port}"
            wait(lambda: answers(f"{url}/moto-api/data.json"), process, log, "moto")
            yield url


@dataclass(frozen=True)
class ControlPlane:
    """A running kube-apiserver. `second` is a kubeconfig of another administrator."""

    kubeconfig: Path
    second: Path
    url: str


@contextmanager
def control_plane(observe: Observe = lambda _line: None) -> Iterator[ControlPlane]:
    """etcd, kube-apiserver and the namespace controller. `Missing` where this machine cannot have them."""
    programs = binaries(observe)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        etcd = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        command = [programs / "etcd", "--data-dir", folder / "etcd", "--name", "t", "--log-level", "warn"]
        command += ["--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", peer]
        command += ["--initial-advertise-peer-urls", peer, "--initial-cluster", f"t={peer}"]
        log = folder / "etcd.log"
        process = stack.enter_context(running([*map(str, command)], log))
        wait(lambda: answers(f"{etcd}/health"), process, log, "etcd")

        _service_account_key(folder / "sa.key")
        tokens = {name: os.urandom(16).hex() for name in ("first", "second")}
        listing = "".join(f'{token},{name},{name},"system:masters"\n' for name, token in tokens.items())
        (folder / "tokens.csv").write_text(listing)
        port = free_port()
        command = [
            programs / "kube-apiserver",
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={folder / 'certs'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--service-account-key-file={folder / 'sa.key'}",
            f"--service-account-signing-key-file={folder / 'sa.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--endpoint-reconciler-type=none",
            "--enable-priority-and-fairness=false",
        ]
        log = folder / "kube-apiserver.log"
        process = stack.enter_context(running([*map(str, command)], log))
        url, authority = f"https://127.0.0.1:{port}", folder / "certs" / "apiserver.crt"

        def ready() -> bool:
            # the self-signed authority is written while the server comes up
            return authority.exists() and answers(f"{url}/readyz", ssl.create_default_context(cafile=str(authority)))

        wait(ready, process, log, "kube-apiserver")
        for name, token in tokens.items():
            (folder / name).write_text(_kubeconfig(url, authority, name, token))
        command = [
            programs / "kube-controller-manager",
            f"--kubeconfig={folder / 'first'}",
            # a deleted namespace ends only when this has emptied it
            "--controllers=namespace-controller",
            "--leader-elect=false",
            "--secure-port=0",
        ]
        stack.enter_context(running([*map(str, command)], folder / "kube-controller-manager.log"))
        yield ControlPlane(folder / "first", folder / "second", url)


def _service_account_key(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(text)


def _kubeconfig(url: str, authority: Path, user: str, token: str) -> str:
    """JSON is YAML."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "t", "cluster": {"server": url, "certificate-authority": str(authority)}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "t", "context": {"cluster": "t", "user": user}}],
            "current-context": "t",
        }
    )
