"""Hosts and what comes with each: security group and rules, data volume, monitoring target.

In: a group of the blueprint and its rules. Out: `net.sg`, `net.sg_rule`, `compute.host`, `storage.volume`,
`mon.target`. The packets of a host are decided by its group alone, so the group is there before the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventory.kinds.compute import Host
from inventory.kinds.mon import Target
from inventory.kinds.net import Sg, SgRule
from inventory.kinds.storage import Volume
from inventory.layout import Machine
from stacks import flows
from stacks.blueprint import Group
from stacks.parts import After, Node, Part, Wanted, gibibytes
from stacks.sheets import Sheet

IMAGE = "debian-12"
MONITORED = Host.monitoring


def guarded(part: Part, group: Group, rules: Iterable[flows.Rule], origin: str) -> Wanted:
    """The group's security group with its rules; `rules_digest` says in one number what they are."""
    rules = tuple(rules)
    names = tuple(machine.name for machine in group.machines)
    sg = part.add(Sg, group.name, hosts=names, rules_digest=flows.digest(rules), origin=origin)
    for rule in rules:
        part.add(SgRule, rule.name, after=(sg,), **{**rule.fields(), "origin": rule.origin or origin})
    return sg


def host(blue: Sheet, part: Part, machine: Machine, group: Group, after: After, origin: str) -> Wanted:
    """One host with its address, and its monitoring target."""
    addresses = blue.allocations.host(machine.name)
    made = part.add(
        Host, machine.name, after=after, site=machine.site, zone=machine.zone, role=machine.role,
        workload=machine.workload, pool=machine.pool, architecture=machine.architecture, image=IMAGE, cpu=machine.cpu,
        memory_mib=machine.memory_mib, disk_gib=machine.disk_gib, subnet=machine.segment, address6=addresses.address6,
        address4=addresses.address4, security_groups=(group.name,), origin=origin,
    )  # fmt: skip
    if MONITORED:
        target(part, made, machine, f"compute.host/{machine.name}", MONITORED.job, MONITORED.port, addresses.address6,
               origin)  # fmt: skip
    return made


def target(
    part: Part, after: Wanted, machine: Machine, of: str, job: str, port: int, address: str, origin: str
) -> Wanted:
    """What Prometheus scrapes of a machine."""
    return part.add(
        Target, f"{job}-{machine.name}", after=(after,), of=of, job=job, port=port, address=address, role=machine.role,
        site=machine.site, zone=machine.zone, origin=origin,
    )  # fmt: skip


def volume(
    part: Part,
    machine: Machine,
    size_mib: int,
    key: str,
    after: After,
    origin: str,
    *,
    protected: bool = False,
) -> Wanted:
    """The data disk of a host, encrypted with the system's own key."""
    return part.add(
        Volume, f"{machine.name}-data", after=after, site=machine.site, zone=machine.zone, host=machine.name,
        size_gib=gibibytes(size_mib), encryption_key=key, deletion_protection=protected or None, origin=origin,
    )  # fmt: skip


def hosts(
    blue: Sheet,
    part: Part,
    group: Group,
    rules: Mapping[str, Iterable[flows.Rule]],
    grounds: Mapping[str, Node],
    origin: str = "",
) -> dict[str, Wanted]:
    """A group with its security group and every host of it. `grounds`: what this stack has of segments and pools, by
    name; a host comes after its own."""
    sg = guarded(part, group, rules[group.name], origin)
    made = {}
    for machine in group.machines:
        below = [grounds.get(machine.segment), grounds.get(machine.pool)]
        made[machine.name] = host(blue, part, machine, group, [sg, *filter(None, below)], origin)
    return made
