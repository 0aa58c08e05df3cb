"""Packet filters. In: rules as data (from a rendered text or from security groups). Out: what a hook lets through.

`passed` is the exact set; `decide` follows one packet and says which rule decided. Several chains at one hook are passed
in the order of their priorities: an acceptance ends a chain, a drop ends the packet, as in the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from policies.reach.fields import FOUR, SIX, Field, Packet, Range
from policies.reach.headers import Headers, Space

Hook = Literal["prerouting", "input", "forward", "output", "postrouting"]
Verdict = Literal["accept", "drop", "jump", "return", "continue"]
Family = Literal["inet", "ip", "ip6"]
_DEEPEST = 16
"""chains that may call one another, as in the kernel"""


@dataclass(frozen=True, slots=True)
class Names:
    """Interfaces that a rule speaks of."""

    names: frozenset[str]
    but: bool = False
    """all except these"""

    def fits(self, name: str) -> bool:
        return (name in self.names) is not self.but


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: all that it asks of a packet, and what it then says."""

    ranges: tuple[tuple[Field, tuple[Range, ...]], ...]
    verdict: Verdict
    chain: str = ""
    """where it jumps"""
    comes: Names | None = None
    leaves: Names | None = None
    line: int = 0
    text: str = ""
    name: str = ""
    """its comment: the name of the declared rule"""

    def holds(self, packet: Packet, comes: str, leaves: str) -> bool:
        """Whether the packet is what the rule asks for."""
        fields = packet.fields
        return self.meets(comes, leaves) and all(
            any(low <= fields[field] <= high for low, high in ranges) for field, ranges in self.ranges
        )

    def meets(self, comes: str, leaves: str) -> bool:
        """Whether it speaks of these interfaces; "" is none."""
        return (self.comes is None or self.comes.fits(comes)) and (self.leaves is None or self.leaves.fits(leaves))


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules in order. A chain without a hook is only jumped to."""

    name: str
    rules: tuple[Rule, ...]
    family: Family = "inet"
    hook: Hook | None = None
    priority: int = 0
    policy: Literal["accept", "drop"] = "accept"
    line: int = 0
    table: str = ""


@dataclass(frozen=True, eq=False)
class Ruleset:
    """All chains of a node. Compared by identity: what it lets through is compared as sets."""

    source: str
    """what it was read from, for sentences"""
    given: tuple[Chain, ...] | Callable[[], tuple[Chain, ...]] = ()
    """the chains, or how they are read once somebody looks"""
    digest: str = ""
    """of all that it is made of, where somebody worked it out: two of one digest are the same filter"""

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        return self.given if isinstance(self.given, tuple) else self.given()

    def at(self, hook: Hook) -> tuple[Chain, ...]:
        """Chains of a hook, in the order in which packets pass them."""
        return tuple(sorted((c for c in self.chains if c.hook == hook), key=lambda c: c.priority))

    def named(self, table: str, family: Family, name: str) -> Chain:
        """A chain that is jumped to; KeyError where there is none."""
        for chain in self.chains:
            if (chain.table, chain.family, chain.name) == (table, family, name):
                return chain
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one packet at a hook."""

    passed: bool
    chain: str = ""
    rule: Rule | None = None
    """None: the chain's policy, or nothing stands at this hook"""


@dataclass(frozen=True, slots=True)
class _Outcome:
    accepted: Headers
    dropped: Headers
    returned: Headers
    """what leaves the chain early; the rest goes on to the next rule"""

    def then(self, later: _Outcome) -> _Outcome:
        """This, and for what it left undecided the later one."""
        return _Outcome(
            self.accepted | (later.accepted - (self.dropped | self.returned)),
            self.dropped | (later.dropped - (self.accepted | self.returned)),
            self.returned | (later.returned - (self.accepted | self.dropped)),
        )


def passed(space: Space, rules: Ruleset, hook: Hook, comes: str = "", leaves: str = "") -> Headers:
    """Exactly what the hook lets through, of what comes in at one interface and goes out at another."""
    spoken = space.notes.get(rules)
    if spoken is None:
        spoken = space.notes[rules] = _spoken(rules)
    key = (rules, hook, comes if comes in spoken else None, leaves if leaves in spoken else None)
    found = space.notes.get(key)
    if found is None:
        through = space.everything
        for chain in rules.at(hook):
            seen = _family(space, chain.family)
            outcome = _outcome(space, rules, chain, comes, leaves)
            kept = outcome.accepted if chain.policy == "drop" else space.everything - outcome.dropped
            through = through & ((kept & seen) | (space.everything - seen))
        found = space.notes[key] = through
    return found


