"""DHCPv6 for the segments that ask for it: in, the estate and a router; out, Kea's configuration as plain data.

The pool lies far above what the address step gives out, so that no lease meets a planned address.
"""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network
from typing import Any

from inventory.estate import Estate, Resource
from inventory.rendering import nodes, services
from inventory.rendering.nodes import Namer

POOL = 0xDC00 << 48, (0xDC01 << 48) - 1
"""first and last host number of a pool"""
LEASE_S, RENEW_S = 7200, 1800


def kea(estate: Estate, router: str, domain: str = "", name: Namer = nodes.device) -> dict[str, Any] | None:
    """`Dhcp6` configuration of one router; None where no segment behind it asks. Refused where a prefix is not known
    yet."""
    asking = [segment for segment in services.segments(estate, router) if segment.get("dhcp6")]
    if not asking:
        return None
    at = estate.named("net.router", router)
    near = services.resolvers(estate, at.get("site") if at else None)
    return {
        "Dhcp6": {
            "interfaces-config": {"interfaces": [name("segment", segment.name) for segment in asking]},
            "lease-database": {"type": "memfile", "persist": True, "name": "/var/lib/kea/kea-leases6.csv"},
            "preferred-lifetime": LEASE_S // 2,
            "valid-lifetime": LEASE_S,
            "renew-timer": RENEW_S,
            "rebind-timer": LEASE_S // 2,
            "option-data": _options(near, domain),
            "subnet6": [_subnet(segment, name("segment", segment.name)) for segment in asking],
        }
    }


def _options(near: tuple[Resource, ...], domain: str) -> list[dict[str, str]]:
    if not near:
        return []
    search = [{"name": "domain-search", "data": domain}] if domain else []
    return [
        {"name": "dns-servers", "data": ", ".join(resolver["address6"] for resolver in near[:3])},
        *search,
    ]


def _subnet(segment: Resource, device: str) -> dict[str, Any]:
    net = IPv6Network(segment["cidr6"])
    base = int(net.network_address)
    return {
        # leases are kept under this number: it is the prefix's own, so that no other segment's order changes it
        "id": (base >> 64) & 0xFFFFFFFF,
        "subnet": str(net),
        "interface": device,
        "pools": [{"pool": f"{IPv6Address(base + POOL[0])} - {IPv6Address(base + POOL[1])}"}],
    }
