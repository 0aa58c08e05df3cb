"""Where IPv6 is translated to IPv4: in, the city; out, the sites whose access router does it (RFC 6146)."""

from __future__ import annotations

from inventory import layout, numbering
from inventory.model import City


def sites(city: City) -> list[str]:
    """Keys of the sites with an IPv6-mostly segment of the city's own: its hosts reach IPv4 by NAT64 (RFC 8925)."""
    if city.addresses.nat64 is None:
        return []
    own = layout.of_city(city).segments
    mostly = {segment.site for segment in own if numbering.family(city, segment).stack == "ipv6-mostly"}
    return [site.key for site in city.sites if site.key in mostly]
