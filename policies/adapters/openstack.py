"""OpenStack: types of the provider `terraform-provider-openstack/openstack` as kinds, with the defaults of its pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inventory.estate import UNKNOWN
from policies.adapters.rules import ANY4, ANY6, allowed, between, direction, group_of, peers, protocol, spans
from policies.adapters.tables import Body, Draft, Entry, const, number, switch, text, texts
from policies.checks.prefixes import everywhere, span


def _rule(body: Body) -> Iterator[Draft]:
    """Neutron's rules only allow; without a prefix and a group, every address of the family is meant."""
    family = body.get("ethertype")
    known = {"ipv4": (ANY4,), "ipv6": (ANY6,)}
    absent = known.get(family.lower(), UNKNOWN) if isinstance(family, str) else UNKNOWN
    yield from allowed(
        body.name,
        group=group_of(body),
        ingress=direction(body.get("direction")),
        protocol=protocol(body.get("protocol")),
        ports=between(body.get("port_range_min"), body.get("port_range_max")),
        peers=peers(
            body.get("remote_ip_prefix") or None,
            elsewhere=body.raw("remote_group_id") not in (None, ""),
            absent=absent,
        ),
    )


def _nova_rules(body: Body) -> Iterator[Draft]:
    """Nova's groups hold their rules, all of them ingress; `self` means the group's own members."""
    rows = body.blocks("rule")
    if rows is None:
        yield from allowed(
            f"{body.name}/rule", group=body.name, ingress="ingress", protocol=UNKNOWN, ports=UNKNOWN, peers=UNKNOWN
        )
    for row in rows or []:
        yield from allowed(
            row.name,
            group=body.name,
            ingress="ingress",
            protocol=protocol(row.get("ip_protocol")),
            ports=between(row.get("from_port"), row.get("to_port")),
            peers=peers(
                row.get("cidr"),
                elsewhere=row.raw("from_group_id") not in (None, "") or row.raw("self") not in (None, False, "false"),
            ),
        )


def _target(body: Body) -> Any:
    """Whom a firewall's rule protects; None where it is everybody."""
    value = text("destination_ip_address")(body)
    prefix = None if value in (None, UNKNOWN) else span(value)
    return None if prefix and everywhere([prefix]) else value


def _firewall_rule(body: Body) -> Iterator[Draft]:
    """A rule of a firewall; enabled where not said. Whom it protects is its destination."""
    action = body.get("action")
    if (isinstance(action, str) and action.lower() in ("deny", "reject")) or switch("enabled", default=True)(
        body
    ) is False:
        return
    yield from allowed(
        body.name,
        group=_target(body),
        ingress="ingress",
        protocol=protocol(body.get("protocol")),
        ports=spans(body.get("destination_port"), ":"),
        peers=peers(body.get("source_ip_address"), absent=(ANY6 if str(body.get("ip_version")) == "6" else ANY4,)),
    )


_GROUP = {"default": const("deny"), "hosts": const(())}
_VOLUME = {"size_gib": number("size"), "encryption_key": const(UNKNOWN)}
"""whether a volume is encrypted is a matter of its type, which an administrator made elsewhere"""
TABLE: dict[str, Entry] = {
    "openstack_networking_secgroup_v2": Entry("net.sg", _GROUP),
    "openstack_networking_secgroup_rule_v2": Entry("component", more=(_rule,)),
    "openstack_compute_secgroup_v2": Entry("net.sg", _GROUP, (_nova_rules,)),
    "openstack_fw_rule_v1": Entry("component", more=(_firewall_rule,)),
    "openstack_fw_rule_v2": Entry("component", more=(_firewall_rule,)),
    "openstack_compute_instance_v2": Entry(
        "compute.host",
        {
            "image": text("image_id", "image_name"),
            "security_groups": texts("security_groups", default=("default",)),
            "admin": const(UNKNOWN),
        },
    ),
    "openstack_blockstorage_volume_v2": Entry("storage.volume", _VOLUME),
    "openstack_blockstorage_volume_v3": Entry("storage.volume", _VOLUME),
}
