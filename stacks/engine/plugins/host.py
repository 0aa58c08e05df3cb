"""The plugins of one run on one stack: each is found when it is first named, and all end with the run."""

from __future__ import annotations

import asyncio
import json
import os

from stacks.engine.events import Reporter
from stacks.engine.plugins import inside
from stacks.engine.plugins.answering import Engine
from stacks.engine.plugins.errors import Servicer
from stacks.engine.plugins.places import Found, find
from stacks.engine.plugins.process import Process
from stacks.engine.project import Program
from stacks.engine.providers import Config


class Plugins:
    """What one run has started. Use it on the run's event loop only."""

    def __init__(self, program: Program, config: Config, report: Reporter) -> None:
        self._program, self._config, self._report = program, config, report
        self.engine = Engine(report)
        self._servicers: list[inside.Inside | Process] = []

    def servicer(self, package: str, version: str = "") -> Servicer:
        """A provider of a package, not yet configured: each call gives another, because a provider is configured once.
        A process begins when it is first asked. Refused where there is no such plugin."""
        found = find(package, version, self._program.listed, os.environ)
        made = self._inside(found) or self._process(found)
        self._servicers.append(made)
        return made

    async def cancel(self) -> None:
        """Tell every provider that the run is being stopped. Never raises what they make of it."""
        await asyncio.gather(*(servicer.cancel() for servicer in self._servicers), return_exceptions=True)

    async def close(self) -> None:
        """End what was started. Bounded in time."""
        await asyncio.gather(*(servicer.close() for servicer in self._servicers), return_exceptions=True)
        await self.engine.close()

    def _inside(self, found: Found) -> inside.Inside | None:
        if found.inside is None:
            return None
        try:
            return inside.load(found.inside)
        except inside.Elsewhere:
            return None

    def _process(self, found: Found) -> Process:
        program = self._program
        runtime = program.settings.get("runtime")
        options = (runtime.get("options") if isinstance(runtime, dict) else None) or {}
        prefix = f"{found.package}:"
        own = {key.removeprefix(prefix): text for key, text in self._config.values.items() if key.startswith(prefix)}
        environ = {
            **os.environ,
            **{f"PULUMI_RUNTIME_{key.upper()}": str(value) for key, value in options.items()},
            "PULUMI_PROJECT": program.name,
            "PULUMI_CONFIG": json.dumps(own),
        }
        folder = program.main if program.main.is_dir() else program.root
        return Process(found, self.engine, self._report, environ, folder)
