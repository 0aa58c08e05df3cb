"""Security devices and services, certificates, secrets."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Device, Kind, Recorded


class Certificate(Kind):
    """A server certificate; `not_after` is ISO 8601."""

    subject: str
    issuer: str
    algorithm: Literal["SM2", "ECDSA_P256", "RSA_2048"]
    dual: bool
    """SM2 signing and encryption certificates, as TLCP wants"""
    valid_days: int
    renew_before_days: int


class Bastion(Kind):
    """The one way in for operators: every SSH session and every question to Prometheus starts at its address."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "site", "address6", "address4"})
    outputs: ClassVar[dict[str, type]] = {"netns": str}
    """path of the network namespace that it is, "" where it is a machine of its own"""
    subnet: str
    address6: str
    address4: str | None = None
    mfa: tuple[str, ...]
    """factors, e.g. password, certificate, ukey"""
    lockout_tries: int
    lockout_minutes: int
    idle_minutes: int
    recording: str
    """log sink of the sessions"""


class Tsa(Kind):
    """Signature and timestamp service."""

    certificate_number: str | None = None
    sites: tuple[str, ...]


class Secret(Kind):
    """A generated secret: made once by the driver, known only to the state (encrypted) and to who needs it."""

    replaces: ClassVar[frozenset[str]] = frozenset({"name", "length", "generation"})
    outputs: ClassVar[dict[str, type]] = {"value": str}
    secret_outputs: ClassVar[frozenset[str]] = frozenset({"value"})
    length: int = 24
    generation: int = 1
    """raise it to rotate"""


class Firewall(Device):
    """A boundary device; its rules are held against what is declared by others."""

    zones: tuple[str, ...] | None = None
    """keys of the zones that it stands between"""
    networks: tuple[str, ...] | None = None
    """names of external networks that it has an interface to: `internet`, or the name of a `net.vpn` between sites"""
    stateful: bool | None = None
    default: str | None = None
    """deny, allow"""
    count: int | None = None
    sites: tuple[str, ...] | None = None
    antivirus: bool | None = None


class FwPolicy(Recorded):
    """A set of rules of one tenant or boundary."""

    firewall: str | None = None
    scope: str | None = None
    """platform or tenant"""
    editors: tuple[str, ...] | None = None
    """names of roles"""
    default: str | None = None
    rules_digest: str | None = None


class Gap(Device):
    """A gap (网闸): data cross it, connections do not."""

    zones: tuple[str, ...] | None = None


class Waf(Device):
    """Filters what web applications are asked."""

    mode: str | None = None
    """block, detect"""


class Ips(Device):
    """Prevents intrusion at a boundary."""

    mode: str | None = None


class Ids(Device):
    """Detects intrusion, also between machines inside."""

    direction: str | None = None
    """north-south, east-west, both"""


class Ddos(Device):
    """Takes floods away from public addresses."""


class Av(Device):
    """Detects malicious code at a network node."""


class Mailgw(Device):
    """Filters mail; `protects` names mail domains."""

    anti_spam: bool | None = None


class Hids(Device):
    """Agents on hosts; `protects` names hosts."""

    manager: str | None = None
    patch_baseline: str | None = None
    malware: bool | None = None


class Scanner(Device):
    """Looks for known weaknesses; `protects` names hosts."""

    last_scan: str | None = None
    open_high: int | None = None
    oldest_high_days: int | None = None


class Hsm(Device):
    """A cryptographic module."""

    sites: tuple[str, ...] | None = None
