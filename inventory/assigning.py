"""Who gets which address: the decision of the address step. Pure.

In: what was read, the addresses that are known, and what the present network uses. Out: addresses for everything that the
city and its requests come to; what is known stays as it is, also what is no longer asked for, unless it lies outside the
segment, or the zone, that it has to be in by now: then it moves, back to where it was before if that still rests. Nothing
new is what the present network uses, unless it is declared to become just this. New names are dealt with in an order that
does not depend on the order of the requests: segments by name, hosts and balancers by system and then as their request has
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from inventory import layout, numbering, translation
from inventory.allocations import TABLES, Addresses, Allocations, Moved, Prefixes
from inventory.allotting.prefixes import BITS, Prefix, address_text, overlaps, parse, text
from inventory.allotting.space import Free
from inventory.layout import Layout, Segment
from inventory.model import Address, Block, City, Family
from inventory.occupied import NOTHING, Occupied, owner
from inventory.problems import Problem, Refused, placed
from inventory.reading import Read

_FIRST_HOST, _FIRST_VIP = 0x10, 0x1000
_FIRST_HOST4 = 2
_PLAN = "inventory/city/addresses.yaml"


def layouts(read: Read) -> list[Layout]:
    """What needs addresses: the city's own first, then system by system."""
    requests = sorted(read.requests, key=lambda request: request.stack)
    return [layout.of_city(read.city), *(layout.of_request(read.city, request) for request in requests)]


def assign(read: Read, previous: Allocations, occupied: Occupied = NOTHING) -> Allocations:
    """Addresses for everything. Refused, with all that is wrong, where a field of the plan or an IPv4 segment is full, or
    `previous` overlaps or lies outside the plan."""
    city, plan = read.city, read.city.addresses
    wanted = layouts(read)
    _sound(previous, plan)
    problems: list[Problem] = []
    origins = {request.stack: request.origin("name") for request in read.requests}
    problems += _twice(wanted, origins)
    moved: list[Moved] = []
    segments = _Segments(city, previous, problems, origins, occupied, moved).all(
        [s for each in wanted for s in each.segments]
    )
    hosts, vips = dict(previous.hosts), dict(previous.vips)
    inside = _Inside(segments, previous, problems, occupied, moved)
    for each in wanted:
        origin = origins.get(each.system or "", _PLAN)
        for machine in each.machines:
            inside.give(hosts, "host", machine.name, machine.segment, _FIRST_HOST, each.system or "", origin)
        for vip in each.vips:
            inside.give(vips, "vip", vip.name, vip.segment, _FIRST_VIP, each.system or "", origin)
    routers = [f"{role}-{site.key}" for site in city.sites for role in ("core", "access")]
    numbered = {
        "links": ([link.key for link in city.links], Block(prefix=plan.link6, length=127), 1),
        "loopbacks": (routers, Block(prefix=plan.loopback6, length=128), 1),
        "locators": (routers, plan.locators, 0),
        "nat64": ([site.key for site in city.sites], plan.nat64, 1),
        "pool4": (translation.sites(city), Block(prefix=plan.public4, length=plan.pool4), 0),
    }
    dealt = {
        table: _dealt(getattr(previous, table), names, block, skipped, problems, occupied)
        for table, (names, block, skipped) in numbered.items()
    }
    if problems:
        raise Refused(problems)
    now = Allocations(segments, hosts, vips, *(dealt[table] for table in TABLES[3:]))
    return replace(now, fresh=len(now) - len(previous), moved=tuple(moved), former=_former(previous.former, moved))


