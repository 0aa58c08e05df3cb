"""A program's whole case on one engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.engine.differential import exchange, recording
from tests.engine.differential.cases import case, digest
from tests.engine.differential.compare import differences
from tests.engine.differential.normal import Normal, Seen
from tests.engine.differential.ours import Ours
from tests.engine.differential.place import Place
from tests.engine.differential.stock import Stock, versions


def run(name: str, engine: type[Ours] | type[Stock], folder: Path) -> Iterator[Seen]:
    """What each step came to."""
    place = Place(name, folder)
    runs, normal = engine(place), Normal(name)
    for step in case(name).steps:
        yield normal.seen(runs.run(step), step.stack)


def record(name: str, folder: Path) -> list[str]:
    """Run a program on the stock engine and keep what it does. Where steps do not end as the case expects: those, and
    nothing is kept."""
    steps = tuple(run(name, Stock, folder))
    unexpected = [
        f"{name}: step {number} ({step.verb} {step.step}) {seen.outcome}: {seen.said}"
        for number, (step, seen) in enumerate(zip(case(name).steps, steps, strict=True), 1)
        if seen.outcome != step.expect
    ]
    if not unexpected:
        recording.write(name, recording.Recording(versions(), digest(name), steps))
    return unexpected


def compare(name: str, engine: type[Ours] | type[Stock], folder: Path, *, all_steps: bool = False) -> list[str]:
    """Where an engine differs from the recording, in the first step that does: what follows, follows from it. Our
    engine makes each preview a second time, from what the stock engine had recorded before it."""
    told: list[str] = []
    last: dict[str, Seen] = {}
    place = Place(name, folder)
    runs, normal = engine(place), Normal(name)
    for number, (step, theirs) in enumerate(zip(case(name).steps, recording.read(name).steps, strict=True), 1):
        found = list(differences(theirs, normal.seen(runs.run(step), step.stack), last.get(step.stack)))
        if engine is Ours and step.verb == "preview" and last and not found:
            resumed = exchange.resumed(place, step, last, name)
            found = [f"from the recorded state: {line}" for line in differences(theirs, resumed, last.get(step.stack))]
        if found:
            told += [f"step {number}: {step.verb} {step.step}", *found]
            if not all_steps:
                break
        last[step.stack] = theirs
    return told
