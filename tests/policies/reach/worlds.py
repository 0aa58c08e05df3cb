"""Random small networks, written twice: as the engine reads them (text and nouns), and as plain data for `brute`.

The world is small on purpose: 8 IPv6 and 4 IPv4 addresses and two elsewhere of each, three ports, two source ports. No
rule, route or translation has a bound that these do not tell apart, so looking at every packet of it is looking at all.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Any

from policies.reach.fields import Field, Packet, packet
from policies.reach.network import Change, Link, Network, Node, Rewrite, Route, sound
from policies.reach.nft import ruleset

SIX = ["3fff::", *(f"3fff::{n}" for n in range(1, 8))]
FOUR = [f"10.0.0.{n}" for n in range(4)]
SOURCES6 = SIX[:3]
"""no rule, and no translation, asks for another source"""
ELSEWHERE = {6: ["3fff:1::1", "2001:db8::1"], 4: ["192.0.2.1", "203.0.113.1"]}
"""one that an outside place may hold, and one that nobody does"""
PORTS, SOURCE_PORTS = (1, 2, 3), (1, 2)
KINDS = {6: {"echo-request": 128, "packet-too-big": 2}, 4: {"echo-request": 8, "time-exceeded": 11}}


@dataclass(frozen=True)
class Line:
    """A rule: what it asks, each part None where it does not ask."""

    verdict: str
    version: int | None = None
    source: tuple[str, ...] | None = None
    target: tuple[str, ...] | None = None
    but: bool = False
    """all sources but these"""
    protocol: str | None = None
    ports: tuple[int, int] | None = None
    from_: int | None = None
    kinds: tuple[str, ...] | None = None
    comes: str | None = None
    leaves: str | None = None
    states: tuple[str, ...] | None = None
    near: bool = False

    def text(self, hook: str) -> str:
        family, words = ("ip6" if self.version == 6 else "ip"), []
        if self.comes:
            words.append(f'iifname "{self.comes}"')
        if self.leaves:
            words.append(f'oifname "{self.leaves}"')
        if self.states:
            words.append(f"ct state {','.join(self.states)}")
        if self.near:
            words.append("ip6 hoplimit 255")
        for word, values, no in (("saddr", self.source, self.but), ("daddr", self.target, False)):
            if values:
                some = values[0] if len(values) == 1 else f"{{ {', '.join(values)} }}"
                words.append(f"{family} {word} {'!= ' if no else ''}{some}")
        if self.protocol in ("tcp", "udp"):
            if self.from_ is not None:
                words.append(f"{self.protocol} sport {self.from_}")
            if self.ports:
                low, high = self.ports
                words.append(f"{self.protocol} dport {low if low == high else f'{low}-{high}'}")
            if self.from_ is None and not self.ports:
                words.append(f"meta l4proto {self.protocol}")
        if self.kinds:
            words.append(f"icmp{'v6' if self.version == 6 else ''} type {{ {', '.join(self.kinds)} }}")
        return " ".join([*words, "counter", self.verdict])


@dataclass(frozen=True)
class Box:
    """A node of a world. `chains` has the hooks, and under other names what is jumped to; policy, then lines."""

    name: str
    local: tuple[str, ...] = ()
    routes: tuple[tuple[str, str | None, int], ...] = ()
    chains: dict[str, tuple[str, tuple[Line, ...]]] = field(default_factory=dict)
    forwards: bool = False
    rewrites: tuple[dict[str, Any], ...] = ()
    """hook, target, port → to_target (several) or to_source"""

    def text(self) -> str:
        """Its filter for nft."""
        if not self.chains:
            return ""
        found = ["table inet t {"]
        for name, (policy, lines) in sorted(self.chains.items(), key=lambda item: item[0] in HOOKS):
            found.append(f"  chain {name} {{")
            if name in HOOKS:
                found.append(f"    type filter hook {name} priority filter; policy {policy};")
            found += [f"    {line.text(name)}" for line in lines]
            found.append("  }")
        return "\n".join([*found, "}"]) + "\n"


HOOKS = ("prerouting", "input", "forward", "output", "postrouting")


@dataclass(frozen=True)
class World:
    """Nodes by name, and links: pairs of (node, interface)."""

    boxes: dict[str, Box]
    links: tuple[tuple[tuple[str, str], tuple[str, str]], ...]

    def network(self) -> Network:
        """As the engine reads it."""
        nodes = [
            Node(
                box.name, "router" if box.forwards else "host", box.local,
                tuple(Route(prefix, out, metric) for prefix, out, metric in box.routes),
                ruleset(box.text(), box.name), box.forwards, tuple(map(_rewrite, box.rewrites)),
            )
            for box in self.boxes.values()
        ]  # fmt: skip
        network = Network(tuple(nodes), tuple(Link(f"l{n}", ends) for n, ends in enumerate(self.links)))
        sound(network)
        return network


def _rewrite(one: dict[str, Any]) -> Rewrite:
    from policies.reach.fields import addresses

    ranges = [(Field.TARGET, (addresses(one["target"]),)), (Field.PROTOCOL, ((6, 6),))]
    if "port" in one:
        ranges.append((Field.PORT, ((one["port"], one["port"]),)))
    if "to_target" in one:
        change = Change(Field.TARGET, tuple(addresses(text) for text in one["to_target"]))
    else:
        change = Change(Field.SOURCE, (addresses(one["to_source"]),))
    return Rewrite("nat", one["hook"], tuple(ranges), (change,))


def packets() -> Iterator[Packet]:
    """Every packet of the world that opens a connection."""
    for some, froms in (
        ([*SIX, *ELSEWHERE[6]], [*SOURCES6, ELSEWHERE[6][0]]),
        ([*FOUR, *ELSEWHERE[4]], [*FOUR, ELSEWHERE[4][0]]),
    ):
        version = ip_address(some[0]).version
        for target, source in itertools.product(some, froms):
            for protocol, port, from_ in itertools.product(("tcp", "udp"), PORTS, SOURCE_PORTS):
                yield packet(source, target, protocol, port, from_)
            for kind, near in itertools.product(KINDS[version].values(), (0, 1)):
                yield replace(packet(source, target, "icmpv6" if version == 6 else "icmp", kind), near=near)


def world(seed: int, *, translates: bool = False, shared: bool = False) -> World:
    """The network of a number: hosts around one to four routers, some lines twice. With `translates` some nodes have a
    NAT, with `shared` some routes are equal (never both: the ways would multiply without end)."""
    dice = random.Random(seed)
    routers = [f"r{n}" for n in range(dice.randint(1, 4))]
    hosts = [f"h{n}" for n in range(dice.randint(2, 4))]
    links = [
        ((a, f"{a}-{b}"), (b, f"{b}-{a}")) for n, a in enumerate(routers) for b in routers[:n] if dice.random() < 0.7
    ]
    links += [((host, f"{host}-{r}"), (r, f"{r}-{host}")) for host in hosts for r in dice.sample(routers, 1)]
    free6, free4 = list(SIX), list(FOUR)
    dice.shuffle(free6)
    dice.shuffle(free4)
    boxes: dict[str, Box] = {}
    for name in (*hosts, *routers):
        local = [free6.pop()] if name in hosts or dice.random() < 0.3 else []
        local += [free4.pop()] if free4 and name in hosts and dice.random() < 0.6 else []
        if name == "h0" and dice.random() < 0.3:
            local.append(dice.choice(["3fff:1::/64", "192.0.2.0/24"]))
        outs = [interface for pair in links for node, interface in pair if node == name]
        boxes[name] = Box(name, tuple(local), (), _chains(dice, outs), name in routers or dice.random() < 0.1)
    for name, box in boxes.items():
        outs = [interface for pair in links for node, interface in pair if node == name]
        routes = _routes(dice, outs, shared) if name in routers else [("::/0", outs[0], 0), ("0.0.0.0/0", outs[0], 0)]
        if name in routers:  # mostly the right way, so that something arrives
            for end, (other, _) in (
                pair if pair[0][0] == name else pair[::-1] for pair in links if name in (pair[0][0], pair[1][0])
            ):
                routes += [(text, end[1], 1) for text in boxes[other].local if dice.random() < 0.9]
        rewrites = tuple(_nat(dice) for _ in range(dice.randint(0, 2))) if translates else ()
        boxes[name] = replace(box, routes=tuple(routes), rewrites=rewrites)
    return World(boxes, tuple(links))


def _prefix(dice: random.Random) -> str:
    if dice.random() < 0.35:
        return str(ip_network(f"{dice.choice(FOUR)}/{dice.choice([30, 31, 32])}", strict=False))
    return str(ip_network(f"{dice.choice(SIX)}/{dice.choice([125, 126, 127, 128])}", strict=False))


def _routes(dice: random.Random, outs: list[str], shared: bool) -> list[tuple[str, str | None, int]]:
    routes: list[tuple[str, str | None, int]] = []
    for _ in range(dice.randint(1, 4)):
        prefix = dice.choice([_prefix(dice), _prefix(dice), "::/0", "0.0.0.0/0"])
        out = None if dice.random() < 0.1 or not outs else dice.choice(outs)
        taken = [metric for text, _, metric in routes if text == prefix]
        routes.append((prefix, out, dice.randint(0, 2) if shared and out else len(taken)))
    return routes


def _chains(dice: random.Random, outs: list[str]) -> dict[str, tuple[str, tuple[Line, ...]]]:
    found: dict[str, tuple[str, tuple[Line, ...]]] = {}
    if dice.random() < 0.5:
        found["sub"] = (
            "",
            tuple(line(dice, "sub", outs, ("accept", "drop", "return")) for _ in range(dice.randint(1, 3))),
        )
    for hook in HOOKS:
        if dice.random() < (0.15 if hook in ("prerouting", "postrouting") else 0.4):
            verdicts = ("accept", "accept", "drop", *(["jump sub"] if "sub" in found else []))
            lines = tuple(line(dice, hook, outs, verdicts) for _ in range(dice.randint(0, 5)))
            found[hook] = (dice.choice(["accept", "drop"]), lines)
    return found


def line(dice: random.Random, hook: str, outs: list[str], verdicts: tuple[str, ...]) -> Line:
    """A random rule of a hook."""
    version = dice.choice([4, 6, 6])

    def prefixes(pool: list[str], shortest: int) -> tuple[str, ...]:
        lengths = range(shortest, 33 if version == 4 else 129)
        nets = {
            ip_network(f"{dice.choice(pool)}/{dice.choice(lengths)}", strict=False) for _ in range(dice.randint(1, 3))
        }
        # nft refuses overlapping elements
        return tuple(str(net) for net in sorted(nets, key=str) if not any(net != o and net.subnet_of(o) for o in nets))  # type: ignore[arg-type]

    one = Line(dice.choice(verdicts))
    if dice.random() < 0.7:
        one = replace(one, version=version)
        if dice.random() < 0.6:
            one = replace(
                one,
                source=prefixes(FOUR if version == 4 else SIX[:2], 30 if version == 4 else 126),
                but=dice.random() < 0.2,
            )
        if dice.random() < 0.4 or one.source is None:
            one = replace(one, target=prefixes(FOUR if version == 4 else SIX, 30 if version == 4 else 125))
    if dice.random() < 0.5:
        low, high = sorted((dice.choice(PORTS[:2]), dice.choice(PORTS[:2])))
        protocol = dice.choice(["tcp", "udp"])
        one = replace(one, protocol=protocol, ports=(low, high) if dice.random() < 0.7 else None)
        one = replace(one, from_=1 if dice.random() < 0.2 else None)
    elif dice.random() < 0.3:
        one = replace(one, version=one.version or version)
        one = replace(one, kinds=tuple(dice.sample(sorted(KINDS[one.version or version]), dice.randint(1, 2))))
        one = replace(one, near=one.version == 6 and dice.random() < 0.3)
    if dice.random() < 0.15:
        one = replace(one, states=tuple(dice.sample(["new", "established", "invalid"], dice.randint(1, 2))))
    if dice.random() < 0.15 and outs and hook in ("input", "forward", "prerouting"):
        one = replace(one, comes=dice.choice(outs))
    if dice.random() < 0.15 and outs and hook in ("output", "forward", "postrouting"):
        one = replace(one, leaves=dice.choice(outs))
    return one


def _nat(dice: random.Random) -> dict[str, Any]:
    pool = FOUR if dice.random() < 0.3 else SIX
    one: dict[str, Any] = {"target": dice.choice(pool)}
    if dice.random() < 0.5:
        one["port"] = dice.choice(PORTS[:2])
    if dice.random() < 0.6:
        return {**one, "hook": "prerouting", "to_target": tuple(dice.sample(pool, dice.randint(1, 2)))}
    return {**one, "hook": "postrouting", "to_source": dice.choice(FOUR if pool is FOUR else SIX[:2])}
