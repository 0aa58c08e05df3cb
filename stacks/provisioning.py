"""What the door asks of this room: one environment's stacks, planned, applied, refreshed or destroyed.

In: what was read. Out: the engine's plans and outcomes. It only knows where things lie; the engine does the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inventory import addressing
from inventory.estate import Estate
from inventory.places import ROOT, Places, passphrase
from inventory.problems import Problem
from inventory.reading import Read
from stacks import carried, engine, layers, vouching
from stacks.engine import EstatePlan, Outcome, Program, checkpoint
from stacks.vouching import Judged


@dataclass(frozen=True)
class Work:
    """One environment's stacks, and how a run on them is watched and stopped."""

    places: Places
    program: Program
    specs: tuple[Any, ...]
    """`StackSpec`s, in order"""
    observe: Callable[[Any], None]
    stopping: threading.Event
    runners: Mapping[str, str] = field(default_factory=dict)
    """`Environment.runners`"""

    @property
    def key(self) -> str:
        return passphrase(self.places)


def work(places: Places, read: Read | None, observe: Callable[[Any], None], stopping: threading.Event) -> Work:
    """Everything for the verbs below. Without a reading only what is recorded can be worked on (destroy)."""
    specs = layers.stacks(read, addressing.load(places.addresses)) if read else ()
    return Work(places, Program(ROOT), specs, observe, stopping, read.environment.runners if read else {})


def plan(of: Work) -> EstatePlan:
    """What an update would do to every stack, and what must not be done. Nothing is built."""
    made = engine.plan(of.program, of.specs, of.places.stacks, of.key, of.observe, stopping=of.stopping)
    return replace(made, problems=(*made.problems, *carried.beneath(made)))


def apply(of: Work, planned: EstatePlan, judged: Judged) -> Outcome:
    """Make what was planned, and nothing else; judge what could not be known then, and attest what it comes to."""
    done = engine.apply(of.program, of.specs, of.places.stacks, of.key, of.observe, publish=of.places.estate,
                        plan=planned, voucher=vouching.voucher(of.places, judged.claims), judge=judged.again,
                        stopping=of.stopping)  # fmt: skip
    vouching.publish(of.places, of.runners)
    return done


def unattested(of: Work) -> tuple[Problem, ...]:
    """States that were written to by whoever went round the judge."""
    return tuple(one.problem() for one in vouching.standings(of.places, of.runners) if not one.attested)


def refresh(of: Work) -> Outcome:
    """Read what is there into the record."""
    return engine.refresh(of.program, of.specs, of.places.stacks, of.key, of.observe, publish=of.places.estate,
                          stopping=of.stopping)  # fmt: skip


def destroy(of: Work) -> Outcome:
    """Delete everything that is recorded, each thing before what it depends on."""
    return engine.destroy(of.program, of.specs, of.places.stacks, of.key, of.observe, publish=of.places.estate,
                          stopping=of.stopping)  # fmt: skip


def deployed(of: Work) -> Estate:
    """What the record says is there."""
    return engine.deployed(of.places.stacks, of.key)


def secrets(of: Work) -> Mapping[str, str]:
    """name of a `sec.secret` → its value, for the playbooks; never for a log or a report."""
    return engine.secrets(of.places.stacks, of.key)


def recorded_elsewhere(of: Places) -> tuple[str, ...]:
    """Stacks of which the stock engine, run by --engine pulumi, still records resources."""
    return checkpoint.recorded(of.stacks / vouching.STOCK)
