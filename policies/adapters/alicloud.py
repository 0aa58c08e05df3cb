"""Alibaba Cloud: types of the provider `aliyun/alicloud` as kinds, with the defaults that its pages document.

Not documented there and set by us: RAM locks a user for the hour in which attempts are counted; its console ends a
session after `login_session_duration` and knows no idle limit of its own. A database's list of addresses is a rule for the
port that its engine has everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inventory.estate import UNKNOWN
from policies.adapters.grants import granted, tls_only
from policies.adapters.rules import ANY4, allowed, direction, group_of, peers, protocol, spans
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
    switched,
    text,
    texts,
    word,
)

CLOUD = "alicloud"
_ACL = {"private": False, "public-read": True, "public-read-write": True}
_SPEC = {
    "aliyun_aes_256": "AES_256", "aliyun_sm4": "SM4", "ec_sm2": "SM2", "rsa_2048": "RSA_2048", "rsa_4096": "RSA_4096",
}  # fmt: skip
_EVENTS = {
    "write": ("login", "write", "vm-create", "vm-delete", "vm-reboot", "grant"),
    "read": ("read",),
    "all": ("login", "read", "write", "vm-create", "vm-delete", "vm-reboot", "grant"),
}


def _group_rule(body: Body) -> Iterator[Draft]:
    """`policy` is accept where absent, `cidr_ip` is 0.0.0.0/0 where neither it nor a group is given."""
    policy = body.get("policy")
    if isinstance(policy, str) and policy.lower() == "drop":
        return
    yield from allowed(
        body.name,
        group=group_of(body),
        ingress=direction(body.get("type")),
        protocol=protocol(body.get("ip_protocol")),
        ports=spans(body.get("port_range"), "/"),
        peers=peers(
            body.get("cidr_ip", "ipv6_cidr_ip"),
            elsewhere=body.raw("source_security_group_id") is not None or body.raw("prefix_list_id") is not None,
            absent=(ANY4,),
        ),
        peer=str(body.get("source_security_group_id") or ""),
    )


def _acl_entry(body: Body) -> Iterator[Draft]:
    """Who may call the listeners that use the list, on whatever port they have."""
    yield from allowed(
        body.name,
        group=body.get("acl_id") or UNKNOWN,
        ingress="ingress",
        protocol=None,
        ports=None,
        peers=peers(body.get("entry")),
    )


def _oss_encryption(body: Body) -> Any:
    """`sse_algorithm` is KMS, AES256 or SM4; without a key the service has its own."""
    rule = body.block("server_side_encryption_rule")
    if rule is None:
        return None if body.raw("server_side_encryption_rule") is None else UNKNOWN
    if not rule.get("sse_algorithm"):
        return None
    return text("kms_master_key_id")(rule) or f"{CLOUD}/service-key"


def _db_encryption(body: Body) -> Any:
    """By TDE (`tde_status`), or of the disk where `encryption_key` alone is given."""
    on = switched(body.get("tde_status"), False)
    key = text("encryption_key", "cloud_disk_encryption_key")(body)
    if on is True or switched(body.get("encrypted"), False) is True:
        return key or f"{CLOUD}/service-key"
    return UNKNOWN if on is UNKNOWN else key


def _logging_sink(body: Body) -> Any:
    block = body.block("logging")
    if block is None:
        return None if body.raw("logging") is None else UNKNOWN
    return text("target_bucket")(block)


def _sinks(body: Body) -> Iterator[Draft]:
    """The bucket that access logs are written to, as a sink; how long it keeps them is the bucket's affair."""
    target = _logging_sink(body)
    if target and target is not UNKNOWN:
        yield Draft("log.sink", target, {"bucket": target, "sources": (f"storage.bucket/{body.name}",)})


def _trail_sink(body: Body) -> Any:
    return text("oss_bucket_name", "sls_project_arn")(body)


def _trail_sinks(body: Body) -> Iterator[Draft]:
    target = _trail_sink(body)
    if target and target is not UNKNOWN:
        yield Draft("log.sink", target, {"bucket": target if body.raw("oss_bucket_name") else None, "sources": ("*",)})


