"""Connections that prove the zero trust rules: in, the estate; out, what must pass and what must be refused.

Allowed: every declared TCP rule between two machines, at a port that really listens. Denied: for each machine and
each port that it opens, one machine (or bastion) that no rule allows, chosen by a digest of the names, so that the
choice is the same each time and still spreads over the city. Over IPv6, from inside the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from inventory.estate import Estate, Resource, known
from inventory.rendering import flows


@dataclass(frozen=True, slots=True)
class Probe:
    """One connection to be tried."""

    source: str
    """name of a `compute.host`, or of a `sec.bastion`"""
    target: str
    address: str
    """of the target, IPv6 text"""
    port: int
    expected: Literal["allowed", "denied"]


def probes(estate: Estate) -> tuple[Probe, ...]:
    """In the order of the names. A single machine has nobody to be denied."""
    hosts = flows.real_hosts(estate)
    bastions = [b for b in estate.kind("sec.bastion") if known(b.get("address6")) and b.get("address6")]
    found: list[Probe] = []
    for target in hosts:
        sources = [source for source in (*hosts, *bastions) if source.name != target.name]
        for port in flows.listening(estate, target):
            allowed = [source for source in sources if flows.passes(estate, source, target, port)]
            denied = [source for source in sources if source not in allowed]
            found += [_probe(source, target, port, "allowed") for source in allowed]
            found += [_probe(source, target, port, "denied") for source in _chosen(denied, target, port)]
    return tuple(sorted(found, key=lambda p: (p.source, p.target, p.port)))


def _chosen(denied: list[Resource], target: Resource, port: int) -> list[Resource]:
    """One machine, of another system where there is one, and every bastion: a bastion has no filter of its own, so
    what is refused to it is refused by the target."""
    machines = [source for source in denied if source.kind == "compute.host"]
    strangers = [source for source in machines if source.get("system") != target.get("system")]
    first = sorted(strangers or machines, key=lambda s: sha256(f"{s.name} {target.name} {port}".encode()).digest())[:1]
    return [*first, *(source for source in denied if source.kind == "sec.bastion")]


def _probe(source: Resource, target: Resource, port: int, expected: Literal["allowed", "denied"]) -> Probe:
    return Probe(source.name, target.name, target["address6"], port, expected)