class _Segments:
    """Prefixes of segments, one at a time, out of the areas of the plan."""

    def __init__(
        self, city: City, previous: Allocations, problems: list[Problem], origins: Mapping[str, str], occupied: Occupied,
        moved: list[Moved],
    ) -> None:  # fmt: skip
        self._city, self._plan, self._problems, self._origins = city, city.addresses, problems, origins
        self._occupied, self._moved, self._former = occupied, moved, previous.former
        self._done = dict(previous.segments)
        self._areas: dict[Prefix, Free] = {}
        self._whole: dict[tuple[str | None, ...], Prefix] = {}
        left = [words for key, each in self._former.items() if key.startswith("segment6/") for words in each]
        self._parsed = {words: parse(words) for words in (*(each.cidr6 for each in self._done.values()), *left)}
        self._used = sorted(self._parsed.values())
        whole, used = parse(self._plan.ula), [parse(each.ula) for each in self._done.values() if each.ula]
        self._local = Free.of(BITS[6], [whole], [whole.nth(0, 64), *used])
        self._four = _Free4(self._plan, (parse(each.cidr4) for each in self._done.values() if each.cidr4), occupied)
        self._kept6, self._kept4, self._kept_local = dict[str, Prefix](), dict[str, Prefix](), dict[str, Prefix]()
        """segment → what it has in the present network and keeps"""

    def all(self, wanted: Iterable[Segment]) -> dict[str, Prefixes]:
        wanted = sorted(wanted, key=lambda s: s.name)
        self._keep(wanted)
        for prefix in self._occupied.inside(parse(self._plan.ula)):
            self._local.bar(min(prefix.length, 64), prefix.start >> 64 << 64)
        for segment in wanted:
            family, before = numbering.family(self._city, segment), self._done.get(segment.name)
            there = self._parsed.get(before.cidr6) if before else None
            left = numbering.strayed(self._city, segment, there, self._area(segment)) if there else None
            cidr6 = before.cidr6 if before and left is None else self._six(segment)
            if before and left is not None and cidr6:
                self._moved.append(Moved("segment6", segment.name, before.cidr6, cidr6, segment.zone, left))
            cidr4 = (before.cidr4 if before else None) or self._of4(segment, family)
            ula = (before.ula if before else None) or self._ula(segment, family)
            if cidr6:
                # what the plan does not ask for is not used, and still nobody else's
                self._done[segment.name] = Prefixes(cidr6, cidr4 if family.ipv4 else None, ula if family.ula else None)
        return self._done

    def _keep(self, wanted: Iterable[Segment]) -> None:
        """Migrations that are declared: decided before anything else, so that nobody gets what another one keeps."""
        used, plan = {*self._used}, self._plan
        for segment in wanted:
            name, whose = segment.name, owner(segment.bureau)
            if not self._occupied.declares(name):
                continue
            family, before = numbering.family(self._city, segment), self._done.get(name)
            if before is None:
                area = numbering.area(self._city, segment)
                used.update(numbering.barred(self._city, area))
                found = (each for each in self._occupied.declared(name, whose, 64, area) if each not in used)
                for prefix in islice(found, 1):
                    self._kept6[name] = prefix
                    used.add(prefix)
            if family.ipv4 and not (before and before.cidr4):
                found = self._occupied.declared(name, whose, family.ipv4, parse(plan.prefix4))
                self._kept4.update((name, each) for each in islice(filter(self._four.keep, found), 1))
            if family.ula and not (before and before.ula):
                found = self._occupied.declared(name, whose, 64, parse(plan.ula))
                free = (each for each in found if self._local.carve(64, each.start))
                self._kept_local.update((name, each) for each in islice(free, 1))

    def _six(self, segment: Segment) -> str:
        if segment.name in self._kept6:
            return text(self._kept6[segment.name])
        area, last = self._area(segment), self._plan.fields[-1]
        for words in self._former.get(f"segment6/{segment.name}", ()):
            if self._parsed[words] in area:
                return words
        if area not in self._areas:
            free = self._areas[area] = Free.of(BITS[6], [area], numbering.barred(self._city, area))
            for prefix in (*self._used, *self._kept6.values()):
                if prefix in area:
                    free.carve(prefix.length, prefix.start)
            for prefix in self._occupied.inside(area):
                free.bar(min(prefix.length, 64), prefix.start >> 64 << 64)
        free = self._areas[area]
        if free.size >> 64 <= last.growth:
            kept = f"(另留 {last.growth} 个)" if last.growth else ""
            also = f" ({last.growth} more are kept for growth)" if last.growth else ""
            if self._occupied.meets(area):
                kept, also = f"{kept}(现网清单占用了一部分)", f"{also} (the inventory of the present network has some)"
            self._full(segment, f"{last.name}{kept}", f"{last.name}{also}", (1 << last.bits) - last.growth)
            return ""
        return text(Prefix(6, free.take(64) or 0, 64))

    def _area(self, segment: Segment) -> Prefix:
        key = (segment.site, segment.zone, segment.bureau, segment.tier)
        if key not in self._whole:
            self._whole[key] = numbering.area(self._city, segment)
        return self._whole[key]

    def _of4(self, segment: Segment, family: Family) -> str | None:
        if family.ipv4 is None:
            return None
        prefix = self._kept4.get(segment.name) or self._four.take(family.ipv4)
        if prefix is None:
            whole = parse(self._plan.prefix4)
            self._full(segment, f"prefix4 {whole}", f"prefix4 {whole}", whole.size)
        return text(prefix) if prefix else None

    def _ula(self, segment: Segment, family: Family) -> str | None:
        if not family.ula:
            return None
        kept = self._kept_local.get(segment.name)
        start = kept.start if kept else self._local.take(64)
        if start is None:
            self._full(segment, f"ula {self._plan.ula}", f"ula {self._plan.ula}", parse(self._plan.ula).size >> 64)
        return text(Prefix(6, start, 64)) if start is not None else None

    def _full(self, of: Segment, zh: str, en: str, size: int) -> None:
        self._problems.append(_full(of.name, zh, en, size, self._origins.get(of.system or "", _PLAN)))


