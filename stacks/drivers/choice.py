"""Which driver makes which kind, on this machine, and why.

An environment lists sets of drivers; the first set whose needs this machine meets is used. `choose` decides, `router`
opens: kind → driver, the longest prefix wins, one instance of each driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from inventory.model import Environment
from inventory.places import Places
from inventory.problems import Problem, Refused, nearest
from stacks.drivers import DRIVERS
from stacks.drivers.base import Driver, Need


@dataclass(frozen=True)
class Choice:
    """A set of drivers and the reasons for it, each in Chinese and English."""

    drivers: Mapping[str, str]
    """kind prefix → driver name; `*` is the rest"""
    reasons: tuple[tuple[str, str], ...]


def load(name: str) -> Any:
    """A driver's class. Refused where there is none of that name."""
    if name not in DRIVERS:
        near = nearest(name, DRIVERS) or next(iter(DRIVERS))
        raise Refused(
            [
                Problem(
                    "driver.unknown", f"没有名为“{name}”的驱动:是不是 {near}?",
                    f"there is no driver '{name}': did you mean {near}?", file="inventory/environments.yaml",
                )
            ]
        )  # fmt: skip
    module, _, attribute = DRIVERS[name].partition(":")
    return getattr(import_module(module), attribute)


def choose(environment: Environment, *, needs: Callable[[str], list[Need]] | None = None) -> Choice:
    """The first set of drivers that this machine can do. Refused, with everything that is missing, where it can do
    none. `needs` asks a driver by name (for tests)."""
    ask = needs or (lambda name: load(name).needs(environment))
    reasons: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for drivers in environment.drivers:
        names = tuple(dict.fromkeys(drivers.values()))
        missing = {name: [need for need in ask(name) if not need.present] for name in names}
        lacking = [need for lack in missing.values() for need in lack]
        shown = "、".join(names), ", ".join(names)
        if not lacking:
            reasons.append(
                (f"使用驱动 {shown[0]}:本机条件齐备", f"drivers {shown[1]}: this machine has what they need")
            )
            return Choice(dict(drivers), tuple(reasons))
        what = "、".join(need.name for need in lacking), ", ".join(need.name for need in lacking)
        reasons.append((f"不用 {shown[0]}:缺少 {what[0]}", f"not {shown[1]}: {what[1]} missing"))
        problems += [Problem("driver.need", need.zh, need.en, need.name) for need in lacking]
    raise Refused(problems)


def router(environment: Environment, places: Places, choice: Choice | None = None) -> Callable[[str], Driver]:
    """kind → driver. Drivers are made when first asked for and keep their files under `places.drivers/<name>`.
    Refused where no prefix covers the kind."""
    chosen = choice or choose(environment)
    opened: dict[str, Driver] = {}

    def route(kind: str) -> Driver:
        name = driver_of(chosen.drivers, kind)
        if name not in opened:
            opened[name] = load(name)(environment, places.drivers / name)
        return opened[name]

    return route


def driver_of(drivers: Mapping[str, str], kind: str) -> str:
    """Name of the driver for a kind: `net.subnet` over `net` over `*`. Refused where nothing covers it."""
    parts = kind.split(".")
    for length in range(len(parts), 0, -1):
        name = drivers.get(".".join(parts[:length]))
        if name:
            return name
    if "*" not in drivers:
        raise Refused(
            [
                Problem(
                    "driver.none", f"没有驱动负责 {kind}:在 environments.yaml 中加上它或 “*”",
                    f"no driver makes {kind}: add it, or '*', in environments.yaml", kind, "inventory/environments.yaml",
                )
            ]
        )  # fmt: skip
    return drivers["*"]
