"""Zero trust (GB/T 43696-2024): decision, enforcement and what they lean on."""

from __future__ import annotations

from inventory.kinds.base import Recorded


class Pdp(Recorded):
    """Policy decision point."""

    sites: tuple[str, ...] | None = None
    count: int | None = None
    subnet: str | None = None
    public: bool | None = None
    identity: str | None = None
    """name of the `iam.idp`"""
    local_users: bool | None = None


class Pep(Recorded):
    """Policy enforcement point; `protects` as in security devices."""

    protects: tuple[str, ...] | None = None
    decides: str | None = None
    """name of the `zt.pdp` that it asks"""
    identity: str | None = None
    local_users: bool | None = None
    channel: str | None = None
    """to the decision point: mtls, tlcp, tls, plain"""
    certificate: str | None = None
    key: str | None = None


class Resource(Recorded):
    """An entry of the resource catalogue."""

    of: str | None = None
    """`<kind>/<name>`"""


class Policy(Recorded):
    """A rule of access."""

    default: str | None = None
    """deny, allow: what happens where no rule matches"""
    session_hours: float | None = None
    reevaluate_minutes: int | None = None
    conditions: tuple[str, ...] | None = None
    """device, environment, location, time, behaviour"""
    signed: bool | None = None
    verified: bool | None = None
    """who enforces it checks the signature"""


class Sensor(Recorded):
    """A source of what is known of devices and environment."""

    feeds: str | None = None
    """name of the `zt.pdp`"""
    subjects: tuple[str, ...] | None = None
