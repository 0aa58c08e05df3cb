"""TEN-005: rules of access are bound to the machine or its network card, so that they move with it."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.records import listing, untold
from policies.checks.shape import Check, Looked, Params, Words, concluded, failed, missing, not_applicable, passed

CHECK = Check(
    id="TEN-005",
    title_zh="访问规则随虚拟机迁移",
    title_en="Rules of access move with the machine",
    clauses=("GB/T 22239-2019 8.2.4.2 a)",),
    severity="medium",
    severity_basis="project",
    scope="stack",
    kinds=("net.port", "net.sg"),
    fix_zh="把规则绑定到端口或虚拟机,不绑定到宿主机或资源池",
    fix_en="bind the rules to the port or the machine, never to a hypervisor or a pool",
)
_MOVING = ("port", "machine")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a port and a group."""
    del params
    for port in estate.kind("net.port"):
        if lacking := untold(port, "bound_to"):
            yield concluded(port, (), lacking)
        elif port.get("bound_to") in _MOVING:
            yield passed(port)
        else:
            to = port.get("bound_to")
            yield failed(port, f"规则绑定在 {to} 上,迁移后就失效", f"its rules are bound to the {to} and stay behind")
    for group in estate.kind("net.sg"):
        if lacking := untold(group, "hosts"):
            yield concluded(group, (), lacking)
        elif not (names := listing(group.get("hosts"))):
            yield not_applicable(group, "没有绑定任何主机", "is bound to no host")
        else:
            wrong: list[Words] = []
            open_: list[Words] = []
            for name in sorted(names):
                if estate.named("compute.host", name):
                    continue
                if estate.named("compute.pool", name):
                    wrong.append((f"绑定在资源池 {name} 上", f"it is bound to the pool {name}"))
                else:
                    open_.append(missing(group, "compute.host", name))
            yield concluded(group, wrong, open_)
