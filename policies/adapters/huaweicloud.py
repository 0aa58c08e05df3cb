"""Huawei Cloud: types of the provider `huaweicloud/huaweicloud` as kinds, with the defaults of its pages."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import UNKNOWN
from policies.adapters.grants import granted, tls_only
from policies.adapters.rules import ANY4, ANY6, allowed, between, direction, group_of, peers, protocol, spans
from policies.adapters.tables import Body, Draft, Entry, const, inside, number, switch, text, texts, word

CLOUD = "huaweicloud"


def _rule(body: Body) -> Iterator[Draft]:
    """`action` is allow where absent; without a peer every address of the family is meant."""
    action = body.get("action")
    if isinstance(action, str) and action.lower() == "deny":
        return
    family = body.get("ethertype")
    known = {"ipv4": (ANY4,), "ipv6": (ANY6,)}
    ports = body.get("ports")
    yield from allowed(
        body.name,
        group=group_of(body),
        ingress=direction(body.get("direction")),
        protocol=protocol(body.get("protocol")),
        ports=spans(ports) if ports is not None else between(body.get("port_range_min"), body.get("port_range_max")),
        peers=peers(
            body.get("remote_ip_prefix") or None,
            elsewhere=any(body.raw(key) not in (None, "") for key in ("remote_group_id", "remote_address_group_id")),
            absent=known.get(family.lower(), UNKNOWN) if isinstance(family, str) else UNKNOWN,
        ),
    )


def _sinks(body: Body) -> Iterator[Draft]:
    block = body.block("logging")
    target = text("target_bucket")(block) if block else None
    if target and target is not UNKNOWN:
        yield Draft("log.sink", target, {"bucket": target, "sources": (f"storage.bucket/{body.name}",)})


_SERVER = Entry(
    "compute.host",
    {
        "image": text("image_id"),
        "security_groups": texts("security_group_ids", "security_groups", default=("default",)),
        "admin": const(UNKNOWN),
    },
)
TABLE: dict[str, Entry] = {
    "huaweicloud_networking_secgroup": Entry("net.sg", {"default": const("deny"), "hosts": const(())}),
    "huaweicloud_networking_secgroup_rule": Entry("component", more=(_rule,)),
    "huaweicloud_obs_bucket": Entry(
        "storage.bucket",
        {
            "public": word(
                "acl",
                table={"private": False, "log-delivery-write": False, "public-read": True, "public-read-write": True},
                default=False,
            ),
            "versioning": switch("versioning", default=False),
            "encryption_key": lambda body: (
                text("kms_key_id", default=f"{CLOUD}/service-key")(body)
                if (on := switch("encryption", default=False)(body)) is True
                else UNKNOWN
                if on is UNKNOWN
                else None
            ),
            "tls_only": tls_only("policy"),
            "access_log": inside("logging", text("target_bucket"), None),
        },
        (_sinks, granted("policy", lambda body: body.name)),
    ),
    "huaweicloud_evs_volume": Entry(
        "storage.volume", {"size_gib": number("size"), "host": text("server_id"), "encryption_key": text("kms_id")}
    ),
    "huaweicloud_rds_instance": Entry(
        "db.instance",
        {
            "engine": inside("db", text("type"), None),
            "version": inside("db", text("version"), None),
            "password": inside("db", text("password", default=UNKNOWN), UNKNOWN),
            "admin": const("root"),
            "storage_gib": inside("volume", number("size"), None),
            "encryption_key": inside("volume", text("disk_encryption_id"), None),
            "tls": switch("ssl_enable", default=UNKNOWN),
            "audit": const(UNKNOWN),
        },
    ),
    "huaweicloud_compute_instance": _SERVER,
    "huaweicloud_kms_key": Entry(
        "kms.key",
        {
            "spec": word(
                "key_algorithm",
                table={
                    "aes_256": "AES_256",
                    "sm4": "SM4",
                    "sm2": "SM2",
                    "rsa_2048": "RSA_2048",
                    "rsa_4096": "RSA_4096",
                },
                default="AES_256",
            ),
            "usage": word("key_usage", table={"encrypt_decrypt": "encrypt", "sign_verify": "sign"}, default="encrypt"),
            "provenance": const(UNKNOWN),
            "rotation_days": lambda body: (
                number("rotation_interval", default=365)(body)
                if (on := switch("rotation_enabled", default=False)(body)) is True
                else UNKNOWN
                if on is UNKNOWN
                else 0
            ),
            "deletion_window_days": number("pending_days", default=7),
        },
    ),
    "huaweicloud_identity_password_policy": Entry(
        "iam.password_policy",
        {
            "min_length": number("minimum_password_length", default=8),
            "min_classes": number("password_char_combination", default=2),
            "max_age_days": number("password_validity_period", default=0),
            "history": number("number_of_recent_passwords_disallowed", default=1),
            "lockout_tries": const(UNKNOWN),
            "lockout_minutes": const(UNKNOWN),
            "idle_minutes": const(UNKNOWN),
        },
    ),
    "huaweicloud_cts_tracker": Entry(
        "audit.trail",
        {
            "of": const(("net.management_endpoint/*", "iam.idp/*")),
            "events": const(("login", "write", "vm-create", "vm-delete", "vm-reboot", "grant")),
            "fields": const(("user", "time", "type", "result", "source")),
            "sink": text("bucket_name"),
            "enabled": switch("enabled", default=True),
        },
    ),
    "huaweicloud_vpc_eip": Entry("net.eip", {"bandwidth_mbps": inside("bandwidth", number("size"), None)}),
}
