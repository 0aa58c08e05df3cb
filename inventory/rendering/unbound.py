"""A resolver: in, the estate and a `dns.resolver`'s name; out, `unbound.conf`.

Every name of the city is answered from the estate, AAAA first, and a name below the domain that is not there does not
exist. Only the city's own prefixes are answered. Other names without AAAA are shown under the NAT64 prefix.
"""

from __future__ import annotations

from ipaddress import ip_network

from inventory.estate import Estate
from inventory.problems import refuse
from inventory.rendering import services, zones
from inventory.rendering.frr import advertised


def unbound(estate: Estate, resolver: str) -> str:
    """`unbound.conf`. KeyError where there is no such resolver; Refused where an address is not known yet, or its
    NAT64 is not there."""
    found = estate.named("dns.resolver", resolver)
    if found is None:
        raise KeyError(resolver)
    services.settled([found], "address6", "forwarders")
    domain = found["domain"]
    lines = [
        f"# {resolver}: 由梁柱根据部署图生成,请勿手改 / made by Liangzhu from the estate: do not edit",
        "server:",
        f"    interface: {found['address6']}",
        "    interface: ::1",
        "    prefer-ip6: yes",
        "    hide-identity: yes",
        "    hide-version: yes",
        # what nobody allowed is not even told that it is refused
        "    access-control: ::/0 deny",
        "    access-control: 0.0.0.0/0 deny",
        "    access-control: ::1/128 allow",
        *(f"    access-control: {prefix} allow" for prefix in _clients(estate)),
        f'    module-config: "{"dns64 " if found.get("nat64") else ""}iterator"',
    ]
    if found.get("nat64"):
        lines.append(f"    dns64-prefix: {_prefix(estate, resolver, found['nat64'])}")
    lines.append(f"    local-zone: {domain}. static")
    for name, addresses in zones.names(estate, domain).items():
        for address in addresses:
            lines.append(f"    local-data: '{name}. IN {'AAAA' if ':' in address else 'A'} {address}'")
    if found.get("forwarders"):
        lines += ["forward-zone:", '    name: "."', *(f"    forward-addr: {each}" for each in found["forwarders"])]
    return "".join(f"{line}\n" for line in lines)


def _clients(estate: Estate) -> list[str]:
    """Prefixes of all sites."""
    found = {text for prefixes in advertised(estate).values() for text in prefixes}
    return sorted(found, key=lambda text: (-ip_network(text).version, int(ip_network(text)[0])))


def _prefix(estate: Estate, resolver: str, name: str) -> str:
    nat64 = estate.named("net.nat64", name)
    if nat64 is None:
        raise refuse("rendering.nat64", f"没有名为“{name}”的 NAT64:改正 nat64,或去掉", f"there is no NAT64 '{name}': mend nat64, or drop it",
                     where=f"dns.resolver/{resolver}")  # fmt: skip
    services.settled([nat64], "prefix6")
    return nat64["prefix6"]
