"""What of an estate the network's own services are made of: in, the estate; out, resources that are known, in an order.

The base of `radvd`, `unbound`, `kea`, `tayga` and `zones`.
"""

from __future__ import annotations

from inventory.estate import Estate, Resource, known
from inventory.problems import Problem, Refused


def segments(estate: Estate, router: str) -> tuple[Resource, ...]:
    """The segments behind a router, by name. KeyError where there is no such router; Refused where a prefix is not
    known yet."""
    if estate.named("net.router", router) is None:
        raise KeyError(router)
    found = sorted((s for s in estate.kind("net.subnet") if s["router"] == router), key=lambda s: s.name)
    settled(found, "cidr6", "cidr4")
    return tuple(found)


def resolvers(estate: Estate, site: str | None = None) -> tuple[Resource, ...]:
    """Hosts that answer for names, those of a site first: the near one answers, the others when it does not."""
    found = [host for host in estate.kind("compute.host") if host.get("role") == "resolver"]
    settled(found, "address6", "address4")
    return tuple(sorted(found, key=lambda r: (r.get("site") != site, r.name)))


def translators(estate: Estate, site: str | None = None) -> tuple[Resource, ...]:
    """Routers that translate to IPv4, those of a site first."""
    routers = estate.kind("net.router")
    settled(routers, "nat64", "pool4")
    found = [router for router in routers if router.get("nat64") and router.get("pool4")]
    return tuple(sorted(found, key=lambda r: (r.get("site") != site, r.name)))


def settled(resources: tuple[Resource, ...] | list[Resource], *keys: str) -> None:
    """Refused where one of these properties is only known after the update."""
    unknown = [r for r in resources if not all(known(r.get(key)) for key in keys)]
    if unknown:
        raise Refused(
            Problem(
                "rendering.unknown", "尚有未知的值,不能生成配置:先运行 ./lz up",
                "has values that are not known yet, so no configuration is made: run ./lz up first",
                f"{resource.kind}/{resource.name}",
            )
            for resource in unknown
        )  # fmt: skip
