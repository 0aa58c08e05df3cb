"""Who is meant by a rule: in, the estate's hosts and rules; out, the flows that people declared, as sets.

A rule names its peer (`civil-affairs.welfare/web`, `monitor`) and lists its prefixes; the filter is made of the prefixes,
so what is declared is taken from the name. A rule whose prefixes hold more than was meant, or no longer hold it, shows.
A flow is declared where both ends say so; a balancer or a bastion has no rules and is held by the other end's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from inventory.estate import Resource
from inventory.problems import Refused
from inventory.rendering import flows
from policies.reach.city import City
from policies.reach.fields import FOUR, PROTOCOLS, SIX, Field, Range, addresses
from policies.reach.headers import Headers, Space

_ROLES = {"monitor": "monitor", "log": "log", "bastion": "bastion", "resolver": "resolver"}
_OF_A_DATABASE = {"etcd": ("database", "arbiter"), "members": ("database",)}
"""peers of a database's own hosts: those of its workload with these roles"""
_ENTRANCES = ("internet", "extranet")
_IDLE = frozenset({"origin", "status", "host_key", "proxy_command"})
"""properties that no answer about what arrives depends on, and that change from one run to the next"""
EVERYBODY = "city"


class Meant:
    """As long as one city is judged: its ends by every name that a rule may use."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.ends = {node.name: node for node in city.network.nodes if node.name in city.attached}
        self.rules: dict[str, tuple[Resource, ...]] = {}
        self._by: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self.ends):
            one = city.places[name]
            system, workload = str(one.get("system")), str(one.get("workload"))
            if one.kind == "compute.host":
                try:
                    self.rules[name] = flows.rules(city.estate, one)
                except Refused:  # it has no filter either: see `City.open`
                    self.rules[name] = ()
                role = str(one.get("role"))
                words = [f"{system}/{workload}", system, EVERYBODY, _ROLES.get(role, "")]
                words += [f"{word} {system}/{workload}" for word, roles in _OF_A_DATABASE.items() if role in roles]
            elif one.kind == "sec.bastion":
                words = ["bastion", EVERYBODY]
            else:
                words = []
            for word in filter(None, (*words, f"zone {one.get('zone')}", f"system {system}")):
                self._by[word].append(name)
        self._meant: dict[tuple[str, str], frozenset[str]] = {}
        self._held: dict[tuple[str, tuple[IPv4Network | IPv6Network, ...]], list[str]] = {}
        """(system, prefixes) → the ends there"""
        self._members: dict[str, list[str]] = defaultdict(list)
        for name in self.ends:
            one = city.places[name]
            if one.kind == "net.lb":
                for member in one["members"]:
                    self._members[str(member)].append(name)

    @cached_property
    def _addresses(self) -> Mapping[str, list[IPv4Address | IPv6Address]]:
        return {name: [ip_address(text) for text in node.local] for name, node in self.ends.items()}

    def peers(self, rule: Resource, of: str) -> list[str]:
        """The ends that a rule of an end means."""
        word = str(rule.get("peer") or "")
        if word in _OF_A_DATABASE:
            own = self.city.places[of]
            return self._by[f"{word} {own.get('system')}/{own.get('workload')}"]
        if word in _ENTRANCES:
            return self._members[of]
        for key in (word, f"zone {word}"):
            if key in self._by:
                return self._by[key]
        # pods have no hosts of their own and speak from their system's segments; any other word that nobody here has
        # means what its prefixes hold
        stack, slash, _ = word.partition("/")
        nets = tuple(flows.peers(rule))
        key = (stack if slash else "", nets)
        if key not in self._held:
            among = self._by[f"system {stack}"] if slash else self.ends
            self._held[key] = [
                name for name in among
                if any(own in net for own in self._addresses[name] for net in nets if own.version == net.version)
            ]  # fmt: skip
        return self._held[key]

    def facts(self) -> Mapping[str, str]:
        """End → digest of everything about it that answers depend on beside the network: its properties, its rules, and
        whether what they name is a name here."""
        found: dict[str, str] = {}
        for name, node in self.ends.items():
            one = self.city.places.get(name)
            said = blake2b(node.rules.digest.encode(), digest_size=16)
            if one is not None:
                said.update(
                    repr([(key, _plain(one[key])) for key in sorted(one.properties) if key not in _IDLE]).encode()
                )
            for rule in self.rules.get(name, ()):
                word = str(rule.get("peer") or "")
                said.update(repr((word, word in self._by, f"zone {word}" in self._by)).encode())
            said.update(repr(self._members.get(name)).encode())
            found[name] = said.hexdigest()
        return found

    def declared(self, space: Space, target: str, only: Collection[str] | None = None) -> Mapping[str, Headers]:
        """source → what may open connections to a host, by the rules of both ends; `only`: of these sources."""
        found: dict[str, list[Headers]] = defaultdict(list)
        for rule in self.rules.get(target, ()):
            if rule["direction"] == "ingress":
                for source in self.peers(rule, target):
                    if source != target and (only is None or source in only):
                        found[source] += self._both(space, source, target, rule)
        return {source: space.union(sets) for source, sets in found.items() if sets}

    def _both(self, space: Space, source: str, target: str, rule: Resource) -> Iterator[Headers]:
        if source not in self.rules:
            yield self._flow(space, source, target, str(rule["protocol"]), flows.span(rule))
            return
        for other in self.rules[source]:
            if (other["direction"], other["protocol"]) == ("egress", rule["protocol"]) and target in self._egress(
                other, source
            ):
                ports = _common(flows.span(rule), flows.span(other))
                if ports != ():
                    yield self._flow(space, source, target, str(rule["protocol"]), ports)

    def _egress(self, rule: Resource, source: str) -> frozenset[str]:
        if (rule.name, source) not in self._meant:
            self._meant[rule.name, source] = frozenset(self.peers(rule, source))
        return self._meant[rule.name, source]

    def _flow(
        self, space: Space, source: str, target: str, protocol: str, ports: tuple[int, int] | tuple[()] | None
    ) -> Headers:
        """Between the addresses of two ends, in every family that both have."""
        ends = {
            Field.SOURCE: [addresses(text) for text in self.ends[source].local],
            Field.TARGET: [addresses(text) for text in self.ends[target].local],
            Field.STATE: [(0, 0)],
        }
        if protocol == "icmpv6":
            echo = ((58, 128, SIX), (1, 8, FOUR))
            return space.union(
                space.box({**ends, Field.PROTOCOL: [(number, number)], Field.PORT: [(kind, kind)]})
                & space.box({Field.TARGET: [family]})
                for number, kind, family in echo
            )
        number = PROTOCOLS.get(protocol, 255)
        return space.box({**ends, Field.PROTOCOL: [(number, number)], Field.PORT: [ports] if ports else [(0, 65535)]})


def _common(a: Range | None, b: Range | None) -> tuple[int, int] | tuple[()] | None:
    """Ports that both have; None is all of them, () none."""
    if a is None or b is None:
        return a or b
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else ()


def _plain(value: object) -> object:
    """The same for the same value, whether it was planned or comes from the state, where numbers are floats."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return sorted((key, _plain(one)) for key, one in value.items()) if isinstance(value, Mapping) else value
