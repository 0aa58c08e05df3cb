"""Zone files: in, the estate, the city's domain, a serial number and a view; out, the forward zone and reverse zones.

Every address that has a PTR has the same name forward (RFC 1912 2.1): hosts, bastions, load balancers, routers. The
internet's view has only what is served to the internet; names of hosts are nobody's business there.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal

from inventory.estate import Estate
from inventory.problems import Problem, Refused
from inventory.rendering import services

View = Literal["internet", "inside"]
TTL = 3600
_SOA = """\
; {zone}: 由梁柱根据部署图生成,请勿手改 / made by Liangzhu from the estate: do not edit
$ORIGIN {zone}
$TTL {ttl}
@ IN SOA {primary}. hostmaster.{domain}. {serial} 7200 900 1209600 300
"""


def forward(estate: Estate, domain: str, serial: int, view: View) -> str:
    """The city's zone. `serial` grows from one to the next; Refused where an address is not known yet, a label is too
    long, or no server answers for the zone."""
    names = _names(estate, domain, view)
    servers = _servers(estate, domain)
    lines = [f"@ IN NS {server}." for server in servers]
    if view == "internet":  # the servers' own addresses are needed to ask them anything
        names |= {server: values for server, values in _names(estate, domain, "inside").items() if server in servers}
    for name in sorted(names):
        label = name.removesuffix(f".{domain}") if name != domain else "@"
        for address in sorted(names[name], key=_order):
            lines.append(f"{label} IN {'AAAA' if ':' in address else 'A'} {address}")
    head = _SOA.format(zone=f"{domain}.", ttl=TTL, primary=servers[0], domain=domain, serial=serial)
    return head + "".join(f"{line}\n" for line in lines)


def reverse(estate: Estate, domain: str, serial: int, prefixes: Iterable[str]) -> dict[str, str]:
    """Zone → file, for each of the city's prefixes, cut at nibbles and octets: `0.3.4.0.f.f.f.3.ip6.arpa.`,
    `18.198.in-addr.arpa.`. Errors as `forward`."""
    pointers = {address: name for address, name in _pointers(estate, domain).items()}
    servers = _servers(estate, domain)
    files = {}
    for zone in (zone for text in prefixes for zone in cut(text)):
        arpa = arpa_of(zone)
        mine = sorted((a for a in pointers if ip_address(a) in zone), key=_order)
        lines = [f"@ IN NS {server}." for server in servers]
        lines += [f"{ip_address(a).reverse_pointer.removesuffix(f'.{arpa[:-1]}')} IN PTR {pointers[a]}." for a in mine]
        head = _SOA.format(zone=arpa, ttl=TTL, primary=servers[0], domain=domain, serial=serial)
        files[arpa] = head + "".join(f"{line}\n" for line in lines)
    return files


def cut(prefix: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """A prefix as the zones that it can be: a nibble is 4 bits of IPv6, an octet 8 of IPv4."""
    net = ip_network(prefix)
    step = 4 if net.version == 6 else 8
    # inside of one octet there is no zone of one's own (RFC 2317 asks the parent): the whole octet is taken
    length = min(-(-net.prefixlen // step) * step, 24 if net.version == 4 else 128)
    return tuple(net.subnets(new_prefix=length)) if length >= net.prefixlen else (net.supernet(new_prefix=length),)


def arpa_of(zone: IPv4Network | IPv6Network) -> str:
    """`ip6.arpa.` or `in-addr.arpa.` name of a zone."""
    step = 4 if zone.version == 6 else 8
    parts = zone.network_address.reverse_pointer.split(".")
    return ".".join(parts[(zone.max_prefixlen - zone.prefixlen) // step :]) + "."


def names(estate: Estate, domain: str) -> dict[str, tuple[str, ...]]:
    """Inside: name → addresses, IPv6 first. What the resolvers answer."""
    return {name: tuple(sorted(found, key=_order)) for name, found in sorted(_names(estate, domain, "inside").items())}


def _names(estate: Estate, domain: str, view: View) -> dict[str, set[str]]:
    records = [r for r in estate.kind("dns.record") if view == "inside" or r["exposure"] == "internet"]
    things = list(estate.kind("compute.host", "sec.bastion")) if view == "inside" else []
    routers = list(estate.kind("net.router")) if view == "inside" else []
    services.settled([*records, *things, *routers], "values", "address6", "address4", "loopback6")
    found: dict[str, set[str]] = {}
    for record in records:
        found.setdefault(record["fqdn"].lower(), set()).update(record["values"])
    for thing in things:
        addresses = {text for text in (thing.get("address6"), thing.get("address4")) if text}
        found.setdefault(f"{thing.name}.{domain}", set()).update(addresses)
    for router in routers:
        found.setdefault(f"{router.name}.{domain}", set()).add(router["loopback6"].partition("/")[0])
    wrong = [name for name in found if any(not 0 < len(label) < 64 for label in name.split(".")) or len(name) > 253]
    if wrong:
        raise Refused(
            Problem("rendering.label", "域名的一段超过 63 个字符:缩短系统或工作负载的名称",
                    "a label of the name has more than 63 characters: shorten the system's or the workload's name", name)
            for name in wrong
        )  # fmt: skip
    return found


def _pointers(estate: Estate, domain: str) -> dict[str, str]:
    """Address → the one name that it has in reverse: the service's where there is one, else the machine's."""
    found = {address: name for name, all_ in names(estate, domain).items() for address in all_}
    for record in sorted(estate.kind("dns.record"), key=lambda r: r["fqdn"], reverse=True):
        found |= dict.fromkeys(record["values"], record["fqdn"].lower())
    return found


def _servers(estate: Estate, domain: str) -> list[str]:
    found = [f"{resolver.name}.{domain}" for resolver in services.resolvers(estate)]
    if not found:
        raise Refused([Problem("rendering.servers", "没有域名服务器:区文件需要至少一台 role 为 resolver 的主机",
                               "there is no name server: a zone needs at least one host of the role resolver", domain)])  # fmt: skip
    return found


def _order(address: str) -> tuple[int, int]:
    return -ip_address(address).version, int(ip_address(address))
