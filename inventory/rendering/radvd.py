"""Router advertisements: in, the estate and a router; out, `radvd.conf` for the segments behind it.

Prefixes are not on-link: hosts of one segment speak through the router, where every packet is looked at. A segment
that asks for DHCPv6 says so in its advertisements, and hosts make no addresses of their own there.
"""

from __future__ import annotations

from inventory.estate import Estate
from inventory.rendering import nodes, services
from inventory.rendering.nodes import Namer

INTERVAL_S = 100
"""at most; names of resolvers are good for three of them"""

_INTERFACE = """\
interface {device} {{
    # {segment}
    AdvSendAdvert on;
    MaxRtrAdvInterval {interval};
    AdvManagedFlag {managed};
    AdvOtherConfigFlag off;
    prefix {prefix} {{
        AdvOnLink off;
        AdvAutonomous {autonomous};
    }};
{names}}};
"""


def radvd(estate: Estate, router: str, domain: str = "", name: Namer = nodes.device) -> str:
    """`radvd.conf` of one router; "" where no segment is behind it. `domain` is what short names are looked for in. Refused where a prefix is not known yet."""
    found = services.segments(estate, router)
    if not found:
        return ""
    at = estate.named("net.router", router)
    near = services.resolvers(estate, at.get("site") if at else None)
    # three are as many as hosts heed
    addresses = " ".join(r["address6"] for r in near[:3])
    lifetime = 3 * INTERVAL_S
    names = (
        f"    RDNSS {addresses} {{\n        AdvRDNSSLifetime {lifetime};\n    }};\n"
        + (f"    DNSSL {domain} {{\n        AdvDNSSLLifetime {lifetime};\n    }};\n" if domain else "")
        if near
        else ""
    )
    head = f"# {router}: 由梁柱根据部署图生成,请勿手改 / made by Liangzhu from the estate: do not edit\n"
    return head + "".join(
        _INTERFACE.format(
            device=name("segment", segment.name), segment=segment.name, interval=INTERVAL_S,
            managed="on" if segment.get("dhcp6") else "off", autonomous="off" if segment.get("dhcp6") else "on",
            prefix=nodes.normal(segment["cidr6"]), names=names,
        )
        for segment in found
    )  # fmt: skip
