"""What Prometheus is expected to scrape: in, the estate; out, one `Scrape` a target, in a stable order.

The rules are written and the watch step counts from this one list, so "16 of 16 up" speaks of the same sixteen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from inventory.estate import Estate, Resource, known

CITY = "city"
"""stands in the label `bureau` where no unit owns a target: the city's operators"""
PROMETHEUS_PORT = 9090
ALERTMANAGER_PORT = 9093
JOBS = ("host", "postgresql", "prometheus", "alertmanager")
"""in the order in which they are listed; a job that is not here comes after them, by name"""


@dataclass(frozen=True, slots=True)
class Scrape:
    """One thing that is scraped. `labels` holds only what the graph knows of it, all strings."""

    name: str
    """of its `mon.target`; unique"""
    job: str
    address: str
    """IPv6 or IPv4 text, without brackets"""
    port: int
    path: str
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """`[3fff::1]:9100`, as in a URL."""
        return f"{bracketed(self.address)}:{self.port}"


def expected(estate: Estate) -> tuple[Scrape, ...]:
    """Every target of the estate, and Prometheus and Alertmanager on each monitor host where no target names them.

    A target whose address is not known yet (a plan) is left out: nothing can be scraped at it."""
    scrapes = [_declared(estate, target) for target in estate.kind("mon.target") if known(target.get("address"))]
    named = {scrape.job for scrape in scrapes}
    for job, port in (("prometheus", PROMETHEUS_PORT), ("alertmanager", ALERTMANAGER_PORT)):
        if job not in named:
            scrapes += [
                Scrape(f"{job}-{host.name}", job, host["address6"], port, "/metrics", labels_of(host, host=host.name))
                for host in monitor_hosts(estate)
            ]
    order = {job: place for place, job in enumerate(JOBS)}
    return tuple(sorted(scrapes, key=lambda s: (order.get(s.job, len(order)), s.job, s.name)))


def monitor_hosts(estate: Estate) -> tuple[Resource, ...]:
    """The hosts that run Prometheus and whose address is known."""
    hosts = [h for h in estate.kind("compute.host") if h.get("role") == "monitor" and known(h.get("address6"))]
    return tuple(sorted((h for h in hosts if h.get("address6")), key=lambda host: host.name))


def labels_of(resource: Resource, **more: str) -> dict[str, str]:
    """site, zone, bureau, system, level, role, workload of a resource as Prometheus labels; what is unset is left out."""
    labels = {key: resource.get(key) for key in ("site", "zone", "bureau", "system", "level", "role", "workload")}
    labels = {key: str(value) for key, value in labels.items() if value not in (None, "") and known(value)}
    return {**labels, "bureau": labels.get("bureau", CITY), **more}


def bracketed(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ip_address(address).version == 6 else address


def _declared(estate: Estate, target: Resource) -> Scrape:
    labels = labels_of(target, target=target.name)
    kind, _, name = str(target.get("of", "")).partition("/")
    host = estate.named("compute.host", name) if kind == "compute.host" else None
    if host is None:
        at = estate.where("address6", target["address"])
        host = next((resource for resource in at if resource.kind == "compute.host"), None)
    if host is not None:
        labels = {**labels_of(host), **labels, "host": host.name}
        if labels["bureau"] == CITY:
            labels["bureau"] = labels_of(host)["bureau"]
    database = name if kind == "db.instance" else _database_of(estate, host) if target["job"] == "postgresql" else None
    if database:
        labels["database"] = database
    return Scrape(
        target.name, target["job"], target["address"], int(target["port"]), target.get("path") or "/metrics",
        dict(sorted(labels.items())),
    )  # fmt: skip


def _database_of(estate: Estate, host: Resource | None) -> str | None:
    if host is None:
        return None
    instances = estate.kind("db.instance")
    return next((i.name for i in instances if host.name in i["members"] or host.name == i.get("arbiter")), None)
