"""The address step: every segment, host, load balancer, line and router of the city gets its addresses, once.

Allocation is keyed by logical name and stable: a name that has an address keeps it whatever is added, removed or
reordered around it. Pure (`assign`); `load` and `save` keep the result in one file that only this step writes, and
the Pulumi program only reads it, so addresses are known in every preview. A missing one is an error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_network
from pathlib import Path

from inventory import layout
from inventory.model import Address, City
from inventory.problems import Problem, Refused, refuse
from inventory.reading import Read

_SIZE4 = {"web": 27, "management": 24, "access": 20}
"""IPv4 side by tier; segments of other tiers are IPv6 only"""
_FIRST_HOST, _FIRST_VIP = 0x10, 0x1000
_FIRST_HOST4 = 2


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Of a segment, RFC 5952 text."""

    cidr6: str
    cidr4: str | None


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of a host or a load balancer, RFC 5952 text."""

    address6: str
    address4: str | None


@dataclass(frozen=True)
class Allocations:
    """name → numbers inside the plan's fields; text is made when asked for."""

    segments: Mapping[str, Prefixes] = field(default_factory=dict)
    hosts: Mapping[str, Addresses] = field(default_factory=dict)
    vips: Mapping[str, Addresses] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    loopbacks: Mapping[str, str] = field(default_factory=dict)
    fresh: int = field(default=0, compare=False)
    """how many were assigned this time"""

    def segment(self, name: str) -> Prefixes:
        """Prefixes of a `net.subnet`. Refused where the address step has not seen it."""
        return _there(self.segments, name)

    def host(self, name: str) -> Addresses:
        """Of a `compute.host` (or the bastion)."""
        return _there(self.hosts, name)

    def vip(self, name: str) -> Addresses:
        """Of a `net.lb`."""
        return _there(self.vips, name)

    def link(self, key: str) -> str:
        """/127 of a `net.link`."""
        return _there(self.links, key)

    def loopback(self, router: str) -> str:
        """/128 of a `net.router`."""
        return _there(self.loopbacks, router)

    def __len__(self) -> int:
        return sum(map(len, (self.segments, self.hosts, self.vips, self.links, self.loopbacks)))


def assign(read: Read, previous: Allocations) -> Allocations:
    """Addresses for everything that the city and its requests come to. What `previous` has stays as it is, also
    what is no longer asked for. Refused where a field of the plan or an IPv4 segment is full, or `previous`
    overlaps or lies outside the plan."""
    city, plan = read.city, read.city.addresses
    layouts = [layout.of_city(city), *(layout.of_request(city, request) for request in read.requests)]
    _sound(previous, plan)
    segments = _segments(city, [s for each in layouts for s in each.segments], previous)
    hosts, vips = dict(previous.hosts), dict(previous.vips)
    taken = _taken(hosts, vips)
    for each in layouts:
        for machine in each.machines:
            if machine.name not in hosts:
                hosts[machine.name] = _in_segment(machine.name, segments[machine.segment], taken, _FIRST_HOST)
        for vip in each.vips:
            if vip.name not in vips:
                vips[vip.name] = _in_segment(vip.name, segments[vip.segment], taken, _FIRST_VIP)
    links = _numbered(previous.links, [link.key for link in city.links], plan.link6, 127)
    routers = [f"{role}-{site.key}" for site in city.sites for role in ("core", "access")]
    loopbacks = _numbered(previous.loopbacks, routers, plan.loopback6, 128)
    now = Allocations(segments, hosts, vips, links, loopbacks)
    return replace(now, fresh=len(now) - len(previous))


def settle(read: Read) -> Allocations:
    """The address step: assign what is new and keep it in the environment's folder."""
    allocations = assign(read, load(read.places.addresses))
    save(read.places.addresses, allocations)
    return allocations


def _segments(city: City, wanted: list[layout.Segment], previous: Allocations) -> dict[str, Prefixes]:
    plan = city.addresses
    base = IPv6Network(plan.prefix6)
    segments = dict(previous.segments)
    used6 = {int(IPv6Network(prefixes.cidr6).network_address) for prefixes in segments.values()}
    free4 = _Free4(plan.prefix4, (p.cidr4 for p in segments.values() if p.cidr4))
    next_in: dict[int, int] = {}
    for segment in sorted(wanted, key=lambda s: s.name):
        if segment.name in segments:
            continue
        site, zone = city.site(segment.site), city.zone(segment.zone)
        bureau = city.bureau(segment.bureau) if segment.bureau else None
        if site is None or zone is None:
            raise LookupError(f"{segment} is of no site or zone of the city")  # the reader has checked both
        number = 0
        for value, bits in ((site.number, plan.site_bits), (zone.number, plan.zone_bits),
                            (bureau.number if bureau else 0, plan.bureau_bits)):  # fmt: skip
            number = number << bits | value
        area = int(base.network_address) + (number << plan.segment_bits << 64)
        index = next_in.get(area, 1)
        while area + (index << 64) in used6:
            index += 1
        if index >= 1 << plan.segment_bits:
            raise _full(segment.name, "segment_bits", 1 << plan.segment_bits)
        next_in[area] = index + 1
        used6.add(area + (index << 64))
        size = _SIZE4.get(segment.tier)
        cidr4 = free4.take(size, segment.name) if size else None
        segments[segment.name] = Prefixes(f"{IPv6Address(area + (index << 64))}/64", cidr4)
    return segments


