"""Tencent Cloud: types of the provider `tencentcloudstack/tencentcloud` as kinds, with the defaults of its pages.

Not documented there and set by us: the public entrance of a cluster stands for the API of Kubernetes, so its port is
Kubernetes' own, 6443, whatever the balancer before it listens on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inventory.estate import UNKNOWN
from policies.adapters.rules import Denied, allowed, direction, group_of, peers, protocol, spans
from policies.adapters.tables import (
    Body,
    Draft,
    Entry,
    More,
    const,
    disks,
    encrypted,
    inside,
    number,
    switch,
    text,
    texts,
    word,
)

CLOUD = "tencentcloud"
_ELSEWHERE = (
    "source_security_id", "source_sgid", "address_template_id", "address_template_group", "address_template",
)  # fmt: skip
_SERVICES = ("service_template_id", "service_template_group", "protocol_template")


def _parts(body: Body) -> tuple[Any, Any, Any]:
    """Protocol, ports and peers of a rule; without a peer it is not valid, so nothing is concluded."""
    service = any(body.raw(key) not in (None, "", []) for key in _SERVICES)
    return (
        UNKNOWN if service else protocol(body.get("protocol", "ip_protocol")),
        UNKNOWN if service else spans(body.get("port", "port_range")),
        peers(
            body.get("cidr_block", "cidr_ip", "ipv6_cidr_block", "ipv6_cidr_ip"),
            elsewhere=any(body.raw(key) not in (None, "", []) for key in _ELSEWHERE),
        ),
    )


def _denies(body: Body) -> bool:
    said = body.get("action", "policy")
    return isinstance(said, str) and said.lower() == "drop"


def _rule(body: Body) -> Iterator[Draft]:
    if not _denies(body):
        asked, ports, who = _parts(body)
        yield from allowed(
            body.name, group=group_of(body), ingress=direction(body.get("type")), protocol=asked, ports=ports, peers=who
        )


def _rule_set(body: Body) -> Iterator[Draft]:
    """Ordered: what an earlier rule drops wholly, a later one does not open."""
    for way in ("ingress", "egress"):
        rows = body.blocks(way)
        if rows is None:
            yield from allowed(
                f"{body.name}/{way}", group=group_of(body), ingress=way, protocol=UNKNOWN, ports=UNKNOWN, peers=UNKNOWN
            )
            continue
        denied = Denied()
        for row in rows:
            asked, ports, who = _parts(row)
            if _denies(row):
                denied.add(asked, ports, who)
            elif not denied.covers(asked, ports, who):
                yield from allowed(row.name, group=group_of(body), ingress=way, protocol=asked, ports=ports, peers=who)


def _lite_rules(body: Body) -> Iterator[Draft]:
    """`ACCEPT#192.168.1.0/24#80#TCP`, in order."""
    for way in ("ingress", "egress"):
        value = body.get(way)
        denied = Denied()
        for index, row in enumerate(value if isinstance(value, list) else [] if value is None else [value], 1):
            name = f"{body.name}/{way}-{index}"
            pieces = row.split("#") if isinstance(row, str) and row != UNKNOWN else []
            if len(pieces) != 4:
                yield from allowed(
                    name, group=group_of(body), ingress=way, protocol=UNKNOWN, ports=UNKNOWN, peers=UNKNOWN
                )
                continue
            asked, ports = protocol(pieces[3]), spans(pieces[2])
            who = peers(pieces[1], elsewhere=pieces[1].startswith(("sg-", "ipm")))
            if pieces[0].upper() == "DROP":
                denied.add(asked, ports, who)
            elif not denied.covers(asked, ports, who):
                yield from allowed(name, group=group_of(body), ingress=way, protocol=asked, ports=ports, peers=who)


def _groups(body: Body) -> Any:
    """The groups of a host; without any, the provider binds the account's default group."""
    return texts("orderly_security_groups", "security_groups", default=("default",))(body)


def _target(body: Body) -> Iterator[Draft]:
    """The cloud's monitoring agent is installed unless it is switched off."""
    if switch("disable_monitor_service", default=False)(body) is False:
        yield Draft("mon.target", body.name, {"of": f"compute.host/{body.name}", "job": "cloud-monitor"})


