"""Breaking the network on purpose, and repairing it. In: a lab's folder, and what. Out: what the kernel then does.

Each is idempotent, and holds until it is ended here, by an update of what it stands against (the next `./lz up`), or
with the lab. `refresh` names what is broken as drift. What a line carries is lost in one of two ways: `lose` lets no
packet through while both ends believe that it is well, as a broken device far away does; `cut` takes the carrier.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from stacks.drivers.base import DriverError
from stacks.drivers.lab import faults, names, network
from stacks.drivers.lab.faults import Fault, Subject
from stacks.drivers.lab.records import Records
from stacks.drivers.lab.saying import said

T = TypeVar("T")


def lose(folder: Path, line: str) -> None:
    """A line loses every packet silently; no computed route changes. DriverError not-found."""
    _declare(folder, Fault("net.link", line, "lost"))


def cut(folder: Path, line: str) -> None:
    """A line loses its carrier, as by a digger; routes go round it where there is a way. DriverError not-found."""
    _declare(folder, Fault("net.link", line, "cut"))


def isolate(folder: Path, site: str) -> None:
    """Every line of a site loses every packet silently. DriverError not-found."""
    _declare(folder, Fault("site", site, "lost"))


def fail(folder: Path, router: str) -> None:
    """A router is without power: no carrier at any line, nor at any host's port. DriverError not-found."""
    _declare(folder, Fault("net.router", router, "cut"))


def mend(folder: Path, line: str) -> None:
    """End of `lose` and `cut`; what a site or a router does to the line stays."""
    _end(folder, "net.link", line)


def reunite(folder: Path, site: str) -> None:
    """End of `isolate`."""
    _end(folder, "site", site)


def revive(folder: Path, router: str) -> None:
    """End of `fail`: its ports have their gateways and host routes again."""
    _end(folder, "net.router", router)


def avoid(folder: Path) -> tuple[str, ...]:
    """Computed routes go round every silent loss that is declared now, where there is a way; returns what is avoided.
    Routers with a routing protocol find such a loss by themselves, and do not wait for this."""

    def work(records: Records) -> tuple[str, ...]:
        silent = [fault for fault in faults.of(records) if fault.how == "lost"]
        for fault in silent:
            faults.put(records, replace(fault, avoided=True))
        return tuple(fault.name for fault in silent)

    return _changed(folder, "lab", work)


def declared(folder: Path) -> tuple[Fault, ...]:
    """What is broken on purpose now."""
    with said("lab"):
        return tuple(faults.of(Records(folder.resolve())))


def _declare(folder: Path, fault: Fault) -> None:
    def work(records: Records) -> None:
        if fault.name not in _there(records, fault.subject):
            raise DriverError(
                "not-found",
                f"实验环境里没有 {fault.subject} {fault.name}:核对名称",
                f"the lab has no {fault.subject} {fault.name}: check the name",
                where=fault.name,
            )
        faults.put(records, fault)

    _changed(folder, fault.name, work)


def _end(folder: Path, subject: Subject, name: str) -> None:
    _changed(folder, name, lambda records: faults.drop(records, subject, name))


def _there(records: Records, subject: Subject) -> set[str]:
    if subject == "site":
        return {record.wanted["site"] for record in records.of("net.router")}
    return {record.name for record in records.of(subject) if record.whole}


def _changed(folder: Path, where: str, work: Callable[[Records], T]) -> T:
    records = Records(folder.resolve())
    with said(where), records.locked("topology"):
        result = work(records)
        network.converge(names.lab_id(folder), records)
    return result
