"""Identity: password policy, administrator roles, the identity provider."""

from __future__ import annotations

from typing import Literal

from inventory.kinds.base import Kind, Recorded


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


class User(Recorded):
    """An account."""

    owners: tuple[str, ...] | None = None
    """persons or posts that use it"""
    bureaus: tuple[str, ...] | None = None
    console: bool | None = None
    administrator: bool | None = None
    mfa: tuple[str, ...] | None = None
    used: str | None = None
    """ISO 8601 date of the last use"""
    enabled: bool | None = None


class AccessKey(Recorded):
    """A key of an account for programs."""

    user: str | None = None
    created: str | None = None
    """ISO 8601 date"""


class Policy(Recorded):
    """One statement of who may do what with which."""

    effect: str | None = None
    """allow, deny"""
    principals: tuple[str, ...] | None = None
    """`iam.user/…`, `iam.role/…`, `provider/…`, `tenant/<bureau>`, `*`"""
    actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    """`<kind>/<name>`, `*`"""
    conditions: tuple[str, ...] | None = None
    """names of what it looks at: sec_level, data_class, source, mfa, tls, prefix"""
    sources: tuple[str, ...] | None = None
    """prefixes that `source` stands for"""
    attached: tuple[str, ...] | None = None


class Group(Recorded):
    """Administrators of one duty, and where they come in."""

    duty: str | None = None
    members: tuple[str, ...] | None = None
    entrances: tuple[str, ...] | None = None
    """`sec.bastion/…`, `zt.pep/…`, or the console itself"""
    recording: str | None = None


class Settings(Recorded):
    """Of a console."""

    of: str | None = None
    """`sec.bastion/<name>`; None: of the console of the cloud"""
    concurrent_sessions: int | None = None
    idle_minutes: int | None = None
