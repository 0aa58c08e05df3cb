"""Rules of security groups and firewalls as clouds write them → `net.sg_rule`. Pure.

A rule of ours allows; one that denies opens nothing and becomes none. Protocols without ports (icmp, gre, …) carry the
range 0–0, so that no check takes them for open ports. Who is meant by another group, an address template or a prefix
list stands elsewhere: those peers are UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from inventory.estate import UNKNOWN
from policies.adapters.tables import Body, Draft, whole

ANY4, ANY6 = "0.0.0.0/0", "::/0"
_PORTS = frozenset({"tcp", "udp", "6", "17"})
_ALL = frozenset({"", "all", "any", "-1", "0"})


def protocol(value: Any) -> Any:
    """`tcp`, `udp`, another protocol by name, None for all of them."""
    if value is None:
        return None
    if value is UNKNOWN or not isinstance(value, str | int):
        return UNKNOWN
    said = str(value).strip().lower()
    if said in _ALL:
        return None
    return {"6": "tcp", "17": "udp", "icmpv6": "icmpv6", "ipv6-icmp": "icmpv6", "58": "icmpv6"}.get(said, said)


def spans(value: Any, apart: str = "-") -> Any:
    """`80`, `80,443`, `80-90`, `all` → ranges; None for all ports; UNKNOWN where it cannot be read."""
    if value is None:
        return None
    if value is UNKNOWN or not isinstance(value, str | int):
        return UNKNOWN
    found: list[tuple[int, int]] = []
    for piece in str(value).split(","):
        said = piece.strip().lower()
        if said in _ALL - {"0"} or said in (f"-1{apart}-1", f"1{apart}65535", f"0{apart}65535"):
            return None
        low, _, high = said.partition(apart)
        first, last = whole(low.strip()), whole((high or low).strip())
        if UNKNOWN in (first, last) or not 0 <= first <= last <= 65535:
            return UNKNOWN
        found.append((first, last))
    return tuple(found)


def between(low: Any, high: Any) -> Any:
    """Two attributes that hold a range, as OpenStack has them; 0 and 0, or neither, are all ports."""
    if low is None and high is None:
        return None
    first, last = whole(low if low is not None else high), whole(high if high is not None else low)
    if UNKNOWN in (first, last):
        return UNKNOWN
    if first <= 0 and last <= 0:
        return None
    return ((first, last),) if 0 <= first <= last <= 65535 else UNKNOWN


def peers(value: Any, *, elsewhere: bool = False, absent: tuple[str, ...] | str = UNKNOWN) -> Any:
    """Prefixes; `elsewhere` where the rule names a group or a template instead; `absent` is what no peer at all means."""
    if elsewhere:
        return UNKNOWN
    rows = value if isinstance(value, list) else [] if value in (None, "") else [value]
    if not rows:
        return absent
    return tuple(rows) if all(isinstance(row, str) and row != UNKNOWN for row in rows) else UNKNOWN


def allowed(
    name: str, *, group: Any, ingress: Any, protocol: Any, ports: Any, peers: Any, peer: str = ""
) -> Iterator[Draft]:
    """The rules that one rule of a cloud comes to: one a range of ports."""
    portless = isinstance(protocol, str) and protocol != UNKNOWN and protocol not in _PORTS
    ranges = ((0, 0),) if portless and protocol != "icmpv6" else (None,) if portless or ports is None else ports
    rows: Iterable[Any] = (UNKNOWN,) if ranges is UNKNOWN else ranges
    wide = peers is UNKNOWN
    fields = {
        "sg": group,
        "direction": ingress,
        "protocol": protocol,
        "peers4": UNKNOWN if wide else tuple(one for one in peers if ":" not in one),
        "peers6": UNKNOWN if wide else tuple(one for one in peers if ":" in one),
        "peer": peer,
        "purpose": "declared",
    }
    for index, row in enumerate(rows, 1):
        yield Draft("net.sg_rule", name if index == 1 else f"{name}/{index}", {**fields, "ports": row})


def direction(value: Any) -> Any:
    """`ingress` or `egress`, UNKNOWN for anything else."""
    said = value.lower() if isinstance(value, str) else value
    return said if said in ("ingress", "egress") else UNKNOWN


class Denied:
    """What earlier rules of an ordered set deny: a later rule that lies wholly within one of them opens nothing."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, Any, Any]] = []

    def add(self, protocol: Any, ports: Any, peers: Any) -> None:
        """A rule that denies; one that cannot be read denies nothing that could be relied on."""
        if UNKNOWN not in (protocol, ports, peers) and not isinstance(peers, str):
            self._rows.append((protocol, ports, peers))

    def covers(self, protocol: Any, ports: Any, peers: Any) -> bool:
        """Is all of a rule denied already, by one rule."""
        if UNKNOWN in (protocol, ports, peers):
            return False
        return any(
            known_protocol in (None, protocol) and _within(ports, known_ports) and _inside(peers, known_peers)
            for known_protocol, known_ports, known_peers in self._rows
        )


def _within(ports: Any, wide: Any) -> bool:
    if wide is None:
        return True
    return ports is not None and all(any(low <= one[0] and one[1] <= high for low, high in wide) for one in ports)


def _inside(peers_: tuple[str, ...], wide: tuple[str, ...]) -> bool:
    try:
        nets = [ip_network(one, strict=False) for one in wide]
        return all(
            any(mine.version == net.version and mine.subnet_of(net) for net in nets)  # type: ignore[arg-type]
            for mine in (ip_network(one, strict=False) for one in peers_)
        )
    except ValueError:
        return False


def group_of(body: Body) -> Any:
    """The group that a rule belongs to; None where the rule names none."""
    value = body.get("security_group_id")
    return value if value is None or isinstance(value, str) else UNKNOWN
