"""Two networks, then and now. In: both. Out: which nodes send otherwise, and every packet that may fare otherwise.

Never too little: a packet outside of `Differing.headers`, sent by a node that is not in `Differing.senders`, meets the
same routes and filters at every node that it comes to, and so ends where it ended. A changed filter counts by what it lets
through, not by its text, so one changed rule touches the packets of that rule alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from policies.reach.fields import Field, addresses
from policies.reach.filters import Hook, Ruleset, passed
from policies.reach.headers import Headers, Space
from policies.reach.network import End, Link, Network, Node

_HOOKS: tuple[Hook, ...] = ("prerouting", "input", "forward", "output", "postrouting")
_MOST = 12
"""interfaces that a filter may speak of; of one that speaks of more every packet counts"""


@dataclass(frozen=True, slots=True)
class Differing:
    """What is not as it was."""

    senders: frozenset[str]
    """nodes that may send other packets, or send them another way"""
    headers: Headers
    """packets of others that may fare otherwise, as they are sent"""


def differing(
    space: Space, before: Mapping[str, Node | None], gone: Collection[str], links: Collection[Link], now: Network
) -> Differing:
    """`before`: nodes of now as they were, None where one was not there, left out where one is as it was; `gone`: those
    that are no more; `links`: all that there were."""
    everything = Differing(frozenset(now.named), space.everything)
    then = [node for node in before.values() if node]
    if any(node.rewrites for node in (*now.nodes, *then)):
        return everything  # a packet does not stay what it was sent as
    fresh = {name for name, old in before.items() if old is None}
    senders = set(fresh)
    sets: list[Headers] = []
    for old in then:
        node = now.named[old.name]
        if (old.kind, old.forwards) != (node.kind, node.forwards):
            return everything
        sets += _node(space, old, node, senders)
    for name, interface in _moved(links, now.links, {*gone, *fresh}):
        here = now.named.get(name)
        if here is None:
            continue
        if here.forwards:
            both = [one for one in (here, before.get(name)) if one]
            spans = [addresses(route.prefix) for one in both for route in one.routes if route.out == interface]
            sets.append(space.box({Field.TARGET: spans}))
        else:
            senders.add(name)
    return Differing(frozenset(senders), space.union(sets).assigned(Field.NEAR, [(0, 1)]))


def _moved(before: Collection[Link], now: Collection[Link], swapped: Collection[str]) -> set[End]:
    """Interfaces at whose other side there is something else now."""
    one, two = ({pair for link in links for pair in (link.ends, link.ends[::-1])} for links in (before, now))
    return {mine for mine, _ in one ^ two} | {mine for mine, other in one | two if other[0] in swapped}


def _node(space: Space, old: Node, new: Node, senders: set[str]) -> Iterator[Headers]:
    """A node that is still there: what may fare otherwise at it. What comes to one that does not hand on is lost either
    way, unless it is sent to the node itself."""
    spans = [addresses(text) for text in {*old.local} ^ {*new.local}]
    if spans or old.services != new.services:
        senders.add(new.name)
    if old.routes != new.routes:
        if new.forwards:
            spans += [addresses(route.prefix) for route in {*old.routes} ^ {*new.routes}]
        else:
            senders.add(new.name)
    if spans:
        yield space.box({Field.TARGET: spans})
    if same(old.rules, new.rules):
        return
    mine = space.box({Field.TARGET: [addresses(text) for text in (*old.local, *new.local)]})
    for hook in _HOOKS:
        for through in _let_through(space, old.rules, new.rules, hook):
            if hook in ("output", "postrouting"):
                senders.add(new.name)
            if new.forwards:
                yield through
            elif hook in ("prerouting", "input"):
                yield through & mine


def same(a: Ruleset, b: Ruleset) -> bool:
    """Whether two filters are known to be one without looking at them."""
    return a is b or bool(a.digest and a.digest == b.digest)


def _let_through(space: Space, old: Ruleset, new: Ruleset, hook: Hook) -> Iterator[Headers]:
    """What one lets through and the other does not, between any two interfaces."""
    if not old.at(hook) and not new.at(hook):
        return
    spoken = sorted(_spoken(old) | _spoken(new))
    if len(spoken) > _MOST:
        yield space.everything
        return
    comes = ("", *spoken) if hook != "output" else ("",)
    leaves = ("", *spoken) if hook in ("forward", "output", "postrouting") else ("",)
    for between in product(comes, leaves):
        one, two = (passed(space, rules, hook, *between) for rules in (old, new))
        if one != two:
            yield (one - two) | (two - one)


def _spoken(rules: Ruleset) -> set[str]:
    named = (names for chain in rules.chains for rule in chain.rules for names in (rule.comes, rule.leaves) if names)
    return {name for names in named for name in names.names}
