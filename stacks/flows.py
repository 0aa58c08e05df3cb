"""Declared flows → rules, one side at a time. Pure: the same blueprint gives the same rules in the same order.

A rule is seen from the host that has the group: who calls has an egress rule, who is called an ingress rule, in the
stack of its own. What nobody declared is not there: a group denies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from inventory.rendering.digest import canonical, rules_digest
from stacks.blueprint import DATABASE_PORT, ETCD_PORTS, LOG_PORT, NAMES_PORT, NODE_PORT, PATRONI_PORT, Group, Place
from stacks.sheets import Sheet

SSH_PORT = 22
PROMETHEUS_PORTS = (9090, 9093)
"""Prometheus, Alertmanager: asked from the bastion"""
_NAMES = ("udp", "tcp")
"""an answer that does not fit a datagram is asked for again over TCP (RFC 7766)"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A `net.sg_rule` to be, without what all resources of its stack share."""

    name: str
    sg: str
    direction: str
    protocol: str
    ports: tuple[int, int]
    peers6: tuple[str, ...]
    peers4: tuple[str, ...]
    peer: str
    purpose: str
    origin: str = ""

    def fields(self) -> dict[str, Any]:
        """Everything but the name."""
        return {key: getattr(self, key) for key in self.__slots__ if key != "name"}


def of_system(blue: Sheet, stack: str) -> dict[str, tuple[Rule, ...]]:
    """group → its rules, for every group of a system."""
    return {group.name: distinct(_of_group(blue, stack, group)) for group in blue.groups(stack)}


def of_city(blue: Sheet) -> dict[str, tuple[Rule, ...]]:
    """group → its rules, for the city's own hosts."""
    found: dict[str, tuple[Rule, ...]] = {}
    for group in city_groups(blue):
        rules = list(_managed(blue, group))
        if group.role == "log":
            rules.append(_rule(group, "ingress", "logs", (LOG_PORT, LOG_PORT), blue.everywhere, "city", "logging"))
        if group.role == "resolver":
            for protocol in _NAMES:
                label = f"names-{protocol}"
                port = (NAMES_PORT, NAMES_PORT)
                rules.append(_rule(group, "ingress", label, port, blue.everywhere, "city", "names", protocol))
        if group.role == "monitor":
            for port in (NODE_PORT, PATRONI_PORT):
                rules.append(
                    _rule(group, "egress", f"scrape-{port}", (port, port), blue.everywhere, "city", "monitoring")
                )
            for port in PROMETHEUS_PORTS:
                asks = blue.of_role("bastion")
                rules.append(_rule(group, "ingress", f"ask-{port}", (port, port), asks, "bastion", "management"))
        found[group.name] = distinct(rules)
    return found


def city_groups(blue: Sheet) -> tuple[Group, ...]:
    """The log hosts, the monitor hosts, the resolvers."""
    roles = dict.fromkeys(machine.role for machine in blue.own.machines if machine.real)
    machines = {role: tuple(m for m in blue.own.machines if m.role == role and m.real) for role in roles}
    return tuple(Group(f"city-{role}", role, role, ms, blue.place(*ms)) for role, ms in machines.items())


