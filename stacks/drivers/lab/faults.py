"""What somebody has done to the network on purpose. In: declared faults. Out, pure: what each does to lines and routers.

Faults are records of the lab beside those of its things; `network.converge` makes the kernel do what they say, as
often as it is run, so a fault outlives whoever declared it and a restarted line is as broken as it was. `partition`
declares and ends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from inventory.kinds.net import Link
from stacks.drivers.lab.records import Record, Records

KIND = "lab.fault"
"""of the records; no kind of the platform"""
Subject = Literal["net.link", "net.router", "site"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is cut or loses every packet, a site whose lines do, or a router without power (`cut`)."""

    subject: Subject
    name: str
    how: Literal["lost", "cut"]
    """lost: every packet is, and both ends believe that the line is well; cut: both ends have no carrier"""
    avoided: bool = False
    """routes go round it although nobody can see it"""


@dataclass(frozen=True, slots=True)
class Harm:
    """What all faults together do; lines and routers by name."""

    cut: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    avoided: frozenset[str] = frozenset()
    """of `lost`: those that routes go round"""
    dead: frozenset[str] = frozenset()
    """routers; the lines at them are in `cut`"""


def harm(faults: Iterable[Fault], lines: Iterable[Link]) -> Harm:
    """Cut counts more than lost: a line may be both."""
    ends = {line.name: (line.ends, line.routers) for line in lines}
    cut, lost, avoided, dead = set[str](), set[str](), set[str](), set[str]()
    for fault in faults:
        if fault.subject == "net.router":
            dead.add(fault.name)
        hit = {line for line, (sites, routers) in ends.items() if _hits(fault, line, sites, routers)}
        (cut if fault.how == "cut" else lost).update(hit)
        if fault.avoided:
            avoided |= hit
    return Harm(frozenset(cut), frozenset(lost - cut), frozenset(avoided - cut), frozenset(dead))


def of(records: Records) -> Iterator[Fault]:
    """The faults that are declared now, by subject and name."""
    for record in records.of(KIND):
        yield Fault(**record.wanted)


def put(records: Records, fault: Fault) -> None:
    """Declare one; another one of the same subject and name is forgotten."""
    records.put(Record(KIND, _name(fault.subject, fault.name), "", asdict(fault), whole=True))


def drop(records: Records, subject: Subject, name: str) -> None:
    """Forget one; not declared is no error."""
    records.drop(KIND, _name(subject, name))


def against(records: Records, kind: str, wanted: Mapping[str, object]) -> Iterator[Fault]:
    """Faults that stand against a line or a router being as its record wants it."""
    sites = wanted.get("ends") if kind == "net.link" else ()
    for fault in of(records):
        of_a_site = fault.subject == "site" and isinstance(sites, list | tuple) and fault.name in sites
        if of_a_site or (fault.subject, fault.name) == (kind, wanted["name"]):
            yield fault


def _hits(fault: Fault, line: str, sites: Iterable[str], routers: Iterable[str]) -> bool:
    match fault.subject:
        case "net.link":
            return fault.name == line
        case "site":
            return fault.name in sites
        case "net.router":
            return fault.name in routers


def _name(subject: Subject, name: str) -> str:
    return f"{subject} {name}"
