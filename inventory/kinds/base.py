"""What every kind has."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from inventory.model.base import DataClass


class Monitoring(BaseModel):
    """How a kind is monitored, as data: the job that looks at it, and its rules by name."""

    model_config = ConfigDict(frozen=True)
    job: str
    port: int
    """TCP port of the exporter on the host that carries it"""


class Kind(BaseModel):
    """Base of every kind. Field names are the property names everywhere: program, wire, state, checks, reports."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replaces: ClassVar[frozenset[str]] = frozenset({"name"})
    """a change of one of these makes a new resource (the old one is deleted first: names are unique)"""
    secrets: ClassVar[frozenset[str]] = frozenset()
    """fields that must be Pulumi secrets"""
    outputs: ClassVar[dict[str, type]] = {}
    """what the driver adds, beside the inputs"""
    ill: ClassVar[frozenset[str]] = frozenset()
    """values of the output `status` that say that it is there and not as wanted: drift, which an update mends"""
    secret_outputs: ClassVar[frozenset[str]] = frozenset()
    """outputs that are Pulumi secrets: the driver hands them over once, on creation, and never shows them again"""
    monitoring: ClassVar[Monitoring | None] = None
    record: ClassVar[bool] = False
    """enters the estate without the provider (facts, evidence)"""

    name: str
    site: str | None = None
    zone: str | None = None
    bureau: str | None = None
    """key of the responsible unit"""
    system: str | None = None
    """stack name of the system"""
    level: int | None = None
    """等保 level of the system that it serves"""
    data_class: DataClass | None = None
    origin: str = ""
    """`file:line` of the request; a change of it alone is no change"""

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """What fields are that nobody gives; without those that are then empty."""
        return {
            name: field.default
            for name, field in cls.model_fields.items()
            if not field.is_required() and field.default is not None
        }

    @classmethod
    def kind(cls) -> str:
        """`net.sg_rule` for `inventory.kinds.net.SgRule`."""
        area = cls.__module__.rpartition(".")[2]
        return f"{area}.{re.sub(r'(?<!^)(?=[A-Z])', '_', cls.__name__).lower()}"


class Recorded(Kind):
    """Base of what enters the estate without the provider: facts of hosts, evidence, what another cloud's configuration
    says. Whatever was not recorded is `None`: a check says "unknown" of it, never "pass"."""

    record: ClassVar[bool] = True


class Device(Recorded):
    """Base of security devices and services, physical or virtual."""

    protects: tuple[str, ...] | None = None
    """what it stands before or watches: `<kind>/<name>`, or the key of a zone as `zone/<key>`"""
    families: tuple[str, ...] | None = None
    """ipv4, ipv6: what it looks at"""
    management_subnet: str | None = None
    management_protocols: tuple[str, ...] | None = None
    """ssh, https, tlcp, snmpv3, telnet, http, snmpv1, snmpv2"""
    management_channel: str | None = None
    """out-of-band, encrypted, plain"""
    log: str | None = None
    """log sink"""
    certificate_number: str | None = None
    certificate_expires: str | None = None
    """ISO 8601 date"""
    trusted_boot: bool | None = None
    attestation: str | None = None
    """who its measurements are sent to"""
    signatures_updated: bool | None = None
    """its signatures update themselves"""
