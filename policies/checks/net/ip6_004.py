"""IP6-004: what guards and records looks at IPv6 wherever IPv6 is spoken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from inventory.estate import Estate, Resource
from policies.checks.records import listing, untold
from policies.checks.shape import Check, Looked, Params, Words, concluded, not_applicable, passed, settled
from policies.checks.told import expected

CHECK = Check(
    id="IP6-004",
    title_zh="安全防护覆盖 IPv6",
    title_en="Guards and records cover IPv6",
    clauses=("2025年IPv6工作要点 安全产品",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("sec.waf", "sec.ips", "sec.ids", "sec.ddos", "net.flowlog"),
    fix_zh="在设备和流日志上启用 IPv6(families 写上 ipv6)",
    fix_en="switch IPv6 on at the device or flow log (families holds ipv6)",
)
_ADDRESS: Mapping[str, str] = {
    "net.subnet": "cidr6",
    "net.lb": "vip6",
    "compute.host": "address6",
    "net.eip": "address",
}
"""where the addresses of a thing stand"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a device and a flow log."""
    del params
    found = estate.kind(*CHECK.kinds)
    yield from expected(
        estate, found, "没有记录任何防护设备和流日志", "no device that guards and no flow log was recorded"
    )
    meant = _Meant(estate)
    for one in found:
        key = "of" if one.kind == "net.flowlog" else "protects"
        if lacking := untold(one, "families"):
            yield concluded(one, (), lacking)
        elif "ipv6" in listing(one.get("families")):
            yield passed(one)
        elif lacking := untold(one, key):
            yield concluded(one, (), lacking)
        else:
            yield _blind(one, listing(one.get(key)), meant)


def _blind(one: Resource, words: Iterable[str], meant: _Meant) -> Looked:
    """Is any of what it looks at reached over IPv6."""
    wrong: list[Words] = []
    open_: list[Words] = []
    for word in sorted(words):
        answer = meant.six(word)
        if answer is True:
            wrong.append((f"不看 {word} 的 IPv6", f"it does not look at the IPv6 of {word}"))
        elif answer is None:
            open_.append((f"{word} 有没有 IPv6 不能确定", f"whether {word} has IPv6 cannot be told"))
    if wrong or open_:
        return concluded(one, wrong, open_)
    return not_applicable(one, "所防护的都没有 IPv6", "nothing that it looks at has IPv6")


class _Meant:
    """What a word of a device means, and whether that has IPv6; each word is looked up once."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._known: dict[str, bool | None] = {}

    def six(self, word: str) -> bool | None:
        """None where it cannot be told."""
        if word not in self._known:
            self._known[word] = _any(map(_speaks, self._things(word)))
        return self._known[word]

    def _things(self, word: str) -> list[Resource | None]:
        kind, _, name = word.partition("/")
        if kind == "zone":
            return [one for one in self._estate.where("zone", name) if one.kind == "net.subnet"] or [None]
        if name == "*":
            return [*self._estate.kind(kind)]
        one = self._estate.named(kind, name)
        if one and one.kind == "net.listener":
            return [self._estate.named("net.lb", str(one.get("lb")))]
        if one and one.kind == "net.vpc" and not untold(one, "segments"):
            return [self._estate.named("net.subnet", name) for name in listing(one.get("segments"))]
        return [one]


def _speaks(one: Resource | None) -> bool | None:
    key = _ADDRESS.get(one.kind) if one else None
    if one is None or key is None or not settled(one.get(key)):
        return None
    return ":" in str(one.get(key))


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    if any(found):
        return True
    return None if None in found else False
