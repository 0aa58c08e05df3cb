"""A host's packet filter: in, the estate and a host's name; out, a file for `nft -f`.

Everything is denied in all three directions; what passes is the host's own loopback, established connections, what
IPv6 itself cannot live without, and exactly the rules of the host's security groups, one line for each address
family of a rule, with the rule's name and a counter. Only our own table is replaced, in one transaction.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from inventory.estate import Estate, Resource
from inventory.rendering import flows

TABLE = "liangzhu"

_HEAD = """\
# {host}: 由梁柱根据声明的访问关系生成,请勿手改 / made by Liangzhu from the declared flows: do not edit
table inet {table}
delete table inet {table}

table inet {table} {{
"""

# packet-too-big and its like are errors about flows that were allowed; neighbour discovery is how IPv6 finds a
# router, and is only believed from the same link (hop limit 255)
_ESSENTIAL = """\
        ct state established,related accept
        ct state invalid drop
        icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
        ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, nd-router-solicit } accept
"""


def nftables(estate: Estate, host: str) -> str:
    """The ruleset of one host. Deterministic; Refused where a rule is not known yet."""
    rules = flows.rules(estate, flows.host(estate, host))
    return (
        _HEAD.format(host=host, table=TABLE)
        + _chain("input", 'iifname "lo" accept', [_lines(r) for r in rules if r["direction"] == "ingress"])
        + "    chain forward {\n        type filter hook forward priority filter; policy drop;\n    }\n\n"
        + _chain("output", 'oifname "lo" accept', [_lines(r) for r in rules if r["direction"] == "egress"])
        + "}\n"
    )


def _chain(hook: str, loopback: str, rules: list[list[str]]) -> str:
    lines = "".join(f"        {line}\n" for rule in rules for line in rule)
    return (
        f"    chain {hook} {{\n        type filter hook {hook} priority filter; policy drop;\n"
        f"        {loopback}\n{_ESSENTIAL}{lines}        counter\n    }}\n\n"
    )


def _lines(rule: Resource) -> list[str]:
    side = "saddr" if rule["direction"] == "ingress" else "daddr"
    lines = []
    peers = list(flows.peers(rule))
    # nft refuses overlapping elements, so what lies inside another prefix is taken in by it
    six = collapse_addresses(net for net in peers if isinstance(net, IPv6Network))
    four = collapse_addresses(net for net in peers if isinstance(net, IPv4Network))
    for version, family, collapsed in ((6, "ip6", six), (4, "ip", four)):
        networks = [str(net) for net in collapsed]
        if networks:
            lines.append(
                f'{family} {side} {{ {", ".join(networks)} }} {_what(rule, version)} counter accept comment "{_name(rule)}"'
            )
    return lines or [f"# {_name(rule)}: no peers"]


def _what(rule: Resource, version: int) -> str:
    ports = flows.span(rule)
    if rule["protocol"] == "icmpv6":
        return "icmpv6 type echo-request" if version == 6 else "icmp type echo-request"
    if ports is None:
        return f"meta l4proto {rule['protocol']}"
    return f"{rule['protocol']} dport {ports[0] if ports[0] == ports[1] else f'{ports[0]}-{ports[1]}'}"


def _name(rule: Resource) -> str:
    """nft takes 128 bytes of comment."""
    return rule.name.replace('"', "'").encode()[:120].decode(errors="ignore")
