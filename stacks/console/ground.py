"""What a verb works on: one stack of an environment of ours, or one stack of any Pulumi program.

In: what was typed. Out: a `Ground`: the program, where the state is, its key, and what the other verbs of the door would
have prepared (drivers, addresses, the environment's lock).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory import addressing, places, reading
from inventory.places import ROOT, Places
from inventory.problems import Refused, nearest, refuse
from stacks import engine, layers
from stacks.drivers import readiness
from stacks.engine import Program, Spec
from stacks.engine.state import Shelf, at
from stacks.engine.state.files import Folder, OneFile
from stacks.vouching import STOCK

_PROGRAM = frozenset({"preview", "up", "import"})
"""verbs that run the program, or its provider, and so need what it reads"""
_UNHELD = frozenset({"history", "export", "check", "cancel"})
"""verbs that neither change anything nor wait for who does, and the one against who does"""


@dataclass(frozen=True)
class Ground:
    """One stack, and everything that a run on it is told."""

    program: Program
    spec: Spec
    state: Shelf
    key: str
    """passphrase of the state's secrets"""
    publish: Path | None = None
    profile: str = ""
    """of the checks that judge it; "" where nobody does"""
    policies: Path | None = None
    """folder of the policy pack, for the stock CLI"""
    variables: Mapping[str, str] | None = None
    """environment that the program and its provider read"""
    places: Places | None = None
    """of an environment of ours"""
    runners: Mapping[str, str] = field(default_factory=dict)
    """who may sign for updates of the environment"""

    @property
    def name(self) -> str:
        return self.spec.name


def ours(tell: Any, options: argparse.Namespace, typed: argparse.Namespace) -> Ground:
    """A stack of the environment that -e names. Refused where it builds none of that name, or somebody holds it."""
    environment = reading.environment(options.environment)
    where = places.places(environment.state)
    if typed.verb not in _UNHELD:
        tell.enter(places.held(where, f"stack {typed.verb} {typed.name}", tell.clock()))
    key = places.passphrase(where)
    if typed.verb in _PROGRAM:
        if typed.name not in layers.LAYERS:
            os.environ["LIANGZHU_SYSTEMS"] = typed.name  # beside the environment's own; the workers inherit it
        readiness.ready(environment, tell.observe)
        read = _read(options.environment, typed.name)
        spec = None
        if any(each.name == typed.name for each in layers.stacks(read)):
            addressing.settle(read, tell.clock())
            stacks = layers.stacks(read, addressing.load(where.addresses))
            spec = next(Spec(s.name, s.after, s.inputs, s.files) for s in stacks if s.name == typed.name)
    else:
        stock = getattr(typed, "engine", "embedded") == "pulumi"
        spec = Spec(typed.name) if stock or typed.name in engine.stacks(where.stacks) else None
    if spec is None:
        raise _unknown(typed.name, [*layers.LAYERS, *engine.stacks(where.stacks)])
    variables = {
        "LIANGZHU_ENVIRONMENT": options.environment,
        "LIANGZHU_SYSTEMS": os.environ.get("LIANGZHU_SYSTEMS", ""),
    }
    program = Program(ROOT, tuple(getattr(typed, "config", ())))
    return Ground(program, spec, at(where.stacks), key, where.estate, environment.profile, ROOT / "policies", variables, where,
                  environment.runners)  # fmt: skip


def _read(environment: str, stack: str) -> reading.Read:
    """What people wrote, with this stack's request. Refused with the nearest name where there is no such stack."""
    try:
        return reading.read(environment)
    except Refused as refused:
        if [problem.code for problem in refused.problems] != ["environment.system"]:
            raise
        folder = ROOT / reading.environment(environment).requests
        names = [path.name[len("Pulumi.") : -len(".yaml")] for path in sorted(folder.glob("Pulumi.*.yaml"))]
        raise _unknown(stack, [*layers.LAYERS, *names]) from None


def any_program(typed: argparse.Namespace) -> Ground:
    """A stack of the program in a folder. Refused where that is none, or no passphrase is given."""
    program = Program(Path(typed.program).resolve(), tuple(getattr(typed, "config", ())))
    program.settings  # noqa: B018 refuses what is no program
    shelf = at(typed.state if "://" in typed.state else Path(typed.state).resolve())
    stock = getattr(typed, "engine", "embedded") == "pulumi"
    if not (typed.verb in _PROGRAM or stock or shelf.exists(typed.name)):
        raise _unknown(typed.name, list(shelf.stacks()))
    return Ground(program, Spec(typed.name), shelf, _passphrase())


def stock_folder(on: Ground) -> Path:
    """Where the stock engine's state lies: in the folder of ours, or beside the file. Refused where there is none."""
    place = on.state.place
    if isinstance(place, Folder):
        return place.path / STOCK
    if isinstance(place, OneFile):
        return place.path.with_name(f"{place.path.name}.pulumi")
    raise refuse(
        "engine.stock-state",
        "--engine pulumi 的状态放在文件夹里:请用 --state 给出文件夹或文件",
        "the stock engine keeps its state in a folder: give a folder or a file with --state",
        where=str(on.state),
    )


def _passphrase() -> str:
    """As the stock CLI takes it."""
    given, file = os.environ.get("PULUMI_CONFIG_PASSPHRASE"), os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if given is not None:
        return given
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise refuse(
                "engine.passphrase", f"口令文件读不了({error.strerror})", f"the passphrase file cannot be read ({error.strerror})",
                file=file,
            ) from None  # fmt: skip
    raise refuse(
        "engine.passphrase",
        "没有口令:请设置 PULUMI_CONFIG_PASSPHRASE 或 PULUMI_CONFIG_PASSPHRASE_FILE,状态中的秘密由它加密",
        "there is no passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE; it seals the secrets of "
        "the state",
    )


def _unknown(name: str, known: list[str]) -> Exception:
    near = nearest(name, known)
    hint = (f":是不是 {near}?", f": did you mean {near}?") if near else ("", "")
    return refuse(
        "stack.unknown",
        f"没有名为“{name}”的栈{hint[0]}",
        f"there is no stack '{name}'{hint[1]}",
    )
