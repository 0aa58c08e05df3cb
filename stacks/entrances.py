"""Where a workload is reached: load balancers, listeners, certificate and names of what the internet or the extranet
calls; names of the hosts of what only declared callers call.

In: a workload that serves ports, its virtual addresses. Out: `net.lb`, `net.listener`, `sec.certificate`,
`dns.record`. From level 3 on only SM suites are offered, below that a common one stands behind them.
"""

from __future__ import annotations

from typing import Any

from inventory.kinds.dns import Record
from inventory.kinds.net import Lb, Listener
from inventory.kinds.sec import Certificate
from inventory.layout import Vip, exposure_of
from inventory.model import Request, Serves, Workload
from stacks.blueprint import Group
from stacks.parts import After, Part, Wanted, shared
from stacks.sheets import Sheet
from stacks.trust import CERTIFICATE

SM_SUITES = ("TLS_SM4_GCM_SM3",)
SUITES = (*SM_SUITES, "TLS_AES_256_GCM_SHA384")
TTL = 60
BANDWIDTH_FACTOR = 2
"""of the system's peak"""


def peak_mbps(request: Request) -> int:
    """What a system moves at its peak, as declared to the network: 10 a replica that the internet or extranet calls."""
    called = [w for w in request.system.workloads if exposure_of(w) in ("internet", "extranet")]
    return 10 * max(1, sum(workload.replicas for workload in called))


def entrance(
    blue: Sheet,
    request: Request,
    workload: Workload,
    group: Group,
    after: After,
    parent: Part,
) -> dict[str, Any] | None:
    """Register what makes the workload reachable; returns its endpoint, None where it serves nothing."""
    reach = exposure_of(workload)
    if not reach:
        return None
    origin = request.origin("workloads", request.system.workloads.index(workload), "serves")
    part = parent.part("access:Entrance", group.name, {**shared(request), "origin": origin})
    fqdn = f"{workload.name}.{'.'.join(reversed(request.stack.split('.')))}.{blue.city.addresses.domain}"
    certificate = None
    if any(serves.protocol in ("https", "tls") for serves in workload.serves):
        certificate = part.add(Certificate, group.name, subject=f"CN={fqdn}", **CERTIFICATE)
    vips = [vip for vip in blue.layout(request.stack).vips if vip.workload == workload.name]
    for vip in vips:
        _balancer(blue, request, workload, group, vip, part, after, certificate)
    hosts = [] if vips else [blue.allocations.host(machine.name) for machine in group.machines]
    named = [blue.allocations.vip(vip.name) for vip in vips] + hosts
    for type_, values in (
        ("AAAA", tuple(each.address6 for each in named)),
        ("A", tuple(each.address4 for each in named if each.address4)),
    ):
        if values:
            name = group.name if type_ == "AAAA" else f"{group.name}-ipv4"
            part.add(Record, name, after=after, fqdn=fqdn, type=type_, values=values, ttl=TTL, exposure=reach)
    return {"fqdn": fqdn, "ports": [serves.port for serves in workload.serves], "reach": reach}


def _balancer(
    blue: Sheet,
    request: Request,
    workload: Workload,
    group: Group,
    vip: Vip,
    part: Part,
    after: After,
    certificate: Wanted | None,
) -> None:
    addresses = blue.allocations.vip(vip.name)
    members = tuple(machine.name for machine in group.machines if machine.site == vip.site)
    zone = "internet" if vip.exposure == "internet" else "public"
    lb = part.add(
        Lb, vip.name, after=after, site=vip.site, zone=zone, vip6=addresses.address6, vip4=addresses.address4,
        members=members, count=2, exposure=vip.exposure, bandwidth_mbps=BANDWIDTH_FACTOR * peak_mbps(request), waf=True,
        ips=True, anti_ddos=vip.exposure == "internet",
    )  # fmt: skip
    for serves in workload.serves:
        if serves.to == "private":
            continue  # only declared callers, who go to the hosts themselves
        part.add(
            Listener, f"{vip.name}-{serves.port}", after=[lb, *filter(None, [certificate])], site=vip.site, zone=zone,
            lb=vip.name, port=serves.port, protocol=serves.protocol, exposure=serves.to,
            **_cryptography(request, serves, certificate and group.name),
        )  # fmt: skip


def _cryptography(request: Request, serves: Serves, certificate: str | None) -> dict[str, Any]:
    if serves.protocol not in ("https", "tls"):
        return {"tls": None}
    suites = SM_SUITES if request.system.level >= 3 else SUITES
    return {"tls": "TLSv1.3", "suites": suites, "certificate": certificate}