def _days(body: Body) -> Any:
    """`rotation_interval` of a key, `365d` or seconds; 0 where it does not rotate (the default)."""
    if (on := switched(body.get("automatic_rotation"), False)) is not True:
        return 0 if on is False else UNKNOWN
    said = body.get("rotation_interval")
    unit = {"d": 1, "h": 24, "m": 1440, "s": 86400}
    if isinstance(said, str) and said[:-1].isdecimal() and len(said) < 12 and said[-1] in unit:
        return int(said[:-1]) // unit[said[-1]]
    return UNKNOWN


def _classes(body: Body) -> Any:
    """How many of the four classes are asked for; each is, where absent."""
    asked = [
        switched(body.get(f"require_{name}"), True)
        for name in ("lowercase_characters", "uppercase_characters", "numbers", "symbols")
    ]
    return UNKNOWN if UNKNOWN in asked else sum(asked)


def _factors(body: Body) -> Any:
    """Whether each login asks for a second factor: `mfa_operation_for_login`, before 1.248 `enforce_mfa_for_login`."""
    said = body.get("mfa_operation_for_login")
    on = said.lower() == "mandatory" if isinstance(said, str) and said != UNKNOWN else None
    if on is None:
        on = UNKNOWN if said is UNKNOWN else switched(body.get("enforce_mfa_for_login"), False)
    return UNKNOWN if on is UNKNOWN else ("password", "totp") if on else ("password",)


def _address(body: Body) -> Any:
    """Where a balancer answers."""
    return word("address_type", table={"internet": "internet", "intranet": "private"}, default=UNKNOWN)(body)


def _exposure(body: Body) -> Any:
    """Of a listener: where its balancer answers."""
    balancer = body.follow("load_balancer_id")
    return _address(balancer) if balancer else UNKNOWN


def _tls(body: Body) -> Any:
    """The oldest version that a listener accepts. `tls_cipher_policy_1_0` where an https listener names no policy; None
    where it speaks in clear."""
    said = body.get("protocol", "listener_protocol")
    if isinstance(said, str) and said.lower() in ("http", "tcp", "udp"):
        return None
    own = body.follow("tls_cipher_policy", "security_policy_id")
    if own:
        versions = texts("tls_versions")(own)
        return min(versions) if isinstance(versions, tuple) and versions else UNKNOWN
    policy = body.get("tls_cipher_policy", "security_policy_id")
    return _POLICIES.get("tls_cipher_policy_1_0" if policy is None else policy, UNKNOWN)


_POLICIES = {
    "tls_cipher_policy_1_0": "TLSv1", "tls_cipher_policy_1_1": "TLSv1.1", "tls_cipher_policy_1_2": "TLSv1.2",
    "tls_cipher_policy_1_2_strict": "TLSv1.2", "tls_cipher_policy_1_2_strict_with_1_3": "TLSv1.2",
}  # fmt: skip
"""policy → its oldest version"""
_BALANCER = {
    "exposure": _address,
    "bandwidth_mbps": number("bandwidth", default=UNKNOWN),
    **dict.fromkeys(("waf", "ips", "anti_ddos", "count"), const(UNKNOWN)),
}
_ENGINES = {"mysql": 3306, "mariadb": 3306, "postgresql": 5432, "ppas": 5432, "sqlserver": 1433}


def _listed(*keys: str, port: int | None = None) -> More:
    """Who may call a database; without a list nobody but the machine itself (127.0.0.1)."""

    def more(body: Body) -> Iterator[Draft]:
        who = body.get(*keys)
        if who is None:
            return
        own = port or _ENGINES.get(str(body.get("engine")).lower())
        yield from allowed(
            f"{body.name}/addresses",
            group=body.name,
            ingress="ingress",
            protocol="tcp",
            ports=((own, own),) if own else UNKNOWN,
            peers=peers(_apart(who)),
        )

    return more


def _apart(value: Any) -> Any:
    """Addresses, also where several stand in one text."""
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(row, str) and row != UNKNOWN for row in rows):
        return UNKNOWN
    return [piece.strip() for row in rows for piece in row.split(",") if piece.strip()]


def _sql_audit(body: Body) -> Iterator[Draft]:
    """Where SQL audit is on, what it keeps and for how long (30 days where not said)."""
    if switch("sql_collector_status", default=False)(body) is True:
        days = number("sql_collector_config_value", default=30)(body)
        yield Draft("log.sink", f"{body.name}/sql", {"retention_days": days, "sources": (f"db.instance/{body.name}",)})


