"""What stands where a segment meets others: its router, and the firewalls and gaps that name it or its zone. Pure."""

from __future__ import annotations

from inventory.estate import Estate, Resource
from policies.checks.records import Cover, Reply, jointly, means, reply, silent
from policies.checks.references import pointing, word
from policies.checks.shape import Words, missing, settled

DEVICES = ("sec.firewall", "sec.gap")


class Boundaries:
    """Of a whole estate; made once a check."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._cover = Cover(estate, *DEVICES)
        self._between = pointing(estate, "zones", *DEVICES)
        self.silent: list[Words] = [*self._cover.silent, *silent(estate, "zones", *DEVICES)]
        """devices that do not say where they stand"""
        self._policies = pointing(estate, "firewall", "sec.fw_policy")
        self._mute = silent(estate, "firewall", "sec.fw_policy")

    def devices(self, segment: Resource) -> list[Resource]:
        """Firewalls and gaps at its edge, by name."""
        found = [*self._cover.of(means(segment)), *self._between.at(str(segment.get("zone")))]
        return sorted({one.urn: one for one in found}.values(), key=word)

    def router(self, segment: Resource, *keys: str) -> Reply:
        """Does the router that it hangs on have all of these switched on."""
        name = segment.get("router")
        if not isinstance(name, str) or not settled(name):
            return "没有记录路由器", "its router was not recorded"
        router = self._estate.named("net.router", name)
        return jointly(reply(router, key) for key in keys) if router else missing(segment, "net.router", name)

    def ruled(self, device: Resource) -> Reply:
        """Does it decide anything: a gap hands over only what it was told to, a firewall needs a policy."""
        if device.kind == "sec.gap" or self._policies.at(device.name):
            return True
        return next(iter(self._mute), False)
