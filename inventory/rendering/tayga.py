"""NAT64 at a router: in, the estate and the router's name; out, `tayga.conf`, and its routes for `ip -batch`."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from inventory.estate import Estate
from inventory.problems import refuse
from inventory.rendering import services

DEVICE = "nat64"
LENGTHS = (32, 40, 48, 56, 64, 96)
WELL_KNOWN = IPv6Network("64:ff9b::/96")


def tayga(estate: Estate, name: str) -> str:
    """`tayga.conf`. KeyError where no router of the name translates; Refused where its prefixes are not known yet, do not
    fit, or would put private IPv4 addresses under the well-known prefix."""
    prefix, pool = _known(estate, name)
    return (
        f"# {name}: 由梁柱根据部署图生成,请勿手改 / made by Liangzhu from the estate: do not edit\n"
        f"tun-device {DEVICE}\nipv4-addr {pool[1]}\nprefix {prefix}\ndynamic-pool {pool}\ndata-dir /var/lib/tayga\n"
    )


def batch(estate: Estate, name: str) -> str:
    """What leads to the translator on its router."""
    prefix, pool = _known(estate, name)
    return f"link set {DEVICE} up\nroute replace {prefix} dev {DEVICE}\nroute replace {pool} dev {DEVICE}\n"


def _known(estate: Estate, name: str) -> tuple[IPv6Network, IPv4Network]:
    found = next((router for router in services.translators(estate) if router.name == name), None)
    if found is None:
        raise KeyError(name)
    prefix, pool = IPv6Network(found["nat64"]), IPv4Network(found["pool4"])
    if prefix.prefixlen not in LENGTHS:
        raise refuse(
            "rendering.nat64",
            f"NAT64 前缀 {prefix} 的长度只能是 {'、'.join(map(str, LENGTHS))}(RFC 6052 2.2):改规划",
            f"a NAT64 prefix is of length {', '.join(map(str, LENGTHS))} (RFC 6052 2.2), not {prefix}: mend the plan",
            where=f"net.router/{name}",
        )
    if prefix == WELL_KNOWN and not pool.is_global:
        raise refuse(
            "rendering.nat64",
            f"{WELL_KNOWN} 不得承载非公网 IPv4(RFC 6052 3.1):用规划中本市自己的 /96",
            f"{WELL_KNOWN} may not carry IPv4 that is not global (RFC 6052 3.1): use a /96 of the city's own",
            where=f"net.router/{name}",
        )
    return prefix, pool
