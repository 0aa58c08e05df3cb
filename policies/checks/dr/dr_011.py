"""DR-011: both sites of a dual-active system are built alike: hosts, rules, balancers, disks, secrets.

How many of each stand at a site is the site's own: replicas are dealt to two sites in turn, and three make two and one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from inventory.estate import UNKNOWN, Estate, Resource
from policies.checks import dr
from policies.checks.references import pointing
from policies.checks.shape import (
    Check,
    Looked,
    Param,
    Params,
    Words,
    below,
    concluded,
    listed,
    missing,
    not_applicable,
    settled,
    texts,
)
from policies.checks.told import given, unread

CHECK = Check(
    id="DR-011",
    title_zh="双活的两个站点配置一致",
    title_en="Dual-active sites are built alike",
    clauses=("GB/T 22239-2019 8.1.4.9 c)", "GB/T 22239-2019 8.1.10.8 b)"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=(
        "gov.system",
        "compute.host",
        "net.sg",
        "net.sg_rule",
        "net.lb",
        "net.listener",
        "storage.volume",
        "sec.secret",
    ),
    fix_zh="两个站点用同一份申请建成;手工改过的一边改回来",
    fix_en="build both sites from one request; undo what was changed by hand on one side",
    params={"roles": Param(("web", "app"), "由它们看出系统在哪些站点", "roles of hosts that tell where a system runs")},
)
_FIELDS = {
    "compute.host": ("role", "workload", "image", "architecture", "cpu", "memory_mib", "disk_gib", "security_groups"),
    "net.lb": ("count", "bandwidth_mbps", "exposure", "waf", "ips", "anti_ddos"),
    "net.listener": ("port", "protocol", "tls", "suites", "exposure"),
    "storage.volume": ("size_gib", "secure_erase", "deletion_protection"),
    "sec.secret": ("length", "generation"),
}
"""what is alike at all sites; names, addresses, keys and numbers are a site's own"""
_SHARED = frozenset({"sec.secret"})
"""one without a site serves all of them"""
_TOLD = {"compute.host": ("site", "role", "security_groups")}
"""without these a host cannot be compared; of all else the site is enough"""
_RULE = ("direction", "protocol", "ports", "peer", "purpose")
Shape = tuple[str, ...]
"""kind, values and rules; a value that is not known yet stands for itself"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a system of level 3 or above."""
    parts = estate.derived(_parts)
    for system in estate.kind("gov.system"):
        if answer := below(system, 3):
            yield answer
        elif hidden := unread(system, "mode"):
            yield hidden
        elif (mode := system["mode"]) != "dual-active":
            yield not_applicable(system, f"模式是 {mode},不是双活", f"its mode is {mode}, not dual-active")
        else:
            yield _compared(estate, system, parts, params)


def _compared(estate: Estate, system: Resource, parts: dr.Parts, params: Params) -> Looked:
    open_: list[Words] = list(parts.lost)
    if pointing(estate, "sg", "net.sg_rule").unsure:
        open_.append(("有规则属于哪个安全组尚未确定", "which security group a rule belongs to is not known yet"))
    paired: set[str] = set()
    built: dict[str, set[Shape]] = defaultdict(set)
    for one in parts.of.get(system.name, ()):
        site = one.get("site")
        if site is None and one.kind in _SHARED:
            continue
        if not given(one, *_TOLD.get(one.kind, ("site",))) or not settled(tuple(map(one.get, _FIELDS[one.kind]))):
            open_.append((f"{one.kind} {one.name} 尚未确定", f"{one.kind} {one.name} is not known yet"))
            continue
        if one.get("role") in params["roles"]:
            paired.add(str(site))
        absent = [name for name in texts(one.get("security_groups")) if estate.named("net.sg", name) is None]
        open_ += [missing(one, "net.sg", name) for name in absent]
        shape = _shape(estate, one)
        if not settled(shape):
            open_.append((f"{one.name} 的安全组规则尚未确定", f"the rules of {one.name} are not known yet"))
        built[str(site)].add(shape)
    first, *others = sorted(paired) or [""]
    if not others and not open_:
        return not_applicable(
            system, "只在一个站点有应用主机(见 DR-003)", "has application hosts at one site only (see DR-003)"
        )
    # what is not known yet would show as a difference
    wrong = [] if open_ else [words for site in others for words in _unlike(first, site, built)]
    return concluded(system, wrong, open_)


def _unlike(one: str, other: str, built: Mapping[str, set[Shape]]) -> list[Words]:
    """What is at one of two sites and not at the other."""
    pairs = ((one, built[one] - built[other]), (other, built[other] - built[one]))
    return [
        (f"只在站点 {site}:{listed(map(' '.join, more))}", f"only at site {site}: {listed(map(' '.join, more))}")
        for site, more in pairs
        if more
    ]


def _shape(estate: Estate, one: Resource) -> Shape:
    """Its kind and what must be alike; of security groups what their rules say, whatever the groups are called."""
    rules = estate.derived(_rules)
    groups = sorted({rule for name in texts(one.get("security_groups")) for rule in rules.get(name, ())})
    values = [f"{key}={_said(value)}" for key in _FIELDS[one.kind]
              if key != "security_groups" and (value := one.get(key)) is not None]  # fmt: skip
    return (one.kind, *values, *groups)


def _said(value: Any) -> str:
    """The same for a list, whatever it came as."""
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _parts(estate: Estate) -> dr.Parts:
    return dr.parts(estate.kind(*_FIELDS))


def _rules(estate: Estate) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for rule in estate.kind("net.sg_rule"):
        if isinstance(group := rule.get("sg"), str):
            words = [rule.get(key) for key in _RULE]
            found[group].append("/".join(map(_said, words)) if settled(words) else UNKNOWN)
    return dict(found)
