"""The stock CLI as a process of ours: found on PATH, ending with its parent, asked to stop as Ctrl-C asks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pulumi.automation import CommandResult, InvalidVersionError, PulumiCommand
from pulumi.automation.errors import create_command_error

from inventory.problems import refuse

_BORN = """import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 2)
os.getppid() == int(sys.argv[1]) and os.execvp(sys.argv[2], sys.argv[2:])"""
"""PR_SET_PDEATHSIG, SIGINT: the CLI is interrupted when its parent dies; set after the fork, for there are threads"""
_GLANCE = 0.2
"""seconds between looks at the stopping event"""


class Command(PulumiCommand):
    """The CLI found on PATH. It ends with its parent, hears Ctrl-C only from us, and is asked to stop when `stopping`
    is set. Refused where there is none, or one too old for the SDK."""

    def __init__(self, stopping: threading.Event) -> None:
        if not shutil.which("pulumi"):
            raise refuse(
                "engine.no-stock-cli",
                "PATH 中没有原版 pulumi 命令:--engine pulumi 需要它;不加这个选项就用内嵌引擎",
                "there is no stock `pulumi` on PATH, which --engine pulumi needs; without that flag the embedded engine "
                "runs the stack",
            )
        try:
            super().__init__()
        except (InvalidVersionError, subprocess.CalledProcessError) as error:
            raise refuse(
                "engine.stock-cli", f"PATH 中的 pulumi 不能用:{error}", f"the `pulumi` on PATH cannot be used: {error}"
            ) from None
        self._stopping = stopping
        self.stopped = False

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Overrides the SDK's, which lets the CLI outlive its parent."""
        words = ["--non-interactive", *(word for word in args if word != "--non-interactive")]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BORN, str(os.getpid()), self.command, *words], cwd=cwd, text=True,
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            out, err = self._end(process)
        except BaseException:
            process.send_signal(signal.SIGINT)  # the second: it stops at once, and its state says what was pending
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            raise
        result = CommandResult(out.rstrip(), err.rstrip(), process.returncode)
        if result.code:
            raise create_command_error(result)
        return result

    def _end(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        while True:
            try:
                return process.communicate(timeout=_GLANCE)
            except subprocess.TimeoutExpired:
                if self._stopping.is_set() and not self.stopped:
                    self.stopped = True
                    process.send_signal(signal.SIGINT)