def _address(body: Body) -> Iterator[Draft]:
    """A public address of its own, where one is asked for (default: none)."""
    on = switch("allocate_public_ip", default=False)(body)
    if on is not False:
        yield Draft(
            "net.eip", f"{body.name}/address", {"of": UNKNOWN if on is UNKNOWN else f"compute.host/{body.name}"}
        )


def _node_addresses(body: Body) -> Iterator[Draft]:
    """Public addresses of a cluster's machines, one for each group of them that asks for some (default: none)."""
    for key in ("master_config", "worker_config", "worker_instances_list"):
        for group in body.blocks(key) or []:
            if switch("public_ip_assigned", default=False)(group) is True:
                yield Draft("net.eip", group.name, {"of": f"k8s.cluster/{body.name}"})


def _database_door(key: str, port: int) -> More:
    """Where a database is asked; the switch opens it to the internet (default: closed)."""

    def more(body: Body) -> Iterator[Draft]:
        opened = switch(key, default=False)(body)
        exposure = UNKNOWN if opened is UNKNOWN else "internet" if opened else "private"
        own = number("intranet_port", default=port)(body)
        yield Draft("net.listener", f"{body.name}/door", {"port": own, "protocol": "tcp", "exposure": exposure})

    return more


_BLOCK_KEY = encrypted(CLOUD, on=switch("encrypt", default=False), key=text("kms_key_id"))
_FLOW = ("time", "source", "destination", "source-port", "destination-port", "protocol", "action")
_exposure = word("network_type", table={"open": "internet", "internal": "private"}, default=UNKNOWN)
"""where a balancer answers"""


def _balancer_log(body: Body) -> Iterator[Draft]:
    """What a balancer answers is recorded where both a log set and a topic are named."""
    sink = text("log_topic_id")(body)
    if body.raw("log_set_id") and sink:
        yield Draft("net.flowlog", body.name, {"of": f"net.lb/{body.name}", "sink": sink})
        if sink is not UNKNOWN:
            yield Draft("log.sink", sink, {"bucket": None, "sources": (f"net.lb/{body.name}",)})


def _endpoint(body: Body) -> Iterator[Draft]:
    """Where the API of a cluster is asked; `cluster_internet` opens it to the internet (default: closed)."""
    opened = switch("cluster_internet", default=False)(body)
    exposure = UNKNOWN if opened is UNKNOWN else "internet" if opened else "private"
    yield Draft(
        "net.listener",
        f"{body.name}/api",
        {"lb": None, "port": 6443, "protocol": "https", "tls": UNKNOWN, "exposure": exposure},
    )


