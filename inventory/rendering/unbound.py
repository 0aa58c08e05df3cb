"""A resolver: in, the estate, a host of that role, the city's domain; out, `unbound.conf`.

Every name of the city is answered from the estate, AAAA first, and a name below the domain that is not there does not
exist. Only the city's own prefixes are answered. Other names without AAAA are shown under the NAT64 prefix.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

from inventory.estate import Estate
from inventory.rendering import services, zones
from inventory.rendering.frr import advertised


def unbound(estate: Estate, resolver: str, domain: str, forwarders: Iterable[str] = ()) -> str:
    """`unbound.conf` of a host of the role `resolver`. `forwarders` are asked for names that are not the city's; without
    any, the root is. KeyError where there is no such resolver; Refused where an address is not known yet."""
    found = next((host for host in services.resolvers(estate) if host.name == resolver), None)
    if found is None:
        raise KeyError(resolver)
    near = services.translators(estate, found.get("site"))
    others = list(forwarders)
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
        f'    module-config: "{"dns64 " if near else ""}iterator"',
    ]
    lines += [f"    dns64-prefix: {translator['nat64']}" for translator in near[:1]]
    lines.append(f"    local-zone: {domain}. static")
    for name, addresses in zones.names(estate, domain).items():
        for address in addresses:
            lines.append(f"    local-data: '{name}. IN {'AAAA' if ':' in address else 'A'} {address}'")
    if others:
        lines += ["forward-zone:", '    name: "."', *(f"    forward-addr: {each}" for each in others)]
    return "".join(f"{line}\n" for line in lines)


def _clients(estate: Estate) -> list[str]:
    """Prefixes of all sites."""
    found = {text for prefixes in advertised(estate).values() for text in prefixes}
    return sorted(found, key=lambda text: (-ip_network(text).version, int(ip_network(text)[0])))
