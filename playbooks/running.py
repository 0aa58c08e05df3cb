"""One run of ansible-playbook: in, a playbook, an inventory and where to stand; out, what was told, host by host.

Runs in a folder of its own that only root reads (in memory where the machine allows), since the inventory of a run
holds passwords; it is gone afterwards, and so is every SSH connection that was kept open.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import inventory
from inventory.hosts import literal
from inventory.problems import Problem
from inventory.vantage import inside

ROOM = Path(__file__).resolve().parent
_ENDING_SECONDS = 20.0

Told = Callable[[str, str, str, Mapping[str, Any]], None]
"""called for each result of a task: (what: ok|failed|unreachable|skipped, host, task, result)"""


@dataclass
class Run:
    """What came of it. `stats` is Ansible's recap: ok, changed, failures, dark (unreachable) → host → count."""

    status: str = "failed"
    """successful, failed, canceled, timeout"""
    stats: dict[str, dict[str, int]] = field(default_factory=dict)
    said: str = ""
    """the end of what it printed, where it failed before any host was reached"""
    seconds: float = 0.0


def run(
    playbook: str, hosts: Mapping[str, Any], told: Told, *, netns: str, stopping: threading.Event, seconds: int
) -> Run:
    """Run to the end, to `stopping`, or to the limit in seconds. `hosts`: an inventory as `inventory.hosts` makes it.
    Ctrl-C ends the run and its connections before it is passed on."""
    ended, outcome = threading.Event(), Run()

    def work() -> Run:
        try:
            return _run(playbook, hosts, told, stopping, seconds)
        finally:
            ended.set()

    try:
        # even on this machine's own network a thread of its own: the runner would take SIGINT from the main one
        outcome = inside(netns or "/proc/self/ns/net", work)
    except BaseException:
        stopping.set()
        ended.wait(_ENDING_SECONDS)
        raise
    return outcome


def _run(playbook: str, hosts: Mapping[str, Any], told: Told, stopping: threading.Event, seconds: int) -> Run:
    import ansible_runner

    begun = time.monotonic()
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="lz-", dir=memory if os.access(memory, os.W_OK) else None))
    said: list[str] = []
    stats: dict[str, dict[str, int]] = {}

    def heard(event: dict[str, Any]) -> bool:
        _hear(event, told, said, stats)
        return False  # do not keep it on disk

    try:
        done = ansible_runner.run(
            private_data_dir=str(place),
            project_dir=str(ROOM),
            playbook=playbook,
            inventory=static(hosts),
            envvars=_environment(place),
            settings={"idle_timeout": 300, "job_timeout": seconds, "suppress_ansible_output": True},
            event_handler=heard,
            cancel_callback=stopping.is_set,
            quiet=True,
            suppress_env_files=True,
        )
        tail = "" if stats else "\n".join("".join(said).splitlines()[-15:])
        return Run(str(done.status), stats, tail, time.monotonic() - begun)
    finally:
        _hang_up(place / "cp")
        _vanish(place)


def static(hosts: Mapping[str, Any]) -> dict[str, Any]:
    """A dynamic inventory's answer in the form of an inventory file."""
    groups = {name: part["hosts"] for name, part in hosts.items() if "hosts" in part}
    children = {name: {"hosts": {key: {} for key in members}} for name, members in groups.items()}
    return {"all": {"hosts": literal(hosts["_meta"]["hostvars"]), "children": children}}


def failure(what: str, host: str, task: str, result: Mapping[str, Any]) -> Problem:
    """A failed task or a host that did not answer, as a sentence."""
    detail = str(result.get("msg") or result.get("stderr") or result.get("stdout") or "").strip()
    if result.get("module_stderr"):
        detail = f"{detail}\n{str(result['module_stderr']).strip()[-800:]}"
    if what == "unreachable":
        return Problem(
            "playbooks.unreachable",
            f"SSH 无法登录:{detail};确认主机在运行(./lz up 会重建丢失的主机),且允许从堡垒机访问 22 端口",
            f"cannot log in over SSH: {detail}; see that the host runs (./lz up makes a lost one anew) and that the "
            "bastion may reach port 22",
            host,
        )
    return Problem(
        "playbooks.failed",
        f"“{task}”失败:{detail or '没有说明原因'};改正后重新运行 ./lz up",
        f"'{task}' failed: {detail or 'no reason given'}; put it right and run ./lz up again",
        host,
    )


def _environment(place: Path) -> dict[str, str]:
    """The connections' sockets lie in the run's own folder: their paths must stay under 108 bytes."""
    (place / "cp").mkdir(mode=0o700)
    root = str(Path(inventory.__file__).resolve().parent.parent)
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": root,
        "LC_ALL": "C.UTF-8",
        "HOME": str(place),
        "ANSIBLE_HOME": str(place / "home"),
        "ANSIBLE_LOCAL_TEMP": str(place / "tmp"),
        "ANSIBLE_CONFIG": str(ROOM / "ansible.cfg"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(place / "cp"),
        "ANSIBLE_NOCOLOR": "1",
    }


def _hear(event: dict[str, Any], told: Told, said: list[str], stats: dict[str, dict[str, int]]) -> None:
    kind, data = event.get("event", ""), event.get("event_data") or {}
    words = {"runner_on_ok": "ok", "runner_on_failed": "failed", "runner_on_unreachable": "unreachable"}
    words["runner_on_skipped"] = "skipped"
    if kind in words:
        what = "ok" if kind == "runner_on_failed" and data.get("ignore_errors") else words[kind]
        task = str(data.get("task") or "").rpartition(" : ")[2]
        told(what, str(data.get("host")), task, data.get("res") or {})
    elif kind == "playbook_on_stats":
        stats.update({key: value for key, value in data.items() if isinstance(value, dict)})
    elif event.get("stdout"):
        said.append(event["stdout"] + "\n")


def _hang_up(folder: Path) -> None:
    """End the SSH connections that were kept for the next task; each answers on its own socket."""
    for path in folder.glob("*") if folder.is_dir() else ():
        if stat.S_ISSOCK(path.lstat().st_mode):
            subprocess.run(
                ["ssh", "-O", "exit", "-S", str(path), "-o", "BatchMode=yes", "none"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10, check=False,
            )  # fmt: skip


def _vanish(place: Path) -> None:
    """Remove the folder of a run, and what is left of a run that was cut: a worker that lives on writes into it."""
    mark, until = f"ANSIBLE_HOME={place / 'home'}".encode(), time.monotonic() + _ENDING_SECONDS / 2
    while True:
        alive = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if mark in _environ(pid)]
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(place, ignore_errors=True)
        if not (alive or place.exists()) or time.monotonic() > until:
            return
        time.sleep(0.1)


def _environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or another user's
        return []
