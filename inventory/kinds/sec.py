"""Security devices and services, certificates, secrets."""

from __future__ import annotations

from typing import ClassVar, Literal

from inventory.kinds.base import Kind


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
