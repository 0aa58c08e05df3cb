"""A small town for the tests: in, nothing; out, an estate of eight hosts and a bastion as the engine would publish it.

Web host and database members a and b, arbiter c; a stranger's host and single database at b; log host a, monitor c. Addresses lie in
the documentation prefix. The same facts make real hosts through the lab driver (`things`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inventory.estate import SECRET, Estate, Resource

PASSWORDS = {"w-db-password": "only-for-this-test-1", "air-db-password": "only-{{ for }}-this-test-2"}
NET = "3fff:0:7e"
BASTION = f"{NET}:a0::b"


@dataclass(frozen=True)
class Spot:
    name: str
    role: str
    site: str
    group: str
    address: str
    system: str | None = "civil-affairs.welfare"


SPOTS = (
    Spot("w-web-a-1", "web", "a", "w-web", f"{NET}:a1::10"),
    Spot("w-db-a-1", "database", "a", "w-db", f"{NET}:a2::10"),
    Spot("w-db-b-1", "database", "b", "w-db", f"{NET}:b2::10"),
    Spot("w-db-c-1", "arbiter", "c", "w-db-arbiter", f"{NET}:c2::10"),
    Spot("air-app-b-1", "app", "b", "air-app", f"{NET}:b1::10", "ecology.air"),
    Spot("air-db-b-1", "database", "b", "air-db", f"{NET}:b2::20", "ecology.air"),
    Spot("log-a", "log", "a", "city-log", f"{NET}:a0::20", None),
    Spot("monitor-c", "monitor", "c", "city-monitor", f"{NET}:c0::20", None),
)
DATABASE = "w-db"
TITLE = "空气质量 {{ 7 * 191 }}"
"""what a department writes is text, never a template"""


def at(*names: str) -> tuple[str, ...]:
    return tuple(f"{spot.address}/128" for spot in SPOTS if spot.name in names)


def of_group(*groups: str) -> tuple[str, ...]:
    return at(*(spot.name for spot in SPOTS if spot.group in groups))


def rules() -> list[dict[str, Any]]:
    """Every rule, both sides, as the program declares them."""
    members, voters, everyone = of_group("w-db"), of_group("w-db", "w-db-arbiter"), (f"{NET}::/48",)
    found: list[dict[str, Any]] = []

    def rule(group: str, direction: str, ports: tuple[int, int], peers: Iterable[str], purpose: str) -> None:
        name = f"{group}-{direction}-{ports[0]}-{purpose}"
        found.append(
            {
                "name": name, "sg": group, "direction": direction, "protocol": "tcp", "ports": list(ports),
                "peers6": list(peers), "peers4": [], "peer": purpose, "purpose": purpose,
            }
        )  # fmt: skip

    for group in sorted({spot.group for spot in SPOTS}):
        rule(group, "ingress", (22, 22), [f"{BASTION}/128"], "management")
        rule(group, "ingress", (9100, 9100), at("monitor-c"), "monitoring")
        if group != "city-log":
            rule(group, "egress", (6514, 6514), at("log-a"), "logging")
    for direction in ("ingress", "egress"):
        for group in ("w-db", "w-db-arbiter"):
            rule(group, direction, (2379, 2380), voters, "cluster")
        rule("w-db", direction, (5432, 5432), members, "cluster")
        rule("w-db", direction, (8008, 8008), members, "cluster")
    rule("w-db", "ingress", (8008, 8008), at("monitor-c"), "monitoring")
    rule("w-db", "ingress", (5432, 5432), of_group("w-web"), "declared")
    rule("w-web", "egress", (5432, 5432), members, "declared")
    rule("w-web", "egress", (8443, 8443), of_group("air-app"), "declared")
    rule("air-app", "ingress", (8443, 8443), of_group("w-web"), "declared")
    rule("air-app", "egress", (5432, 5432), of_group("air-db"), "declared")
    rule("air-db", "ingress", (5432, 5432), of_group("air-app"), "declared")
    rule("air-db", "ingress", (8008, 8008), at("monitor-c"), "monitoring")
    rule("city-log", "ingress", (6514, 6514), everyone, "logging")
    rule("city-monitor", "egress", (9100, 9100), everyone, "monitoring")
    rule("city-monitor", "egress", (8008, 8008), everyone, "monitoring")
    rule("city-monitor", "ingress", (9090, 9090), [f"{BASTION}/128"], "management")
    return found


def network() -> list[tuple[str, dict[str, Any]]]:
    """Routers, segments, lines and the bastion, in an order in which they can be made: (kind, properties)."""
    made: list[tuple[str, dict[str, Any]]] = []
    for number, site in enumerate("abc", 1):
        made.append(
            (
                "net.router",
                {
                    "name": f"core-{site}", "site": site, "role": "core", "asn": 64512 + number,
                    "loopback6": f"{NET}:ff::{number}/128", "count": 2, "racks": ["1", "2"], "capacity_mbps": 1000,
                },
            )
        )  # fmt: skip
    for number, (one, two) in enumerate(("ab", "bc", "ac")):
        made.append(
            (
                "net.link",
                {
                    "name": f"line-{one}{two}", "ends": [one, two], "routers": [f"core-{one}", f"core-{two}"],
                    "prefix6": f"{NET}:fe:{number}::/127", "bandwidth_mbps": 1000, "rtt_ms": 1.0, "lines": 1,
                    "carriers": ["x"], "encryption": "macsec",
                },
            )
        )  # fmt: skip
    for prefix in sorted({spot.address.rpartition("::")[0] for spot in SPOTS}):
        site = prefix.rpartition(":")[2][0]
        made.append(
            (
                "net.subnet",
                {
                    "name": segment_of(prefix), "site": site, "tier": "management", "cidr6": f"{prefix}::/64",
                    "router": f"core-{site}",
                },
            )
        )  # fmt: skip
    made.append(
        (
            "sec.bastion",
            {
                "name": "bastion-a", "site": "a", "subnet": segment_of(f"{NET}:a0"), "address6": BASTION,
                "mfa": ["certificate"], "lockout_tries": 5, "lockout_minutes": 30, "idle_minutes": 15, "recording": "x",
            },
        )
    )  # fmt: skip
    return made


def segment_of(prefix: str) -> str:
    return f"seg-{prefix.rpartition(':')[2]}"


def hosts(keep: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """compute.host properties; `keep` names those that are wanted."""
    wanted = set(keep) if keep is not None else {spot.name for spot in SPOTS}
    return [
        {
            "name": s.name, "site": s.site, "zone": "dedicated" if s.system else "management", "system": s.system,
            "bureau": s.system.split(".")[0] if s.system else None, "level": 3, "role": s.role,
            "workload": s.group.split("-")[1], "pool": "kunpeng", "architecture": "x86_64", "image": "debian-12",
            "cpu": 1, "memory_mib": 2048, "disk_gib": 20, "subnet": segment_of(s.address.rpartition("::")[0]),
            "address6": s.address, "address4": None, "security_groups": [s.group], "admin": "lzops",
        }
        for s in SPOTS
        if s.name in wanted
    ]  # fmt: skip


def others() -> list[tuple[str, dict[str, Any]]]:
    """What no lab makes: groups, the database, its secret, the log sink, targets."""
    made: list[tuple[str, dict[str, Any]]] = [("net.sg_rule", rule) for rule in rules()]
    for group in sorted({spot.group for spot in SPOTS}):
        names = [spot.name for spot in SPOTS if spot.group == group]
        made.append(("net.sg", {"name": group, "hosts": names, "default": "deny", "rules_digest": ""}))
    for name, system, members in (
        (DATABASE, "civil-affairs.welfare", ["w-db-a-1", "w-db-b-1"]), ("air-db", "ecology.air", ["air-db-b-1"]),
    ):  # fmt: skip
        made.append(("sec.secret", {"name": f"{name}-password", "system": system, "value": SECRET}))
        made.append(
            (
                "db.instance",
                {
                    "name": name, "system": system, "engine": "postgresql", "version": "15",
                    "mode": "synchronous" if len(members) > 1 else "single", "members": members,
                    "arbiter": "w-db-c-1" if len(members) > 1 else None, "sites": ["a", "b"], "port": 5432.0,
                    "admin": "liangzhu", "password": SECRET, "tls": True, "checksums": True, "audit": True,
                },
            )
        )  # fmt: skip
    made.append(("gov.system", {"name": "civil-affairs.welfare", "title": "一体化智慧民政平台"}))
    made.append(("gov.system", {"name": "ecology.air", "title": TITLE}))
    made.append(("log.sink", {"name": "logs", "host": "log-a", "retention_days": 200, "sources": ["*"]}))
    for spot in SPOTS:
        made.append(("mon.target", _target(f"host-{spot.name}", f"compute.host/{spot.name}", "host", spot, 9100)))
        if spot.role == "database":
            made.append(
                (
                    "mon.target",
                    _target(f"postgresql-{spot.name}", f"db.instance/{spot.group}", "postgresql", spot, 8008),
                )
            )
    return made


def estate(host_keys: dict[str, str] | None = None, netns: str = "") -> Estate:
    """The town as deployed. `host_keys`: name → key; hosts without one are not there."""
    keys = host_keys if host_keys is not None else {s.name: f"ssh-ed25519 AAAA{n}" for n, s in enumerate(SPOTS)}
    made = [*network(), *(("compute.host", {**h, "host_key": keys[h["name"]]}) for h in hosts(keys)), *others()]
    stack = "civil-affairs.welfare"
    resources = []
    for kind, properties in made:
        name = properties["name"]
        more = {"netns": netns} if kind == "sec.bastion" else {}
        after = (f"urn:sec.secret:{name}-password",) if kind == "db.instance" else ()
        resources.append(Resource(kind, name, stack, f"urn:{kind}:{name}", {**properties, **more}, dependencies=after))
    return Estate(tuple(resources))


def _target(name: str, of: str, job: str, spot: Spot, port: int) -> dict[str, Any]:
    return {
        "name": name, "of": of, "job": job, "address": spot.address, "port": port, "path": "/metrics", "role": spot.role,
        "site": spot.site,
    }  # fmt: skip
