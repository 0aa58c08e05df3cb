"""ZT-005: no rule lets anybody in without a look at the device or its surroundings, and somebody looks."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, concluded, listed
from policies.checks.told import absent, naming, nothing, unread

CHECK = Check(
    id="ZT-005",
    title_zh="访问规则看设备和环境",
    title_en="Rules look at the device and its surroundings",
    clauses=("GB/T 43696-2024 7.4",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("zt.policy", "zt.pdp", "zt.sensor"),
    fix_zh="每条访问规则带上设备或环境条件;给判决组件接入环境感知来源(zt.sensor 的 feeds)",
    fix_en="give every rule a condition on device or environment; feed the decision point from a sensor (feeds of zt.sensor)",
    params={
        "conditions": Param(("device", "environment"), "其中至少有一个的条件", "conditions, one of which is there")
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a rule and a decision point."""
    found = estate.kind("zt.policy", "zt.pdp")
    yield from absent(estate, found, "访问策略和判决组件", "rule of access or decision point")
    for one in found:
        yield _fed(estate, one) if one.kind == "zt.pdp" else unread(one, "conditions") or _looks(one, params)


def _looks(rule: Resource, params: Params) -> Looked:
    if set(rule["conditions"]) & set(params["conditions"]):
        return concluded(rule, ())
    wanted = listed(params["conditions"])
    return concluded(rule, [(f"没有 {wanted} 中的任何条件", f"has no condition on any of {wanted}")])


def _fed(estate: Estate, point: Resource) -> Looked:
    sensors, mute = naming(estate, point, "feeds", "zt.sensor", also=[point.name])
    open_words = [] if sensors else mute + nothing(estate, "zt.sensor")
    lacking = [] if sensors or open_words else [("没有环境感知来源", "is fed by no sensor")]
    return concluded(point, lacking, open_words)
