"""Things: gateways and devices of the sensing network."""

from __future__ import annotations

from inventory.kinds.base import Recorded


class Gateway(Recorded):
    """A gateway or broker."""

    subnet: str | None = None
    anonymous: bool | None = None
    credentials: str | None = None
    """per-device, shared, none"""
    protocols: tuple[str, ...] | None = None
    """mqtts, coaps, mqtt, coap, lwm2m"""
    freshness: bool | None = None
    """refuses what it has seen before"""
    destinations: tuple[str, ...] | None = None
    """prefixes that devices may reach through it"""


class Device(Recorded):
    """A sensing node in the registry."""

    gateway: str | None = None
    credential: str | None = None
    """name of its credential; None: it has none"""
    registered: bool | None = None
