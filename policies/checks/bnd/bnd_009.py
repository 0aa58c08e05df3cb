"""BND-009: what the internet reaches stands behind intrusion prevention and protection against floods."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.records import Said, absent, means, reply, settled_by, untold
from policies.checks.references import thing
from policies.checks.shape import Check, Looked, Mends, Params, Words, below, concluded, not_applicable

CHECK = Check(
    id="BND-009",
    title_zh="互联网入口防入侵和防泛洪",
    title_en="Entrances from the internet are guarded against attacks and floods",
    clauses=("GB/T 22239-2019 8.1.3.3 a)",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("net.lb", "net.eip"),
    fix_zh="给负载均衡或公网地址接上入侵防御和抗拒绝服务",
    fix_en="put intrusion prevention and protection against floods before the balancer or public address",
)
_GUARDS: tuple[tuple[str, str, Words], ...] = (
    ("ips", "sec.ips", ("前面没有入侵防御", "no intrusion prevention stands before it")),
    ("anti_ddos", "sec.ddos", ("前面没有抗拒绝服务", "nothing before it takes floods away")),
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a balancer and a public address."""
    del params
    covers = {kind: Said(estate, "protects", kind) for _, kind, _ in _GUARDS}
    for one in estate.kind(*CHECK.kinds):
        if answer := below(one, 3):
            yield answer
        elif one.kind == "net.eip":
            target = thing(estate, one.get("of"))
            yield _guarded(one, target, covers, [] if target else [*untold(one, "of"), absent(one, one.get("of"))][:1])
        elif lacking := untold(one, "exposure"):
            yield concluded(one, (), lacking)
        elif one.get("exposure") != "internet":
            yield not_applicable(one, "不对互联网提供", "not offered to the internet")
        else:
            yield _guarded(one, one, covers, [])


def _guarded(one: Resource, target: Resource | None, covers: dict[str, Said], lost: list[Words]) -> Looked:
    """What the balancer does itself, and the devices before it or before the address that leads to it."""
    wrong: list[Words] = []
    open_: list[Words] = []
    for key, kind, words in _GUARDS:
        own = [reply(target, key)] if target and target.kind == "net.lb" else lost
        before = covers[kind].replies(means(one) + means(target))
        bad, unread = settled_by([*own, *before], words)
        wrong += bad
        open_ += unread
    return concluded(one, wrong, sorted(set(open_)))


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """Of a balancer, what it can do itself; before a bare address a device has to be put."""
    del params
    balancer = one if one.kind == "net.lb" else thing(estate, one.get("of"))
    if balancer is None or balancer.kind != "net.lb":
        return None
    lacking = [
        key for key, kind, _ in _GUARDS if not any(Said(estate, "protects", kind).replies(means(one) + means(balancer)))
    ]
    return switched(balancer, *(key for key in lacking if balancer.get(key) is False))
