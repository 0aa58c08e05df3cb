"""One packet through a network, hop by hop: the witness of a finding. In: a packet and where it starts. Out: its steps.

Where several are possible (equal routes, a translation with a choice) it takes the first: a witness is one of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from policies.reach.fields import Packet, addresses
from policies.reach.filters import Hook, Rule, decide
from policies.reach.network import LOOPBACK, Fate, Network, Node, Rewrite, table
from policies.reach.spreading import HOPS, LOOPED, End


@dataclass(frozen=True, slots=True)
class Step:
    """What a node did with the packet: the filter rule that let it pass or dropped it, where there is one."""

    node: str
    comes: str
    leaves: str
    packet: Packet
    hook: Hook | None = None
    rule: Rule | None = None
    """None: the chain's policy, or no filter at all"""
    source: str = ""
    """of the rule: the filter that it stands in"""

    def __str__(self) -> str:
        said = ">".join(filter(None, (self.comes, self.node, self.leaves)))
        if self.hook and self.rule:
            said += f" [{self.hook} {self.source}:{self.rule.line} {self.rule.name or self.rule.text}]"
        elif self.hook:
            said += f" [{self.hook} {self.source}: policy]"
        return said


@dataclass(frozen=True, slots=True)
class Trace:
    """A packet's steps and its end."""

    end: End
    steps: tuple[Step, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(step.node for step in self.steps))

    def __str__(self) -> str:
        return f"{self.steps[0].packet}: " + "; ".join(map(str, self.steps)) + f" = {self.end.value}"


def walk(network: Network, source: str, packet: Packet) -> Trace:
    """From a node that sends it to its end; a load balancer that it arrives at opens the next connection."""
    walker = _Walker(network, packet)
    return Trace(walker.run(network.named[source]), tuple(walker.steps))


class _Walker:
    """As long as one packet walks."""

    def __init__(self, network: Network, packet: Packet) -> None:
        self.network, self.packet = network, packet
        self.steps: list[Step] = []

    def run(self, node: Node) -> End:
        comes = ""
        for _ in range(2 * HOPS):
            if comes and not self._filtered(node, "prerouting", comes, ""):
                return End.FILTERED
            if comes:
                self._rewrite(node, "prerouting")
            fate = _fate(node, self.packet)
            if fate == "local":
                if not comes and not all(self._filtered(node, *looped) for looped in LOOPED):
                    return End.FILTERED
                if not self._filtered(node, "input", comes or LOOPBACK, ""):
                    return End.FILTERED
                again = next(_opened(node, self.packet), None) if comes else None
                if again is None:
                    return End.ARRIVED
                self.packet, comes = again, ""
                continue
            if isinstance(fate, str) or (comes and not node.forwards):
                self.steps.append(Step(node.name, comes, "", self.packet))
                refused = End.REFUSED if fate == "refused" else End.NO_ROUTE
                return refused if isinstance(fate, str) else End.NOT_FORWARDED
            out = fate[0]
            if comes:
                self.packet = replace(self.packet, near=0)
            if not self._filtered(node, "forward" if comes else "output", comes, out):
                return End.FILTERED
            if not self._filtered(node, "postrouting", comes, out, quiet=True):
                return End.FILTERED
            self._rewrite(node, "postrouting")
            other = self.network.across.get((node.name, out))
            if other is None or other[0] not in self.network.named:
                return End.DEAD_END
            node, comes = self.network.named[other[0]], other[1]
        return End.LOOP

    def _filtered(self, node: Node, hook: Hook, comes: str, leaves: str, quiet: bool = False) -> bool:
        found = decide(node.rules, hook, self.packet, comes, leaves)
        filtered = bool(node.rules.at(hook))
        if not found.passed or (not quiet and (hook != "prerouting" or filtered)):
            self.steps.append(
                Step(node.name, comes, leaves, self.packet, hook if filtered else None, found.rule, node.rules.source)
            )
        return found.passed

    def _rewrite(self, node: Node, hook: Hook) -> None:
        for rewrite in node.rewrites:
            fields = self.packet.fields
            if rewrite.hook == hook and all(
                any(low <= fields[field] <= high for low, high in ranges) for field, ranges in rewrite.ranges
            ):
                self.packet = _changed(self.packet, rewrite)
                return


def _changed(packet: Packet, rewrite: Rewrite) -> Packet:
    fields = list(packet.fields)
    for change in rewrite.changes:
        if not change.ranges:
            fields[change.field] += change.delta
        elif not any(low <= fields[change.field] <= high for low, high in change.ranges):
            fields[change.field] = change.ranges[0][0]
    return Packet(*fields)


_table = lru_cache(maxsize=256)(table)


def _fate(node: Node, packet: Packet) -> Fate:
    found = _table(node)
    return found.fates[bisect_left(found.ends, packet.target)]


def _opened(node: Node, packet: Packet) -> Iterator[Packet]:
    for service in node.services:
        own = addresses(service.address)[0]
        if (packet.target, packet.protocol, packet.port) == (own, service.protocol, service.port):
            for member in service.members:
                yield Packet(addresses(member)[0], own, service.protocol, service.port, packet.source_port or 40000)