class _Free4:
    """First fit by size: each size takes whole blocks and fills them, so that sizes do not mix."""

    def __init__(self, plan: Address, used: Iterable[Prefix], occupied: Occupied) -> None:
        self._plan, self._whole, self._occupied = plan, parse(plan.prefix4), occupied
        self._used = set(used)
        self._sizes = {self._block(prefix): prefix.length for prefix in self._used}
        self._start: dict[int, int] = {}

    def _block(self, prefix: Prefix) -> int:
        return (prefix.start - self._whole.start) >> (32 - self._plan.block4)

    def keep(self, prefix: Prefix) -> bool:
        """Exactly this one; False where it is another's, or its block has prefixes of another size."""
        if prefix in self._used or self._sizes.get(self._block(prefix), prefix.length) != prefix.length:
            return False
        self._used.add(prefix)
        self._sizes[self._block(prefix)] = prefix.length
        return True

    def take(self, size: int) -> Prefix | None:
        for index in range(self._start.get(size, 0), 1 << (self._plan.block4 - self._whole.length)):
            if self._sizes.get(index, size) != size:
                continue
            block = self._whole.nth(index, self._plan.block4)
            for number in range(1 << (size - block.length)):
                prefix = block.nth(number, size)
                if prefix not in self._used and not self._occupied.meets(prefix):
                    self._used.add(prefix)
                    self._sizes[index] = size
                    self._start[size] = index
                    return prefix
        return None


