"""Hosts that carry data are not made anew beneath it: what a plan would do to them, told before anything is done.

In: a plan. Out: a problem for each host that would be replaced while a data disk or a database stays on it. A driver would
refuse to delete the host, or lose what is on it, in the middle of the update.
"""

from __future__ import annotations

from collections.abc import Iterator

from inventory import urns
from inventory.estate import Estate
from inventory.kinds import token
from inventory.problems import Problem, placed
from stacks.engine import EstatePlan

_HOST = token("compute.host")
_WORDS = {"storage.volume": ("数据盘", "data disk"), "db.instance": ("数据库", "database")}


def beneath(plan: EstatePlan) -> tuple[Problem, ...]:
    """One problem a host, in the order of their names."""
    steps = {step.urn: step for stack in plan.stacks.values() for step in stack.steps}
    goes = {urn for urn, step in steps.items() if step.op not in ("same", "update")}
    found: list[Problem] = []
    for urn in sorted(urn for urn, step in steps.items() if step.op == "replace" and urns.type_of(urn) == _HOST):
        name = urns.name(urn)
        held = [(kind, other) for kind, other, at in _on(plan.estate, name) if at not in goes]
        if held:
            host, why = plan.estate.urn(urn), ", ".join(steps[urn].why)
            zh, en = (
                "、".join(f"{_WORDS[k][0]} {n}" for k, n in held),
                ", ".join(f"{_WORDS[k][1]} {n}" for k, n in held),
            )
            found.append(
                Problem(
                    "plan.host-carries-data",
                    f"这次变更要重建这台主机({why}),而它上面还有{zh}:改回去;要搬走,先另写一个工作负载建在新的地方,把数据迁过去,再去掉旧的",
                    f"the change would make this host anew ({why}) with {en} still on it: change it back; to move it, "
                    "ask for another workload at the new place, bring the data over, and then take the old one away",
                    name, *placed(host.origin if host else ""),
                )
            )  # fmt: skip
    return tuple(found)


def _on(estate: Estate, host: str) -> Iterator[tuple[str, str, str]]:
    """(kind, name, URN) of what stands on a host."""
    for disk in estate.where("host", host):
        if disk.kind == "storage.volume":
            yield disk.kind, disk.name, disk.urn
    for database in estate.kind("db.instance"):
        members = database.get("members")
        names = members if isinstance(members, list | tuple) else ()
        if host in (*names, database.get("arbiter")):
            yield database.kind, database.name, database.urn
