"""A resolver: in, the estate, a host of that role, the city's domain; out, `unbound.conf` and the files beside it.

Every name of the city, and every address of its prefixes, is answered from zone files that are made of the estate: a
name below the domain that is not there does not exist. Only the city's own prefixes are answered. Other names without
AAAA are shown under the NAT64 prefix; `ipv4only.arpa`, by which hosts find that prefix out, is answered here, as
RFC 8880 7.1 wants.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from zlib import crc32

from inventory.estate import Estate
from inventory.rendering import services, zones
from inventory.rendering.frr import advertised

FOLDER = "/etc/unbound/zones"
DISCOVERY = "ipv4only.arpa"
_DISCOVERED = f"""\
$ORIGIN {DISCOVERY}.
$TTL 86400
@ IN SOA {DISCOVERY}. hostmaster.{DISCOVERY}. 1 7200 900 1209600 300
@ IN NS {DISCOVERY}.
@ IN A 192.0.0.170
@ IN A 192.0.0.171
"""
"""the two well-known addresses (RFC 7050 2.2)"""


def unbound(
    estate: Estate, resolver: str, domain: str, reverse: Iterable[str] = (), forwarders: Iterable[str] = ()
) -> str:
    """`unbound.conf` of a host of the role `resolver`. `reverse`: prefixes whose names it answers for. `forwarders` are
    asked for names that are not the city's; without any, the root is. KeyError where there is no such resolver; Refused
    where an address is not known yet."""
    found = next((host for host in services.resolvers(estate) if host.name == resolver), None)
    if found is None:
        raise KeyError(resolver)
    near = services.translators(estate, found.get("site"))
    own = [domain, *(zones.arpa_of(zone).rstrip(".") for text in reverse for zone in zones.cut(text))]
    others = list(forwarders)
    lines = [
        f"# {resolver}: 由梁柱根据部署图生成,请勿手改 / made by Liangzhu from the estate: do not edit",
        "server:",
        *(f"    interface: {address}" for address in (found["address6"], found.get("address4"), "::1") if address),
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
    # names of documentation and unique local prefixes are unbound's own to deny (RFC 6303), unless it is told
    lines += [f"    local-zone: {zone}. nodefault" for zone in own[1:]]
    for zone in own:
        lines += _zone(zone, own=True)
    if near:
        # found by the resolver, not said to who asks: only so is it shown under the prefix
        lines += _zone(DISCOVERY, own=False)
    if others:
        lines += ["forward-zone:", '    name: "."', *(f"    forward-addr: {each}" for each in others)]
    return "".join(f"{line}\n" for line in lines)


def files(estate: Estate, domain: str, reverse: Iterable[str]) -> dict[str, str]:
    """Name in FOLDER → text of every zone that `unbound` speaks of. Every resolver loads its own and nobody transfers
    them, so the serial tells which content it is, not which is newer: the same estate gives the same. Errors as
    `zones.forward`."""
    prefixes = list(reverse)

    def made(serial: int) -> dict[str, str]:
        found = {f"{domain}.": zones.forward(estate, domain, serial, "inside")}
        return found | zones.reverse(estate, domain, serial, prefixes)

    serial = crc32("".join(made(0).values()).encode()) or 1
    found = {_file(zone.rstrip(".")): text for zone, text in made(serial).items()}
    return found | ({_file(DISCOVERY): _DISCOVERED} if services.translators(estate) else {})


def _zone(zone: str, *, own: bool) -> list[str]:
    """An auth-zone: said to those who ask, or (not `own`) found by the resolver itself."""
    answers = ("yes", "no") if own else ("no", "yes")
    return [
        "auth-zone:",
        f"    name: {zone}.",
        f"    zonefile: {FOLDER}/{_file(zone)}",
        f"    for-downstream: {answers[0]}",
        f"    for-upstream: {answers[1]}",
        "    fallback-enabled: no",
    ]


def _file(zone: str) -> str:
    return f"{zone}.zone"


def _clients(estate: Estate) -> list[str]:
    """Prefixes of all sites."""
    found = {text for prefixes in advertised(estate).values() for text in prefixes}
    return sorted(found, key=lambda text: (-ip_network(text).version, int(ip_network(text)[0])))
