"""Who may speak to whom: in, the estate's hosts, security groups and rules; out, answers, never texts.

A connection passes where the source's groups let it out and the target's let it in; a bastion has no groups of its
own and is held by the targets alone. `listening` says which ports the roles really open, so that a refused
connection is refused by a rule and not by an empty port.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from inventory.estate import Estate, Resource, known
from inventory.problems import Problem, Refused

SSH, EXPORTER, HTTPS = 22, 9100, 443
ETCD_CLIENT, ETCD_PEER, PATRONI = 2379, 2380, 8008
SYSLOG_TLS, NTP = 6514, 123
PROMETHEUS, ALERTMANAGER = 9090, 9093
NAMES = 53

_WIDEST = 16
"""a declared range of more ports than this is not opened port by port"""


def real_hosts(estate: Estate) -> tuple[Resource, ...]:
    """Hosts that exist as machines (they have a host key), by name."""
    hosts = (h for h in estate.kind("compute.host") if known(h.get("host_key")) and h.get("host_key"))
    return tuple(sorted(hosts, key=lambda host: host.name))


def host(estate: Estate, name: str) -> Resource:
    """A `compute.host` by name; KeyError where the estate has none."""
    found = estate.named("compute.host", name)
    if found is None:
        raise KeyError(name)
    return found


def rules(estate: Estate, of: Resource) -> tuple[Resource, ...]:
    """The `net.sg_rule`s of a host's groups, in a stable order. Refused where one is not known yet: a packet filter
    is never made of half of what was declared."""
    groups = of.get("security_groups", ())
    if not known(groups):
        raise Refused([_not_known(of)])
    return estate.derived(_of_groups, *groups)


def _of_groups(estate: Estate, *groups: str) -> tuple[Resource, ...]:
    """Hosts of one workload have the same groups, and several readers ask for each host's rules."""
    found = {rule.name: rule for group in groups for rule in estate.where("sg", group) if rule.kind == "net.sg_rule"}
    unknown = [_not_known(rule) for rule in found.values() if not all(map(known, rule.properties.values()))]
    if unknown:
        raise Refused(unknown)
    return tuple(sorted(found.values(), key=lambda r: (r["direction"], r["protocol"], span(r) or (0, 0), r.name)))


def span(rule: Resource) -> tuple[int, int] | None:
    """First and last port (numbers come back from the state as floats); None where the protocol has none."""
    ports = rule.get("ports")
    return (int(ports[0]), int(ports[1])) if ports else None


def peers(rule: Resource) -> tuple[IPv6Network | IPv4Network, ...]:
    """The other side of a rule."""
    return tuple(_network(text) for text in (*rule.get("peers6", ()), *(rule.get("peers4") or ())))


def matches(rule: Resource, direction: str, protocol: str, port: int | None, address: str) -> bool:
    """Whether a rule lets this through."""
    first_last = span(rule)
    fits = first_last is None or (port is not None and first_last[0] <= port <= first_last[1])
    other = ip_address(address)
    return (
        rule["direction"] == direction
        and rule["protocol"] == protocol
        and fits
        and any(other.version == net.version and other in net for net in peers(rule))
    )


def passes(estate: Estate, source: Resource, target: Resource, port: int, protocol: str = "tcp") -> bool:
    """Whether the declared rules let source open a connection to a port of target, over IPv6."""
    out = source.kind == "sec.bastion" or any(
        matches(rule, "egress", protocol, port, target["address6"]) for rule in rules(estate, source)
    )
    return out and any(matches(rule, "ingress", protocol, port, source["address6"]) for rule in rules(estate, target))


def served(estate: Estate, of: Resource) -> tuple[int, ...]:
    """TCP ports on which a web or app host serves: what is declared for it, HTTPS where nothing is."""
    declared: set[int] = set()
    for rule in rules(estate, of):
        ports = span(rule)
        if (rule["direction"], rule["protocol"], rule.get("purpose")) == ("ingress", "tcp", "declared") and ports:
            declared.update(range(ports[0], min(ports[1], ports[0] + _WIDEST - 1) + 1))
    return tuple(sorted(declared - {SSH, EXPORTER})) or (HTTPS,)


def log_port(estate: Estate, of: Resource) -> int:
    """TCP port on which a log host takes logs."""
    found = (span(r) for r in rules(estate, of) if r["direction"] == "ingress" and r.get("purpose") == "logging")
    return next((ports[0] for ports in found if ports), SYSLOG_TLS)


def database_of(estate: Estate, name: str) -> Resource | None:
    """The `db.instance` that a host is a member or the arbiter of."""
    return next((d for d in estate.kind("db.instance") if name in d["members"] or name == d.get("arbiter")), None)


def listening(estate: Estate, of: Resource) -> tuple[int, ...]:
    """TCP ports that the roles open on the host's own address."""
    role, database = of["role"], database_of(estate, of.name)
    ports = {SSH, EXPORTER}
    if role in ("web", "app"):
        ports.update(served(estate, of))
    elif role == "log":
        ports.add(log_port(estate, of))
    elif role == "monitor":
        ports.update((PROMETHEUS, ALERTMANAGER))
    elif role == "resolver":
        ports.add(NAMES)
    if database is not None:
        if len(voters(database)) > 1:
            ports.update((ETCD_CLIENT, ETCD_PEER))
        if of.name in database["members"]:
            ports.update((int(database["port"]), PATRONI))
    return tuple(sorted(ports))


def voters(database: Resource) -> tuple[str, ...]:
    """Hosts that hold a database's cluster state: its members and, where there is one, the arbiter."""
    arbiter = database.get("arbiter")
    return (*database["members"], *((arbiter,) if arbiter else ()))


@lru_cache(maxsize=65536)
def _network(text: str) -> IPv6Network | IPv4Network:
    return ip_network(text, strict=False)


def _not_known(resource: Resource) -> Problem:
    return Problem(
        "rendering.unknown",
        "尚有未知的值,只能在部署之后生成主机配置:先运行 ./lz up",
        "has values that are not known yet; a host's configuration is made after it is deployed: run ./lz up first",
        f"{resource.kind}/{resource.name}",
    )
