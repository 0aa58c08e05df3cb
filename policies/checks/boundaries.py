"""What stands where a segment meets others: its router, and the firewalls and gaps that name it or its zone. Pure."""

from __future__ import annotations

from collections.abc import Callable

from inventory.estate import Estate, Resource
from policies.checks.records import Reply, Said, jointly, means, reply
from policies.checks.shape import missing, settled

DEVICES = ("sec.firewall", "sec.gap")


class Boundaries:
    """Of a whole estate; made once a check, with what the check wants to know of a device."""

    def __init__(self, estate: Estate, says: Callable[[Resource], Reply]) -> None:
        self._estate = estate
        self._before = Said(estate, "protects", *DEVICES, says=says)
        self._between = Said(estate, "zones", *DEVICES, says=says)

    def devices(self, segment: Resource) -> list[Reply]:
        """What firewalls and gaps at its edge say, and those that do not say where they stand."""
        return [*self._before.replies(means(segment)), *self._between.replies([str(segment.get("zone"))])]

    def router(self, segment: Resource, *keys: str) -> Reply:
        """Does the router that it hangs on have all of these switched on."""
        name = segment.get("router")
        if not isinstance(name, str) or not settled(name):
            return "没有记录路由器", "its router was not recorded"
        router = self._estate.named("net.router", name)
        return jointly(reply(router, key) for key in keys) if router else missing(segment, "net.router", name)
