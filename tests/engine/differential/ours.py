"""The embedded engine, in this process: it forks its own workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stacks import engine
from tests.engine.differential.cases import Step
from tests.engine.differential.place import PASSPHRASE, Place, Raw, salt


class Ours:
    """The embedded engine on one place. `state`: name of the folder of its states."""

    def __init__(self, place: Place, state: str = "state") -> None:
        self.place = place
        self._program = engine.Program(place.program)
        self._state, self._publish = place.folder / state, place.folder / "estate"
        self._state.mkdir(exist_ok=True)
        (self._state / "encryptionsalt").write_text(salt(), encoding="ascii")

    def run(self, step: Step) -> Raw:
        """Run one step."""
        events: list[engine.Event] = []
        with _surroundings({**self.place.prepare(step), "PYTHONPATH": str(self.place.sdk)}, str(self.place.sdk)):
            plan, problems = self._run(step, events)
        logs = [event.message.en for event in events if event.what == "log" and event.message]
        return Raw(
            succeeded=not problems,
            calls=self.place.calls(),
            deployment=self.deployment(step.stack),
            plan=plan,
            said="\n".join([*(str(problem) for problem in problems), *logs]),
        )

    def _run(self, step: Step, events: list[engine.Event]) -> tuple[tuple[tuple[str, str], ...], Any]:
        options = engine.Options(
            targets=step.targets, target_dependents=step.target_dependents, excludes=step.excludes,
            exclude_dependents=step.exclude_dependents, replace=step.replace, continue_on_error=step.continue_on_error,
            refresh=step.refresh, run_program=step.run_program,
        )  # fmt: skip
        given: Any = (self._program, [engine.Spec(step.stack)], self._state, PASSPHRASE, events.append)
        if step.verb == "preview":
            plan = engine.plan(*given, options=options)
            steps = plan.stacks[step.stack].steps if step.stack in plan.stacks else ()
            return tuple((done.op, done.urn) for done in steps), plan.problems
        if step.resource:
            program, (spec,), *rest = given
            taken = engine.Import(**step.resource.model_dump())
            return (), engine.import_resources(program, spec.name, [taken], *rest, publish=self._publish).problems
        verb = {"up": engine.apply, "refresh": engine.refresh, "destroy": engine.destroy}[step.verb]
        more: Any = {"alone": True} if step.verb == "destroy" else {}
        return (), verb(*given, publish=self._publish, options=options, **more).problems

    def deployment(self, stack: str) -> dict[str, Any]:
        """The state of a stack in Pulumi's form, secrets sealed."""
        return self.export(stack)["deployment"] if stack in engine.stacks(self._state) else {}

    def export(self, stack: str) -> dict[str, Any]:
        """The document of a stack."""
        return engine.export(stack, self._state, PASSPHRASE)

    def import_(self, stack: str, document: dict[str, Any]) -> None:
        """Put a document in place of the stack's record. Refused where it is not taken."""
        engine.import_(self._program, stack, document, self._state, PASSPHRASE)


@contextmanager
def _surroundings(words: dict[str, str], path: str) -> Iterator[None]:
    """The environment and the module path that a worker inherits."""
    before = dict(os.environ)
    os.environ.update(words)
    sys.path.insert(0, path)
    try:
        yield
    finally:
        sys.path.remove(path)
        os.environ.clear()
        os.environ.update(before)