def decide(rules: Ruleset, hook: Hook, packet: Packet, comes: str = "", leaves: str = "") -> Decision:
    """Follow one packet through the hook, rule by rule."""
    last = Decision(True)
    for chain in rules.at(hook):
        low, high = {"inet": (SIX[0], FOUR[1]), "ip": FOUR, "ip6": SIX}[chain.family]
        if low <= packet.target <= high:
            last = _followed(rules, chain, packet, comes, leaves) or Decision(chain.policy == "accept", chain.name)
            if not last.passed:
                return last
    return last


def _spoken(rules: Ruleset) -> frozenset[str]:
    speaks = (names for c in rules.chains for r in c.rules for names in (r.comes, r.leaves) if names)
    return frozenset(name for names in speaks for name in names.names)


def _family(space: Space, family: Family) -> Headers:
    return space.everything if family == "inet" else space.box({Field.TARGET: [FOUR if family == "ip" else SIX]})


def _outcome(space: Space, rules: Ruleset, chain: Chain, comes: str, leaves: str, deep: int = 0) -> _Outcome:
    if deep > _DEEPEST:
        raise RecursionError(f"chain {chain.name} jumps round in a circle")  # the reader has refused it
    nothing = space.nothing
    steps: list[_Outcome] = []
    alike: list[Headers] = []
    kind = ""

    def close() -> None:
        if alike:
            whole = space.union(alike)
            steps.append(_Outcome(*(whole if kind == word else nothing for word in ("accept", "drop", "return"))))
            alike.clear()

    for rule in chain.rules:
        if rule.verdict == "continue" or not rule.meets(comes, leaves):
            continue
        asked = space.box(dict(rule.ranges))
        if rule.verdict == "jump":
            close()
            inner = _outcome(space, rules, rules.named(chain.table, chain.family, rule.chain), comes, leaves, deep + 1)
            steps.append(_Outcome(inner.accepted & asked, inner.dropped & asked, nothing))
            continue
        if rule.verdict != kind:
            close()
            kind = rule.verdict
        alike.append(asked)
    close()
    return _chained(steps, nothing)


def _chained(steps: list[_Outcome], nothing: Headers) -> _Outcome:
    """One after another, in pairs, so that long chains cost little more than their result."""
    if not steps:
        return _Outcome(nothing, nothing, nothing)
    while len(steps) > 1:
        paired = [a.then(b) for a, b in zip(steps[::2], steps[1::2], strict=False)]
        steps = paired + steps[len(paired) * 2 :]
    return steps[0]


def _followed(rules: Ruleset, chain: Chain, packet: Packet, comes: str, leaves: str, deep: int = 0) -> Decision | None:
    """The decision of a chain; None where the packet comes out of its end or is returned."""
    if deep > _DEEPEST:
        raise RecursionError(f"chain {chain.name} jumps round in a circle")
    for rule in chain.rules:
        if rule.verdict == "continue" or not rule.holds(packet, comes, leaves):
            continue
        if rule.verdict == "return":
            return None
        if rule.verdict == "jump":
            inner = rules.named(chain.table, chain.family, rule.chain)
            found = _followed(rules, inner, packet, comes, leaves, deep + 1)
            if found is not None:
                return found
            continue
        return Decision(rule.verdict == "accept", chain.name, rule)
    return None


def superfluous(space: Space, chain: Chain) -> Iterator[tuple[Rule, bool]]:
    """Rules of a chain that decide no packet, because earlier ones have decided all of it; True where those said the
    opposite of everything that it says. Rules that look at interfaces or jump are left out, so nothing is called superfluous that
    is not."""
    accepted = dropped = space.nothing
    for rule in chain.rules:
        if rule.verdict not in ("accept", "drop") or rule.comes or rule.leaves:
            continue
        asked = space.box(dict(rule.ranges))
        if asked <= accepted | dropped:
            yield rule, not asked & (accepted if rule.verdict == "accept" else dropped)
        elif rule.verdict == "accept":
            accepted = accepted | (asked - dropped)
        else:
            dropped = dropped | (asked - accepted)
