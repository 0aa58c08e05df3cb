"""Silent loss: a router that takes no packet from some of its devices, and says nothing. In: devices. Out: nft rules.

Only arriving packets are dropped, at both ends of a line: one that is refused on its way out would be told so.
Matched by name, so a device that is made again under its name is as deaf as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from stacks.drivers.lab import shell

TABLE = "liangzhu_loss"
_FIRST = -500
"""before connection tracking (-200) and every other hook"""


def silent(space: str) -> frozenset[str]:
    """Devices from which a router takes nothing."""
    shown = shell.run("ip", "netns", "exec", space, "nft", "-j", "list", "table", "inet", TABLE, check=False)
    rules = [row["rule"] for row in json.loads(shown or '{"nftables": []}')["nftables"] if "rule" in row]
    return frozenset(part["match"]["right"] for rule in rules for part in rule["expr"] if "match" in part)


def silence(space: str, devices: Iterable[str]) -> None:
    """Take nothing from these devices, and from all others again."""
    shell.run("ip", "netns", "exec", space, "nft", "-f", "-", stdin=rules(devices))


def rules(devices: Iterable[str]) -> str:
    """For `nft -f`: the table as it is to be, all at once; no devices, no table."""
    # made before it is deleted, since there may be none
    text = f"table inet {TABLE}\ndelete table inet {TABLE}\n"
    if drops := "".join(f'  iifname "{device}" counter drop\n' for device in sorted(devices)):
        text += (
            f"table inet {TABLE} {{\n chain arriving {{\n  type filter hook prerouting priority {_FIRST};\n"
            f"{drops} }}\n}}\n"
        )
    return text