class _Inside:
    """Addresses of hosts and balancers inside their segments."""

    def __init__(
        self, segments: Mapping[str, Prefixes], previous: Allocations, problems: list[Problem], occupied: Occupied,
        moved: list[Moved],
    ) -> None:  # fmt: skip
        self._segments, self._problems, self._occupied, self._moved = segments, problems, occupied, moved
        self._previous, self._former, self._held = previous, previous.former, dict[Prefix, str]()
        known = [w for a in (*previous.hosts.values(), *previous.vips.values()) for w in (a.address6, a.address4) if w]
        known += [w for key, left in self._former.items() if not key.startswith("segment") for w in left]
        self._parsed = {words: parse(words) for words in known}
        self._taken = set(self._parsed.values())
        self._next: dict[tuple[Prefix, int], int] = {}

    def give(
        self, to: dict[str, Addresses], of: str, name: str, segment: str, first: int, system: str, origin: str
    ) -> None:
        """What it has inside its segment stays; what it lacks and its segment has is given."""
        prefixes = self._segments.get(segment)
        if prefixes is None:
            return  # there was no room for the segment, which has been said
        before = to.get(name)
        six = self._kept(prefixes.cidr6, before and before.address6, first, f"{of}6/{name}", system)
        four = before.address4 if before else None
        if prefixes.cidr4 is not None:
            four = self._kept(prefixes.cidr4, four, _FIRST_HOST4, f"{of}4/{name}", system)
        elif before is None or six != before.address6:
            four = None
        full = prefixes.cidr6 if six is None else prefixes.cidr4 if four is None else None
        if full is not None:
            self._problems.append(_full(name, full, full, parse(full).size, origin))
        if before and six is not None:
            for kind, was, now in ((f"{of}6", before.address6, six), (f"{of}4", before.address4, four)):
                if was and was != now:
                    self._moved.append(Moved(kind, name, was, now, segment, self._left(before.address6)))
        if six is not None:
            to[name] = Addresses(six, four if prefixes.cidr4 else None)

    def _kept(self, cidr: str, before: str | None, first: int, key: str, system: str) -> str | None:
        """What the key has where that is inside, else what it had and is inside and rests, else something new."""
        net = self._parsed.get(cidr) or self._parsed.setdefault(cidr, parse(cidr))
        for words in (before, *self._former.get(key, ())):
            if words and (self._parsed.get(words) or parse(words)) in net:
                return words
        return self._take(net, first, key.partition("/")[2], system)

    def _left(self, address: str) -> str:
        """The segment that an address was in; "" where nobody knows."""
        if not self._held:
            self._held = {parse(each.cidr6): name for name, each in self._previous.segments.items()}
            for key, each in self._former.items():
                if key.startswith("segment6/"):
                    self._held.update((parse(words), key.partition("/")[2]) for words in each)
        start = parse(address).start
        return self._held.get(Prefix(6, start >> 64 << 64, 64), "")

    def _take(self, net: Prefix, first: int, name: str, system: str) -> str | None:
        bits = BITS[net.version]
        last = net.size - 1 - (net.version == 4)  # the last of IPv4 is for everyone
        for kept in self._occupied.declared(name, system, bits, net):
            if kept not in self._taken and net.start < kept.start <= net.start + last:
                self._taken.add(kept)
                return address_text(kept.version, kept.start)
        offset = self._next.get((net, first), first)
        while offset <= last:
            address = Prefix(net.version, net.start + offset, bits)
            # of a segment that lies on what is used itself, which is told, what is used inside it still counts
            used = self._occupied.around(address, net.length)
            if used is None and address not in self._taken:
                break
            offset = used.last - net.start + 1 if used else offset + 1
        self._next[net, first] = offset
        if offset > last:
            return None
        self._taken.add(Prefix(net.version, net.start + offset, bits))
        return address_text(net.version, net.start + offset)