def _public(body: Body) -> Iterator[Draft]:
    """A machine has a public address where it has outbound bandwidth (default: 0)."""
    width = number("internet_max_bandwidth_out", default=0)(body)
    if width != 0:
        yield Draft("net.eip", f"{body.name}/address", {"of": f"compute.host/{body.name}", "bandwidth_mbps": width})


_BLOCK_KEY = encrypted(CLOUD, on=switch("encrypted", default=False), key=text("kms_key_id"))


def _system_disk(body: Body) -> Iterator[Draft]:
    key = encrypted(CLOUD, on=switch("system_disk_encrypted", default=False), key=text("system_disk_kms_key_id"))
    fields = {"host": body.name, "size_gib": number("system_disk_size")(body), "encryption_key": key(body)}
    yield Draft("storage.volume", f"{body.name}/system", fields)


_FLOW = ("time", "source", "destination", "source-port", "destination-port", "protocol", "action")
_DISK = {
    "host": text("instance_id"),
    "size_gib": number("size"),
    "encryption_key": encrypted(CLOUD, on=switch("encrypted", default=False), key=text("kms_key_id")),
}
_DB = {
    "version": text("engine_version"),
    "storage_gib": number("instance_storage", "db_instance_storage"),
    "tls": switch("ssl_action", default=False),
    "encryption_key": _db_encryption,
    "admin": const(UNKNOWN),
    "password": const(UNKNOWN),
}
_LISTENER = {
    "lb": text("load_balancer_id"),
    "port": number("frontend_port", "listener_port"),
    "protocol": word(
        "protocol", "listener_protocol", table={"http": "tcp", "https": "https", "tcp": "tcp", "udp": "udp", "quic": "quic"},
        default=None,
    ),
    "exposure": _exposure,
    "tls": _tls,
    "certificate": text("server_certificate_id"),
}  # fmt: skip

