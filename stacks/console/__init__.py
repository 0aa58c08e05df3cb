"""`./lz stack …` and `./lz engine …`: the engine's verbs as typed, on one stack of ours or of any Pulumi program.

Edited by developers. In: what was typed, and the judge, handed over by the door. Out: lines or the event stream, and the
exit code. The flow of a verb: `typed` (words → options) → `ground` (what it works on) → here (plan, verdict, question,
work) → the engine; `view` and `difference` show it, `record` has the verbs about the record itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Any

Judge = Any
"""`policies.judging.Judge` of the environment, handed over by the door: the rooms do not import one another"""


def stack(
    tell: Any, options: argparse.Namespace, later: Callable[[str, Callable[[], datetime]], Judge] | None = None
) -> None:
    """`./lz stack VERB NAME …`: one stack of the environment that -e names, judged as the whole is: the same verdict
    stops it."""
    _run("stack", tell, options, later(options.environment, tell.clock) if later else None)


def engine(tell: Any, options: argparse.Namespace) -> None:
    """`./lz engine VERB --program DIR --stack NAME --state …`: a stack of any Pulumi program."""
    _run("engine", tell, options, None)


def _run(door: str, tell: Any, options: argparse.Namespace, judge: Judge | None) -> None:
    from stacks.console import typed as words

    typed = words.read(door, options.what)
    from stacks.console import ground, session

    if options.json:
        tell.console.stderr = True  # nothing but events on standard output
    with session.Session(tell, options, typed, judge) as run:
        run.carry_out(ground.ours(tell, options, typed) if door == "stack" else ground.any_program(typed))
