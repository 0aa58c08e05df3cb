"""NET-003: every segment lies in a zone of the catalogue and in its own part of the address plan, every address in its
segment, and nothing has what something else has, over the whole estate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from inventory.allotting.prefixes import BITS, Prefix, parse
from inventory.estate import Estate, Resource
from policies.checks.overlaps import Taken, overlaps
from policies.checks.plan import Planned, misread, planned, unread
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, missing, not_applicable, settled

CHECK = Check(
    id="NET-003",
    title_zh="地址出自规划、归属分区且全市不重叠",
    title_en="Addresses come from the plan, lie in their zone and overlap nowhere in the city",
    clauses=("GB/T 22239-2019 8.1.2.1 c)",),
    severity="high",
    severity_basis="zones",
    scope="estate",
    kinds=("net.subnet", "net.router", "net.link", "compute.host", "sec.bastion", "net.lb"),
    fix_zh="给网段写明分区,并从地址规划重新分配地址(运行编址步骤 ./lz plan),不要手写地址",
    fix_en="name the segment's zone and take its addresses from the plan (the address step, ./lz plan), never by hand",
    params={
        "zones": Param(
            ("public", "dedicated", "internet", "video", "iot", "management"), "分区目录", "the catalogue of zones"
        )
    },
)
_SPACES = {
    "net.subnet": {"cidr6": "prefix6", "cidr4": "prefix4"},
    "net.router": {"loopback6": "loopback6", "nat64": "nat64", "pool4": ""},
    "net.link": {"prefix6": "link6"},
    "compute.host": {"address6": "prefix6", "address4": "prefix4"},
    "sec.bastion": {"address6": "prefix6", "address4": "prefix4"},
    "net.lb": {"vip6": "prefix6", "vip4": "prefix4"},
}
"""kind → its fields with addresses, each with the space of the plan in which they lie ("": in any)"""
_LENGTHS = {"cidr6": 64, "loopback6": 128, "prefix6": 127}
"""field → the one length that it may have: a segment, a loopback, a line (RFC 6164)"""
_NEEDED = frozenset({"cidr6", "loopback6", "prefix6"})
_FOUR = frozenset({"cidr4", "address4", "vip4", "pool4"})


@dataclass
class _Read:
    """One resource: what it has, what is wrong, what is not known yet."""

    of: Resource
    prefixes: dict[str, Prefix] = field(default_factory=dict)
    wrong: list[Words] = field(default_factory=list)
    open: list[Words] = field(default_factory=list)

    @property
    def inside(self) -> bool:
        """Whether it has addresses inside a segment, rather than prefixes of its own."""
        return self.of.kind in ("compute.host", "sec.bastion", "net.lb")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a resource; of two that overlap, both fail."""
    rows = [_read(one) for one in sorted(estate.kind(*_SPACES), key=lambda r: (r.kind, r.name))]
    plan = planned(estate)
    apart = overlaps(Taken(prefix, row.of) for row in rows for prefix in row.prefixes.values() if not row.inside)
    alone = overlaps(Taken(prefix, row.of) for row in rows for prefix in row.prefixes.values() if row.inside)
    around = _Around(estate)
    for row in rows:
        if not (row.prefixes or row.wrong or row.open):
            yield not_applicable(row.of, "没有地址", "has no address")
            continue
        if row.of.kind == "net.subnet":
            _zoned(row, params["zones"])
        if isinstance(plan, Planned):
            _placed(row, plan)
        else:
            row.open.append(plan)
        row.wrong += (alone if row.inside else apart).get(row.of.urn, ())
        if row.inside:
            around.look(row)
        yield concluded(row.of, row.wrong, row.open)


def _read(one: Resource) -> _Read:
    row = _Read(one)
    for key in _SPACES[one.kind]:
        value = one.get(key)
        if value is None and key not in _NEEDED:
            continue
        if not settled(value):
            row.open.append((f"{key} 尚未确定", f"{key} is not known yet"))
            continue
        try:
            prefix = parse(str(value or ""))
        except ValueError as error:
            zh, _, en = str(error).partition(" / ")
            row.wrong.append((f"{key} “{value or ''}”{zh}", f"{key} '{value or ''}' {en}"))
            continue
        if prefix.version != (4 if key in _FOUR else 6):
            row.wrong.append((f"{key} {prefix} 写错了协议", f"{key} {prefix} is of the other family"))
            continue
        most = BITS[prefix.version] if row.inside else _LENGTHS.get(key, prefix.length)
        if prefix.length != most:
            row.wrong.append((f"{key} {prefix} 须为 /{most}", f"{key} {prefix} must be a /{most}"))
        row.prefixes[key] = prefix
    return row


def _zoned(row: _Read, zones: tuple[str, ...]) -> None:
    zone = row.of.get("zone")
    if not settled(zone):
        row.open.append(("zone 尚未确定", "zone is not known yet"))
    elif zone not in zones:
        row.wrong.append((f"分区“{zone}”不在分区目录中", f"zone '{zone}' is not in the catalogue of zones"))


def _placed(row: _Read, plan: Planned) -> None:
    """Inside the plan's space, and where its bits say that it belongs."""
    for key, prefix in row.prefixes.items():
        name = _SPACES[row.of.kind][key]
        space = plan.spaces.get(name)
        if name and (space is None or prefix not in space):
            whole = f"{name} {space}" if space else name
            row.wrong.append((f"{prefix} 不在规划的 {whole} 内", f"{prefix} lies outside the plan's {whole}"))
        elif name == "prefix6":
            row.wrong += misread(plan, prefix, row.of)
            row.open += unread(plan, row.of)


class _Around:
    """The segments of an estate, by name and by address."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.by: dict[tuple[int, int], dict[Prefix, Resource]] = defaultdict(dict)
        """version, length → the prefixes of this length: few lengths are in use"""
        for one in estate.kind("net.subnet"):
            for key in _SPACES[one.kind]:
                try:
                    prefix = parse(str(one.get(key) or ""))
                except ValueError:
                    continue
                self.by[prefix.version, prefix.length][prefix] = one

    def look(self, row: _Read) -> None:
        """Whether each address lies in the segment that its owner names; a balancer names none, and one must be there."""
        name = row.of.get("subnet")
        if row.of.kind != "net.lb":
            if not settled(name):
                row.open.append(("subnet 尚未确定", "subnet is not known yet"))
                return
            if self.estate.named("net.subnet", str(name)) is None:
                row.open.append(missing(row.of, "net.subnet", name))
                return
        for prefix in row.prefixes.values():
            segment = self._segment(prefix)
            if row.of.kind == "net.lb" and segment is None:
                row.open.append(
                    (f"{prefix} 所在的网段不在被检查的范围内", f"the segment of {prefix} is not in what was judged")
                )
            elif row.of.kind != "net.lb" and (segment is None or segment.name != name):
                there = segment.name if segment else "-"
                row.wrong.append(
                    (
                        f"{prefix} 不在它的网段 {name} 内(在 {there})",
                        f"{prefix} lies outside its segment {name} (in {there})",
                    )
                )

    def _segment(self, prefix: Prefix) -> Resource | None:
        for (version, length), table in self.by.items():
            if version == prefix.version and length <= prefix.length:
                below = BITS[version] - length
                if found := table.get(Prefix(version, prefix.start >> below << below, length)):
                    return found
        return None
