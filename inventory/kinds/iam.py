"""Identity: password policy, administrator roles, the identity provider."""

from __future__ import annotations

from typing import Literal

from inventory.kinds.base import Kind


class PasswordPolicy(Kind):
    """What every account of the city's cloud is held to."""

    min_length: int
    min_classes: int
    max_age_days: int
    history: int
    lockout_tries: int
    lockout_minutes: int
    idle_minutes: int


class Role(Kind):
    """An administrator role; 三权分立: system, security and audit have different members."""

    duty: Literal["system", "security", "audit"]
    actions: tuple[str, ...]
    members: tuple[str, ...]
    """posts, not persons"""


class Idp(Kind):
    """The city's identity provider (统一身份认证)."""

    mfa: tuple[str, ...]
    sites: tuple[str, ...]
    session_hours: int