def distinct(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Without rules that say what another has said: two capabilities may stand behind one port."""
    seen: dict[str, Rule] = {}
    for rule in rules:
        seen.setdefault(canonical([rule.fields()]), rule)
    return tuple(seen.values())


def digest(rules: Iterable[Rule]) -> str:
    """For `net.sg.rules_digest`."""
    return rules_digest(rule.fields() for rule in rules)


def _of_group(blue: Sheet, stack: str, group: Group) -> Iterator[Rule]:
    for call in blue.calls_from(stack):
        if call.source is group:
            for port in call.ports:
                label = f"to-{_slug(call.callee)}-{port}"
                yield _rule(
                    group, "egress", label, (port, port), call.target.place, call.callee, "declared", call.protocol,
                    call.origin,
                )  # fmt: skip
    for call in blue.calls_to(stack):
        if call.target is group:
            for port in call.ports:
                label = f"from-{_slug(call.caller)}-{port}"
                yield _rule(
                    group, "ingress", label, (port, port), call.source.place, call.caller, "declared", call.protocol,
                    call.origin,
                )  # fmt: skip
    yield from _entrances(blue, stack, group)
    if group.cluster is None:
        yield from _managed(blue, group)
        yield from _quorum(blue, stack, group)


def _entrances(blue: Sheet, stack: str, group: Group) -> Iterator[Rule]:
    """What the internet or the extranet calls comes through the load balancers, from their addresses only."""
    request = blue.systems[stack]
    vips = [blue.allocations.vip(v.name) for v in blue.layout(stack).vips if v.workload == group.workload]
    index = next(i for i, w in enumerate(request.system.workloads) if w.name == group.workload)
    at = Place(tuple(f"{v.address6}/128" for v in vips), tuple(f"{v.address4}/32" for v in vips if v.address4))
    for n, serves in enumerate(request.system.workloads[index].serves):
        if serves.to != "private" and vips and group.role != "arbiter":
            protocol = "udp" if serves.protocol == "udp" else "tcp"
            yield _rule(
                group, "ingress", f"from-{serves.to}-{serves.port}", (serves.port, serves.port), at, serves.to,
                "declared", protocol, request.origin("workloads", index, "serves", n),
            )  # fmt: skip


def _managed(blue: Sheet, group: Group) -> Iterator[Rule]:
    """What every host of the city has: operators come from the bastion, the monitor scrapes, logs go out, names are
    asked for."""
    bastion, monitor, log, resolver = (blue.of_role(role) for role in ("bastion", "monitor", "log", "resolver"))
    yield _rule(group, "ingress", "ssh", (SSH_PORT, SSH_PORT), bastion, "bastion", "management")
    yield _rule(group, "ingress", "node", (NODE_PORT, NODE_PORT), monitor, "monitor", "monitoring")
    if group.role == "database":
        yield _rule(group, "ingress", "patroni", (PATRONI_PORT, PATRONI_PORT), monitor, "monitor", "monitoring")
    if group.role != "log":
        yield _rule(group, "egress", "logs", (LOG_PORT, LOG_PORT), log, "log", "logging")
    if group.role != "resolver":
        for protocol in _NAMES:
            label = f"names-{protocol}"
            yield _rule(group, "egress", label, (NAMES_PORT, NAMES_PORT), resolver, "resolver", "names", protocol)


def _quorum(blue: Sheet, stack: str, group: Group) -> Iterator[Rule]:
    """A database of several members: they agree over etcd, stream to one another and ask each other's health."""
    all_ = [g for g in blue.groups(stack) if g.workload == group.workload and g.role in ("database", "arbiter")]
    members = blue.place(*(m for g in all_ for m in g.machines if g.role == "database"))
    voters = blue.place(*(m for g in all_ for m in g.machines))
    if group not in all_ or len(voters.peers6) < 2:
        return
    for direction in ("ingress", "egress"):
        yield _rule(group, direction, f"etcd-{direction}", ETCD_PORTS, voters, "etcd", "cluster")
        if group.role == "database":
            for port, name in ((DATABASE_PORT, "stream"), (PATRONI_PORT, "health")):
                yield _rule(group, direction, f"{name}-{direction}", (port, port), members, "members", "cluster")


def _rule(
    group: Group,
    direction: str,
    label: str,
    ports: tuple[int, int],
    peers: Place,
    peer: str,
    purpose: str,
    protocol: str = "tcp",
    origin: str = "",
) -> Rule:
    # IPv4 only where both ends have it, so that the two families say the same
    peers4 = peers.peers4 if group.place.peers4 else ()
    return Rule(
        f"{group.name}-{label}", group.name, direction, protocol, ports, peers.peers6, peers4, peer, purpose, origin
    )


def _slug(peer: str) -> str:
    return peer.replace(".", "-").replace("/", "-")