def _dealt(
    previous: Mapping[str, str],
    names: list[str],
    block: Block | None,
    skipped: int,
    problems: list[Problem],
    occupied: Occupied,
) -> dict[str, str]:
    """A prefix of a block for each name, in the order of the names. The first `skipped` are nobody's."""
    result = dict(previous)
    if block is None:
        return result
    whole = parse(block.prefix)
    free = Free.of(BITS[whole.version], [whole], [whole.nth(number, block.length) for number in range(skipped)])
    for words in previous.values():
        prefix = parse(words)
        free.carve(prefix.length, prefix.start)
    length = block.length - block.length % 4 if block.strategy == "nibble" else block.length
    for name in names:
        kept = (each for each in occupied.declared(name, owner(None), length, whole) if name not in result)
        found = next((each for each in kept if free.carve(length, each.start)), None)
        if found:
            result[name] = text(found)
    for prefix in occupied.inside(whole):
        free.bar(prefix.length, prefix.start)
    for name in names:
        if name in result:
            continue
        start = free.take(length, sparse=block.strategy == "sparse")
        if start is None:
            problems.append(_full(name, str(whole), str(whole), 1 << (length - whole.length)))
        else:
            result[name] = text(Prefix(whole.version, start, length))
    return result


def _twice(wanted: Iterable[Layout], origins: Mapping[str, str]) -> Iterator[Problem]:
    """Names that two systems come to: `bureau.system` with its zone or a workload, and another that is called so."""
    whose: dict[tuple[str, str], str] = {}
    for each in wanted:
        system = each.system or ""
        for table, things in (("segments", each.segments), ("hosts", each.machines), ("vips", each.vips)):
            for thing in things:
                other = whose.setdefault((table, thing.name), system)
                if other != system:
                    yield Problem(
                        "address.twice", f"与 {other or '全市共用部分'} 的网段或主机同名:给系统或工作负载换个名字",
                        f"{other or 'the city itself'} has a segment or host of this name: rename the system or the workload",
                        thing.name, *placed(origins.get(system, _PLAN)),
                    )  # fmt: skip


def _former(known: Mapping[str, tuple[str, ...]], moved: Iterable[Moved]) -> dict[str, tuple[str, ...]]:
    """What keys have left, after these moves: with what they leave now, and without what they have come back to."""
    former = dict(known)
    for each in moved:
        rest = tuple(words for words in former.pop(each.key, ()) if words != each.after)
        if each.after is not None:
            rest = (*rest, each.before)
        if rest:
            former[each.key] = rest
    return former


def _sound(previous: Allocations, plan: Address) -> None:
    problems: list[Problem] = []
    segments = previous.segments
    spaces = [
        (plan.prefix6, {name: each.cidr6 for name, each in segments.items()}),
        (plan.prefix4, {name: each.cidr4 for name, each in segments.items() if each.cidr4}),
        (plan.ula, {name: each.ula for name, each in segments.items() if each.ula}),
        (plan.link6, previous.links),
        (plan.loopback6, previous.loopbacks),
        (plan.public4, previous.pool4),
        *(
            (block.prefix, getattr(previous, name))
            for name, block in (("locators", plan.locators), ("nat64", plan.nat64))
            if block
        ),
    ]
    for space, named in spaces:
        whole = parse(space)
        prefixes = [(parse(words), name) for name, words in named.items()]
        problems += (
            Problem(
                "address.outside", f"{prefix} 不在规划的 {whole} 内:改回规划,或先销毁再改规划",
                f"{prefix} is outside the plan's {whole}: restore the plan, or destroy before changing it", name,
            )
            for prefix, name in prefixes if prefix not in whole
        )  # fmt: skip
        problems += (
            Problem(
                "address.overlap", f"{prefix} 与 {before} 的 {other} 重叠:改回其中一个",
                f"{prefix} overlaps {other} of {before}: restore one of them", name,
            )
            for (other, before), (prefix, name) in overlaps(prefixes)
        )  # fmt: skip
    if problems:
        raise Refused(problems)


def _full(name: str, zh: str, en: str, size: int, origin: str = _PLAN) -> Problem:
    """`origin`: file, or `file:line`, of what asks for it."""
    return Problem(
        "address.full", f"{zh} 已用尽(共 {size}):扩大 inventory/city/addresses.yaml 中的规划",
        f"{en} is used up ({size} in all): widen the plan in inventory/city/addresses.yaml", name, *placed(origin),
    )  # fmt: skip
