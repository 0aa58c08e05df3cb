"""The stock engine on the same program, where a `pulumi` is on PATH: its file back end, in a home of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.measuring import Measured, measure

PROGRAMS = Path(__file__).parent / "programs"


def present() -> bool:
    return shutil.which("pulumi") is not None


class Stock:
    """A stack `one` of the program, on a copy of it: the CLI writes the salt of the stack's secrets beside it."""

    def __init__(self, home: Path, checkpoints: bool) -> None:
        shutil.copytree(PROGRAMS, home / "programs")
        plugin = home / "programs" / "noop" / "PulumiPlugin.yaml"
        plugin.write_text(f"runtime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n")
        (home / "backend").mkdir()
        self._folder = home / "programs" / "flat"
        self._env = {
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{home / 'backend'}",
            "PULUMI_HOME": str(home / "pulumi"),
            "PULUMI_CONFIG_PASSPHRASE": "correct horse battery staple",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "BENCH_REQUESTS": str(home / "requests"),
        }
        if not checkpoints:
            self._env["PULUMI_SKIP_CHECKPOINTS"] = "true"
        self.version = f"stock pulumi {self._ask('version')}"
        self._ask("stack", "init", "one", "--non-interactive")

    def up(self) -> Measured:
        return self._measured("up", "--yes", "--skip-preview", "--suppress-progress", "--suppress-outputs")

    def preview(self) -> Measured:
        return self._measured("preview", "--suppress-progress", "--suppress-outputs", "--expect-no-changes")

    def _measured(self, *words: str) -> Measured:
        return measure(["pulumi", *words, "--non-interactive", "-s", "one", "-C", str(self._folder)], self._env)

    def _ask(self, *words: str) -> str:
        return subprocess.run(
            ["pulumi", *words, "-C", str(self._folder)], env={**os.environ, **self._env}, check=True,
            capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
