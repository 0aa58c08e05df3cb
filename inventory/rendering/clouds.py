"""Segments and rules in the shape of a cloud's API, as plain data: EC2's requests, Neutron's bodies. The ec2 driver
sends what is made here; what only the cloud knows (ids, zones) the caller adds.

In: the properties of a `net.subnet` or `net.sg_rule`, as of a kind or a resource. Out: arguments, without ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from inventory.rendering.kea import POOL

Fields = Mapping[str, Any]


def ec2_subnet(fields: Fields) -> dict[str, Any]:
    """Of CreateSubnet: the prefixes. A subnet without IPv4 has none at all, rather than one that nobody planned."""
    four: dict[str, Any] = {"CidrBlock": fields["cidr4"]} if fields.get("cidr4") else {"Ipv6Native": True}
    return {"Ipv6CidrBlock": fields["cidr6"], **four}


def ec2_permission(protocol: str, first: int, last: int, peers: Iterable[str]) -> dict[str, Any]:
    """One of AuthorizeSecurityGroup…'s IpPermissions: a protocol and ports (-1: all), prefixes of both families."""
    peers = list(peers)
    return {
        "IpProtocol": protocol, "FromPort": first, "ToPort": last,
        "IpRanges": [{"CidrIp": peer} for peer in peers if ":" not in peer],
        "Ipv6Ranges": [{"CidrIpv6": peer} for peer in peers if ":" in peer],
    }  # fmt: skip


def neutron_segment(fields: Fields, resolvers: Iterable[str] = ()) -> dict[str, Any]:
    """Bodies of POST /v2.0/networks and /v2.0/subnets for one segment; the caller adds `network_id` to the subnets.

    Neutron's DHCP gives IPv4 addresses; IPv6 ones come by SLAAC, or by DHCPv6 where the segment asks for it. What
    Neutron gives out by itself lies above what the address step gives."""
    name, names = fields["name"], list(resolvers)
    six = IPv6Network(fields["cidr6"])
    mode = "dhcpv6-stateful" if fields.get("dhcp6") else "slaac"
    subnets: list[dict[str, Any]] = [
        {
            "name": f"{name}-ipv6", "ip_version": 6, "cidr": str(six), "gateway_ip": str(six[1]), "enable_dhcp": True,
            "ipv6_ra_mode": mode, "ipv6_address_mode": mode,
            "dns_nameservers": [address for address in names if ":" in address],
        }
    ]  # fmt: skip
    if fields.get("dhcp6"):
        subnets[0]["allocation_pools"] = [{"start": str(six[POOL[0]]), "end": str(six[POOL[1]])}]
    if fields.get("cidr4"):
        four = IPv4Network(fields["cidr4"])
        subnets.append(
            {
                "name": f"{name}-ipv4", "ip_version": 4, "cidr": str(four), "gateway_ip": str(four[1]),
                "enable_dhcp": True, "dns_nameservers": [address for address in names if ":" not in address],
            }
        )  # fmt: skip
    network = {"name": name, "admin_state_up": True, "description": f"site {fields.get('site')}, {fields.get('zone')}"}
    return {"network": network, "subnets": subnets}


def neutron_rules(fields: Fields) -> tuple[dict[str, Any], ...]:
    """Bodies of POST /v2.0/security-group-rules for one `net.sg_rule`, one a prefix; the caller adds
    `security_group_id`. ICMP is only echo requests, as on the hosts."""
    ports = fields.get("ports")
    found = []
    for peer in (*(fields.get("peers6") or ()), *(fields.get("peers4") or ())):
        six = ip_network(peer, strict=False).version == 6
        icmp = fields["protocol"] == "icmpv6"
        found.append(
            {
                "direction": fields["direction"], "ethertype": "IPv6" if six else "IPv4",
                "protocol": ("ipv6-icmp" if six else "icmp") if icmp else fields["protocol"],
                # numbers come back from the state as floats; of ICMP these are type and code
                "port_range_min": (128 if six else 8) if icmp else int(ports[0]) if ports else None,
                "port_range_max": 0 if icmp else int(ports[1]) if ports else None,
                "remote_ip_prefix": str(ip_network(peer, strict=False)), "description": fields["name"],
            }
        )  # fmt: skip
    return tuple(found)