TABLE: dict[str, Entry] = {
    "tencentcloud_security_group": Entry("net.sg", {"default": const("deny"), "hosts": const(())}),
    "tencentcloud_security_group_rule": Entry("component", more=(_rule,)),
    "tencentcloud_security_group_rule_set": Entry("component", more=(_rule_set,)),
    "tencentcloud_security_group_lite_rule": Entry("component", more=(_lite_rules,)),
    "tencentcloud_vpc": Entry("net.vpc"),
    "tencentcloud_subnet": Entry("net.subnet", {"cidr4": text("cidr_block"), "cidr6": text("ipv6_cidr_block")}),
    "tencentcloud_cbs_storage": Entry(
        "storage.volume",
        {
            "size_gib": number("storage_size"),
            "encryption_key": encrypted(CLOUD, on=switch("encrypt", default=False), key=text("kms_key_id")),
        },
    ),
    "tencentcloud_cos_bucket": Entry(
        "storage.bucket",
        {
            "public": word(
                "acl", table={"private": False, "public-read": True, "public-read-write": True}, default=False
            ),
            "encryption_key": encrypted(
                CLOUD,
                on=word("encryption_algorithm", table={"aes256": True, "kms": True, "": False}, default=False),
                key=text("kms_id"),
            ),
            "versioning": switch("versioning_enable", default=False),
            "tls_only": const(False),
            "access_log": lambda body: (
                text("log_target_bucket")(body) if switch("log_enable", default=False)(body) else None
            ),
        },
    ),
    "tencentcloud_mysql_instance": Entry(
        "db.instance",
        {
            "engine": const("mysql"),
            "version": text("engine_version"),
            "storage_gib": number("volume_size"),
            "tls": const(UNKNOWN),
            "encryption_key": const(UNKNOWN),
            "audit": const(UNKNOWN),
            "admin": const("root"),
            "password": text("root_password", default=UNKNOWN),
        },
        (_database_door("internet_service", 3306),),
    ),
    "tencentcloud_postgresql_instance": Entry(
        "db.instance",
        {
            "engine": const("postgresql"),
            "version": text("db_major_version", "engine_version"),
            "storage_gib": number("storage"),
            "tls": const(UNKNOWN),
            "encryption_key": encrypted(CLOUD, on=switch("need_support_tde", default=False), key=text("kms_key_id")),
            "audit": const(UNKNOWN),
            "admin": text("root_user", default="root"),
            "password": text("root_password", default=UNKNOWN),
            "deletion_protection": switch("delete_protection", default=False),
        },
        (_database_door("public_access_switch", 5432),),
    ),
    "tencentcloud_vpc_flow_log": Entry(
        "net.flowlog",
        {
            "of": lambda body: UNKNOWN if (name := body.get("vpc_id")) in (None, UNKNOWN) else f"net.vpc/{name}",
            "fields": const(_FLOW),
            "sink": text("cloud_log_id"),
        },
    ),
    "tencentcloud_instance": Entry(
        "compute.host",
        {"image": text("image_id"), "subnet": text("subnet_id"), "security_groups": _groups, "admin": const(UNKNOWN)},
        (_target, _address, disks("data_disks", _BLOCK_KEY)),
    ),
    "tencentcloud_clb_instance": Entry(
        "net.lb",
        {
            "exposure": _exposure,
            "bandwidth_mbps": number("internet_bandwidth_max_out", default=UNKNOWN),
            "waf": const(UNKNOWN),
            "ips": const(UNKNOWN),
            "anti_ddos": const(UNKNOWN),
            "count": const(UNKNOWN),
        },
        (_balancer_log,),
    ),
    "tencentcloud_clb_listener": Entry(
        "net.listener",
        {
            "lb": text("clb_id"),
            "port": number("port"),
            "protocol": word(
                "protocol", table={"http": "tcp", "https": "https", "tcp": "tcp", "udp": "udp", "tcp_ssl": "tls"},
                default=None,
            ),
            "exposure": lambda body: _exposure(balancer) if (balancer := body.follow("clb_id")) else UNKNOWN,
            "tls": lambda body: UNKNOWN if str(body.get("protocol")).lower() in ("https", "tcp_ssl") else None,
            "certificate": text("certificate_id"),
        },
    ),
    "tencentcloud_kubernetes_cluster": Entry(
        "k8s.cluster", {"audit": inside("cluster_audit", switch("enabled", default=False), False)}, (_endpoint, _node_addresses)
    ),
    "tencentcloud_kms_key": Entry(
        "kms.key",
        {
            "usage": word(
                "key_usage",
                table={"encrypt_decrypt": "encrypt", "asymmetric_decrypt_rsa_2048": "encrypt",
                       "asymmetric_decrypt_sm2": "encrypt", "asymmetric_sign_verify_sm2": "sign"},
                default="encrypt",
            ),
            "spec": word(
                "key_usage",
                table={"asymmetric_decrypt_rsa_2048": "RSA_2048", "asymmetric_decrypt_sm2": "SM2",
                       "asymmetric_sign_verify_sm2": "SM2"},
                default=UNKNOWN,
            ),
            "provenance": const(UNKNOWN),
            "rotation_days": lambda body: (
                365 if (on := switch("key_rotation_enabled", default=False)(body)) is True else 0 if on is False else on
            ),
            "deletion_window_days": number("pending_delete_window_in_days", default=7),
        },
    ),
}  # fmt: skip
