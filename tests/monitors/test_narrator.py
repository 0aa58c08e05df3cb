"""What the terminal is told while a step runs."""

from __future__ import annotations

import io

from rich.console import Console

from monitors.narrator import Narrator
from stacks.engine.events import Event


def told(*events: Event) -> str:
    screen = io.StringIO()
    narrator = Narrator("up", "demo", "zh", Console(file=screen, width=100))
    for event in events:
        narrator.observe(event)
    return screen.getvalue()


def test_what_is_no_doing_is_no_sign_of_life() -> None:
    assert told(Event("", "run-started"), Event("", "run-done")) == ""
    assert told(Event("city-network", "step-done", op="create", name="core-a")).split() == [
        "…",
        "1",
        "·",
        "city-network",
        "core-a",
    ]
