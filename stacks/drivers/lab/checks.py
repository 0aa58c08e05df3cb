"""What must hold before the lab makes or removes a thing. In: records and a wish. Out: nothing, or a DriverError."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from inventory.kinds.base import Kind
from inventory.kinds.compute import Host
from inventory.kinds.net import Link, Router, Subnet
from inventory.kinds.sec import Bastion
from stacks.drivers.base import DriverError
from stacks.drivers.lab.records import Record, Records
from stacks.drivers.wants import prefix


def possible(records: Records, wanted: Kind) -> None:
    """Refuse what cannot be made beside what is there. unavailable (something it needs is missing: it may still
    come), invalid, conflict."""
    if isinstance(wanted, Router):
        _network(wanted.loopback6, wanted.name)
    elif isinstance(wanted, Link):
        if wanted.routers[0] == wanted.routers[1]:
            _invalid(wanted.name, "线路两端是同一台路由器", "both ends of the line are the same router")
        if _network(wanted.prefix6, wanted.name).num_addresses < 2:
            _invalid(wanted.name, f"前缀 {wanted.prefix6} 容不下两端地址", f"{wanted.prefix6} has no room for two ends")
        _there(records, wanted.name, "net.router", wanted.routers)
    elif isinstance(wanted, Subnet):
        prefix(wanted.cidr6, wanted.name, 6)
        if wanted.cidr4 is not None:
            prefix(wanted.cidr4, wanted.name, 4)
        _there(records, wanted.name, "net.router", [wanted.router])
        for mine in filter(None, (wanted.cidr6, wanted.cidr4)):
            for other in records.of("net.subnet"):
                for theirs in filter(None, (other.wanted["cidr6"], other.wanted.get("cidr4"))):
                    if other.name != wanted.name and _network(mine, wanted.name).overlaps(_network(theirs, other.name)):
                        _conflict(
                            wanted.name,
                            f"网段 {mine} 与 {other.name} 的 {theirs} 重叠:请改地址规划",
                            f"{mine} overlaps {theirs} of {other.name}: change the address plan",
                        )
    elif isinstance(wanted, Host | Bastion):
        if isinstance(wanted, Host) and not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", wanted.name):
            _invalid(
                wanted.name,
                f"{wanted.name!r} 不能作主机名(小写字母、数字、连字符,最多 63 个)",
                f"{wanted.name!r} is no host name (lower-case letters, digits, hyphens, at most 63)",
            )
        _there(records, wanted.name, "net.subnet", [wanted.subnet])
        _addresses(records, wanted)


def unused(records: Records, record: Record) -> None:
    """Refuse to remove what something still uses. conflict."""
    if record.kind == "net.router":
        users = [s.name for s in records.of("net.subnet") if s.wanted["router"] == record.name]
        users += [line.name for line in records.of("net.link") if record.name in line.wanted["routers"]]
    elif record.kind == "net.subnet":
        users = [h.name for h in records.of("compute.host", "sec.bastion") if h.wanted["subnet"] == record.name]
    else:
        users = []
    if users:
        _conflict(
            record.name,
            f"{', '.join(users)} 还在使用它:先删除它们",
            f"{', '.join(users)} still use it: delete them first",
        )


def _addresses(records: Records, wanted: Host | Bastion) -> None:
    segment = records.get("net.subnet", wanted.subnet)
    assert segment is not None
    for text, cidr in ((wanted.address6, segment.wanted["cidr6"]), (wanted.address4, segment.wanted["cidr4"])):
        if text is None:
            continue
        address = _address(text, wanted.name)
        if cidr is None or address not in ipaddress.ip_network(cidr):
            _invalid(
                wanted.name,
                f"地址 {text} 不在网段 {segment.name}({cidr})内",
                f"the address {text} is not in the segment {segment.name} ({cidr})",
            )
        for other in records.of("compute.host", "sec.bastion"):
            taken = [other.wanted["address6"], other.wanted.get("address4")]
            if other.name != wanted.name and address in [ipaddress.ip_address(it) for it in taken if it]:
                _conflict(
                    wanted.name,
                    f"地址 {text} 已被 {other.name} 使用:请改地址规划",
                    f"the address {text} is taken by {other.name}: change the address plan",
                )


def _there(records: Records, name: str, kind: str, wanted: Iterable[str]) -> None:
    missing = [it for it in wanted if not ((record := records.get(kind, it)) and record.whole)]
    if missing:
        raise DriverError(
            "unavailable",
            f"还没有 {kind} {', '.join(missing)}:先建它(在程序里写上依赖)",
            f"there is no {kind} {', '.join(missing)} yet: make it first (name the dependency in the program)",
            where=name,
        )


def _network(text: str, name: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        _invalid(name, f"{text!r} 不是地址或前缀", f"{text!r} is no address or prefix")
        raise


def _address(text: str, name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        _invalid(name, f"{text!r} 不是地址", f"{text!r} is no address")
        raise


def _invalid(where: str, zh: str, en: str) -> None:
    raise DriverError(
        "invalid", zh + ":请修改请求或地址规划", en + ": change the request or the address plan", where=where
    )


def _conflict(where: str, zh: str, en: str) -> None:
    raise DriverError("conflict", zh, en, where=where)