TABLE: dict[str, Entry] = {
    "alicloud_security_group": Entry("net.sg", {"default": const("deny"), "hosts": const(())}),
    "alicloud_security_group_rule": Entry("component", more=(_group_rule,)),
    "alicloud_alb_acl": Entry("net.sg", {"default": const("deny"), "hosts": const(())}),
    "alicloud_alb_acl_entry_attachment": Entry("component", more=(_acl_entry,)),
    "alicloud_oss_bucket": Entry(
        "storage.bucket",
        {
            "public": word("acl", table=_ACL, default=False),
            "encryption_key": _oss_encryption,
            "versioning": inside("versioning", switch("status", default=False), False),
            "tls_only": tls_only("policy"),
            "access_log": _logging_sink,
        },
        (_sinks, granted("policy", lambda body: body.name)),
    ),
    "alicloud_oss_bucket_acl": Entry("", {"public": word("acl", table=_ACL, default=UNKNOWN)}, into="bucket"),
    "alicloud_oss_bucket_versioning": Entry("", {"versioning": switch("status", default=False)}, into="bucket"),
    "alicloud_oss_bucket_logging": Entry("", {"access_log": text("target_bucket")}, into="bucket"),
    "alicloud_oss_bucket_server_side_encryption": Entry(
        "",
        {
            "encryption_key": encrypted(
                CLOUD,
                on=word("sse_algorithm", table={"kms": True, "aes256": True, "sm4": True}, default=False),
                key=text("kms_master_key_id"),
            )
        },
        into="bucket",
    ),
    "alicloud_oss_bucket_policy": Entry(
        "", {"tls_only": tls_only("policy")}, (granted("policy", text("bucket")),), into="bucket"
    ),
    "alicloud_disk": Entry("storage.volume", _DISK),
    "alicloud_ecs_disk": Entry("storage.volume", _DISK),
    "alicloud_db_instance": Entry(
        "db.instance",
        {
            **_DB,
            "engine": text("engine"),
            "audit": switch("sql_collector_status", default=False),
            "deletion_protection": switch("deletion_protection", default=False),
        },
        (_listed("security_ips"), _sql_audit),
    ),
    "alicloud_kvstore_instance": Entry(
        "db.instance",
        {
            **_DB,
            "engine": const("redis"),
            "tls": switch("ssl_enable", default=False),
            "password": text("password", default=UNKNOWN),
            "audit": const(UNKNOWN),
        },
        (_listed("security_ips", port=6379),),
    ),
    "alicloud_mongodb_instance": Entry(
        "db.instance",
        {
            **_DB,
            "engine": const("mongodb"),
            "admin": const("root"),
            "password": text("account_password", default=UNKNOWN),
            "audit": const(UNKNOWN),
            "deletion_protection": switch("db_instance_release_protection", default=False),
        },
        (_listed("security_ip_list", port=27017),),
    ),
    "alicloud_instance": Entry(
        "compute.host",
        {"image": text("image_id"), "subnet": text("vswitch_id"), "security_groups": texts("security_groups"),
         "admin": const(UNKNOWN)},
        (_public, _system_disk, disks("data_disks", _BLOCK_KEY)),
    ),
    "alicloud_ecs_launch_template": Entry("component", more=(disks("data_disks", _BLOCK_KEY),)),
    "alicloud_nas_file_system": Entry(
        "storage.volume",
        {
            "encryption_key": encrypted(
                CLOUD,
                on=lambda body: {"0": False, "1": True, "2": True}.get(str(body.get("encrypt_type") or 0), UNKNOWN),
                key=text("kms_key_id"),
            )
        },
    ),
    "alicloud_vpc_flow_log": Entry(
        "net.flowlog",
        {
            "of": lambda body: UNKNOWN if (name := body.get("resource_id")) in (None, UNKNOWN) else f"net.vpc/{name}",
            "fields": const(_FLOW),
            "sink": text("log_store_name"),
        },
    ),
    "alicloud_api_gateway_api": Entry(
        "net.listener",
        {
            "protocol": inside(
                "request_config",
                word("protocol", table={"http": "tcp", "http,https": "tcp", "https": "https"}, default=UNKNOWN),
                UNKNOWN,
            ),
            "tls": inside(
                "request_config",
                word("protocol", table={"http": None, "http,https": None, "https": UNKNOWN}, default=UNKNOWN),
                UNKNOWN,
            ),
            "exposure": const("internet"),
        },
    ),
    "alicloud_kms_key": Entry(
        "kms.key",
        {
            "spec": word("key_spec", table=_SPEC, default="AES_256"),
            "usage": word("key_usage", table={"encrypt/decrypt": "encrypt", "sign/verify": "sign"}, default="encrypt"),
            "provenance": word(
                "protection_level", table={"hsm": "hsm", "software": "software-pool"}, default="software-pool"
            ),
            "rotation_days": _days,
            "deletion_window_days": number("pending_window_in_days", "deletion_window_in_days", default=UNKNOWN),
            "pending_deletion": word(
                "status", "key_state", table={"enabled": False, "disabled": False, "pendingdeletion": True}, default=False
            ),
        },
    ),
    "alicloud_ram_account_password_policy": Entry(
        "iam.password_policy",
        {
            "min_length": number("minimum_password_length", default=12),
            "min_classes": _classes,
            "max_age_days": number("max_password_age", default=0),
            "history": number("password_reuse_prevention", default=0),
            "lockout_tries": number("max_login_attempts", default=5),
            "lockout_minutes": const(60),
            "idle_minutes": const(360),
        },
    ),
    "alicloud_ram_security_preference": Entry(
        "iam.idp", {"mfa": _factors, "session_hours": number("login_session_duration", default=6)}
    ),
    "alicloud_actiontrail_trail": Entry(
        "audit.trail",
        {
            "of": const(("net.management_endpoint/*", "iam.idp/*")),
            "events": word("event_rw", table=_EVENTS, default=_EVENTS["write"]),
            "fields": const(("user", "time", "type", "result", "source")),
            "sink": _trail_sink,
            "enabled": switch("status", default=True),
        },
        (_trail_sinks,),
    ),
    "alicloud_vpc": Entry("net.vpc"),
    "alicloud_vswitch": Entry("net.subnet", {"cidr4": text("cidr_block"), "cidr6": text("ipv6_cidr_block")}),
    "alicloud_slb_load_balancer": Entry("net.lb", _BALANCER),
    "alicloud_alb_load_balancer": Entry("net.lb", _BALANCER),
    "alicloud_slb_listener": Entry("net.listener", _LISTENER),
    "alicloud_alb_listener": Entry("net.listener", _LISTENER),
}  # fmt: skip
