"""What is in flight in one run: how many operations at once, how the run is stopped, and what a failure comes to.

A failure ends the run: what is in flight finishes, nothing new begins. With `continue_on_error` it ends only what
depends on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from inventory.problems import Refused
from stacks.engine.events import Reporter

_DEFINITE = {f"driver.{reason}" for reason in ("quota", "conflict", "invalid", "denied", "unsupported", "not-found")}
"""after one of these the cloud is as it was; after anything else the operation stays pending"""


class Stopped(Exception):
    """The run is ending: nothing new begins."""


class Failed(Exception):
    """This one step has failed and was reported; the run goes on with what does not depend on it."""


class Flight:
    """The operations of one run. `slots` at once; `persevere`: a failure ends only what depends on it."""

    def __init__(self, report: Reporter, slots: int, *, persevere: bool = False) -> None:
        self.report, self.persevere = report, persevere
        self.stopping = False
        self.failed: set[str] = set()
        """URNs of what failed, and of what was not begun because it depends on that"""
        self._slots = asyncio.Semaphore(slots)
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def stop(self) -> None:
        """Finish what is in flight and begin nothing new."""
        self.stopping = True

    def go_on(self) -> None:
        """Raises Stopped where the run is ending."""
        if self.stopping:
            raise Stopped

    async def idle(self) -> None:
        """Return when nothing is in flight any more."""
        await self._idle.wait()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """One of the operations at once."""
        async with self._slots:
            self.go_on()
            yield

    @contextmanager
    def flying(self, harmless: Callable[[], object]) -> Iterator[None]:
        """An operation is under way. `harmless` is called where it is known to have done nothing."""
        self._busy += 1
        self._idle.clear()
        try:
            yield
        except Refused as refused:
            if all(problem.code in _DEFINITE for problem in refused.problems):
                harmless()
            raise
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    @contextmanager
    def failing(self, op: str, urn: str, *, alone: bool = False) -> Iterator[None]:
        """What is refused inside is reported, and raised as Stopped or Failed. `alone`: it never ends the run."""
        try:
            yield
        except Refused as refused:
            self.report.failed(op, urn, refused.problems)
            self.failed.add(urn)
            if self.persevere or alone or getattr(refused, "alone", False):
                raise Failed from refused
            self.stop()
            raise Stopped from refused

    def failed_after(self, op: str, urn: str, refused: Refused) -> None:
        """A step is done and recorded, and a hook after it failed: the run has failed, the step has not."""
        self.report.failed(op, urn, refused.problems)
        if not self.persevere:
            self.stop()