class _Free4:
    """First fit by size class: each size takes whole /20 blocks and fills them, so nothing ever overlaps."""

    def __init__(self, prefix: str, used: Iterable[str]) -> None:
        self._space = ip_network(prefix)
        self._used = {ip_network(cidr) for cidr in used}
        self._blocks = {net.supernet(new_prefix=20): net.prefixlen for net in self._used}
        self._start: dict[int, int] = {}

    def take(self, size: int, who: str) -> str:
        blocks = list(self._space.subnets(new_prefix=20))
        for index in range(self._start.get(size, 0), len(blocks)):
            block = blocks[index]
            if self._blocks.get(block, size) != size:
                continue
            for net in block.subnets(new_prefix=size):
                if net not in self._used:
                    self._used.add(net)
                    self._blocks[block] = size
                    self._start[size] = index
                    return str(net)
        raise _full(who, "prefix4", self._space.num_addresses)


def _taken(hosts: Mapping[str, Addresses], vips: Mapping[str, Addresses]) -> set[str]:
    both = (*hosts.values(), *vips.values())
    return {text for each in both for text in (each.address6, each.address4) if text}


def _in_segment(name: str, prefixes: Prefixes, taken: set[str], first: int) -> Addresses:
    base6 = int(ip_network(prefixes.cidr6).network_address)
    offset = first
    while str(IPv6Address(base6 + offset)) in taken:
        offset += 1
    address6 = str(IPv6Address(base6 + offset))
    taken.add(address6)
    address4 = None
    if prefixes.cidr4:
        net = ip_network(prefixes.cidr4)
        free = (str(net[n]) for n in range(_FIRST_HOST4, net.num_addresses - 1))
        address4 = next((text for text in free if text not in taken), None)
        if address4 is None:
            raise _full(name, prefixes.cidr4, net.num_addresses)
        taken.add(address4)
    return Addresses(address6, address4)


def _numbered(previous: Mapping[str, str], names: list[str], prefix: str, length: int) -> dict[str, str]:
    space, result = IPv6Network(prefix), dict(previous)
    step = 1 << (128 - length)
    used = {int(IPv6Network(text).network_address) for text in previous.values()}
    number = int(space.network_address) + step
    for name in names:
        if name in result:
            continue
        while number in used:
            number += step
        if number > int(space.broadcast_address):
            raise _full(name, prefix, space.num_addresses // step)
        used.add(number)
        result[name] = f"{IPv6Address(number)}/{length}"
    return result


def _sound(previous: Allocations, plan: Address) -> None:
    problems: list[Problem] = []
    for space, nets in (
        (plan.prefix6, [(name, p.cidr6) for name, p in previous.segments.items()]),
        (plan.prefix4, [(name, p.cidr4) for name, p in previous.segments.items() if p.cidr4]),
        (plan.link6, list(previous.links.items())),
        (plan.loopback6, list(previous.loopbacks.items())),
    ):
        whole = ip_network(space)
        spans = sorted(((ip_network(text), name) for name, text in nets), key=lambda span: int(span[0][0]))
        for index, (net, name) in enumerate(spans):
            if not (int(whole[0]) <= int(net[0]) and int(net[-1]) <= int(whole[-1])):
                problems.append(
                    Problem(
                        "address.outside", f"{net} 不在规划的 {whole} 内:改回规划,或先销毁再改规划",
                        f"{net} is outside the plan's {whole}: restore the plan, or destroy before changing it", name,
                    )
                )  # fmt: skip
            if index and int(spans[index - 1][0][-1]) >= int(net[0]):
                problems.append(
                    Problem(
                        "address.overlap", f"{net} 与 {spans[index - 1][1]} 的 {spans[index - 1][0]} 重叠:改回其中一个",
                        f"{net} overlaps {spans[index - 1][0]} of {spans[index - 1][1]}: restore one of them", name,
                    )
                )  # fmt: skip
    if problems:
        raise Refused(problems)


def load(path: Path) -> Allocations:
    """The allocations of an environment; none where the file is not there yet. Refused where it is damaged."""
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Allocations()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refuse(
            "address.damaged",
            f"地址台账损坏({error}):从备份恢复这个文件,不要删除,否则地址会变",
            f"the address file is damaged ({error}): restore it from a backup; deleting it would move addresses",
            file=str(path),
        ) from None


@lru_cache(maxsize=2)
def _parsed(text: str) -> Allocations:
    """The same text is the same allocations: a forked worker has those that its parent has parsed."""
    data = json.loads(text)
    return Allocations(
        {name: Prefixes(*pair) for name, pair in data["segments"].items()},
        {name: Addresses(*pair) for name, pair in data["hosts"].items()},
        {name: Addresses(*pair) for name, pair in data["vips"].items()},
        data["links"],
        data["loopbacks"],
    )


def save(path: Path, allocations: Allocations) -> bool:
    """Write atomically; False where nothing had changed."""
    data = {
        "segments": {name: [p.cidr6, p.cidr4] for name, p in sorted(allocations.segments.items())},
        "hosts": {name: [a.address6, a.address4] for name, a in sorted(allocations.hosts.items())},
        "vips": {name: [a.address6, a.address4] for name, a in sorted(allocations.vips.items())},
        "links": dict(sorted(allocations.links.items())),
        "loopbacks": dict(sorted(allocations.loopbacks.items())),
    }
    text = json.dumps(data, ensure_ascii=False, indent=0) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    return True


def _there(table: Mapping, name: str):
    try:
        return table[name]
    except KeyError:
        raise refuse(
            "address.missing", f"“{name}”还没有地址:先运行 ./lz plan 或 ./lz up 的编址步骤",
            f"'{name}' has no address yet: run the address step (./lz plan or ./lz up)", where=name,
        ) from None  # fmt: skip


def _full(name: str, what: str, size: int) -> Refused:
    return refuse(
        "address.full", f"{what} 已用尽(共 {size}):扩大 inventory/city/addresses.yaml 中的规划",
        f"{what} is used up ({size} in all): widen the plan in inventory/city/addresses.yaml", where=name,
    )  # fmt: skip
