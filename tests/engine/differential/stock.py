"""The stock engine: the `pulumi` on PATH, with a home, a back end and a network of nobody's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.engine.differential.cases import Step
from tests.engine.differential.place import PASSPHRASE, Place, Raw

PATIENCE = 120
"""seconds for one command"""
_FLAGS = {
    "targets": "--target", "excludes": "--exclude", "replace": "--replace", "target_dependents": "--target-dependents",
    "exclude_dependents": "--exclude-dependents", "continue_on_error": "--continue-on-error", "refresh": "--refresh",
    "run_program": "--run-program",
}  # fmt: skip


def missing() -> str:
    """Why there is no stock engine here; "" where there is one."""
    absent = [name for name in ("pulumi", "pulumi-language-python") if not shutil.which(name)]
    return (
        f"{' and '.join(absent)} not on PATH: the stock engine cannot be asked, only its recordings" if absent else ""
    )


@cache
def versions() -> dict[str, str]:
    """Of the CLI and of the SDK."""
    told = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True, timeout=PATIENCE)
    return {"pulumi": told.stdout.strip(), "sdk": version("pulumi")}


class Stock:
    """The stock engine on one place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._home, self._state = place.folder / "home", place.folder / "stock-state"
        self._home.mkdir()
        self._state.mkdir()
        # a plugin folder without `virtualenv` is run with the Python of its own folder `venv`
        (place.folder / "provider" / "venv").symlink_to(sys.prefix)
        self._stacks: set[str] = set()

    def run(self, step: Step) -> Raw:
        """Run one step."""
        surroundings = self.place.prepare(step)
        self._init(step.stack)
        words = [step.verb, "--stack", step.stack, "--json", "--non-interactive", "--color", "never"]
        words += [] if step.verb == "preview" else ["--yes", "--skip-preview"]
        done = self._pulumi([*words, *_flags(step)], surroundings)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Raw(
            succeeded=done.returncode == 0,
            calls=self.place.calls(),
            deployment=self.deployment(step.stack),
            plan=tuple(_steps(events)) if step.verb == "preview" else (),
            said=done.stderr + "".join(_said(events)),
        )

    def deployment(self, stack: str) -> dict[str, Any]:
        """The state of a stack as its back end has it, secrets sealed."""
        path = self._state / ".pulumi" / "stacks" / self.place.name / f"{stack}.json"
        return json.loads(path.read_text(encoding="utf-8"))["checkpoint"].get("latest") or {}

    def export(self, stack: str) -> dict[str, Any]:
        """The document that `pulumi stack export` writes."""
        return json.loads(self._pulumi(["stack", "export", "--stack", stack], {}, check=True).stdout)

    def import_(self, stack: str, document: dict[str, Any]) -> None:
        """Put a document in place of the stack's state. CalledProcessError where it is not taken."""
        self._init(stack)
        file = self.place.folder / "import.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        self._pulumi(["stack", "import", "--stack", stack, "--file", str(file)], {}, check=True)

    def _init(self, stack: str) -> None:
        if stack not in self._stacks:
            self._pulumi(["stack", "init", stack], {}, check=True)
            self._stacks.add(stack)

    def _pulumi(
        self, words: list[str], surroundings: dict[str, str], *, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        own = Path(sys.prefix) / "bin"
        environment = {
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            **surroundings,
            "PATH": f"{own}:{os.environ['PATH']}",
            "HOME": str(self._home),
            "PULUMI_HOME": str(self._home),
            "PULUMI_BACKEND_URL": f"file://{self._state}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
            "PYTHONPATH": str(self.place.sdk),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            ["pulumi", *words], cwd=self.place.program, env=environment, capture_output=True, text=True,
            check=check, timeout=PATIENCE,
        )  # fmt: skip


def _flags(step: Step) -> Iterator[str]:
    if step.resource:
        yield from (step.resource.type, step.resource.name, step.resource.id, "--generate-code=false")
        yield f"--protect={str(step.resource.protect).lower()}"
        for flag in ("parent", "provider"):
            urn = getattr(step.resource, flag)
            yield from (f"--{flag}", f"{flag}={urn}") if urn else ()
    for name, flag in _FLAGS.items():
        value = getattr(step, name)
        if value is True:
            yield flag
        elif value:
            for urn in value:
                yield from (flag, urn)


def _steps(events: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for event in events:
        step = event.get("resourcePreEvent", {}).get("metadata")
        if step:
            yield step["op"], step["urn"]


def _said(events: list[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        told = event.get("diagnosticEvent", {})
        if told.get("severity") not in (None, "debug"):
            yield told["message"]
