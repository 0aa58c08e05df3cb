"""IAM-015: one administrator has few sessions at a time, so that a stolen login is noticed."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import limited
from policies.checks.references import pointing, thing
from policies.checks.shape import Check, Looked, Mends, Param, Params, concluded, missing, unknown
from policies.checks.told import Limit, absent, given, outside, unread

CHECK = Check(
    id="IAM-015",
    title_zh="限制管理员并发会话",
    title_en="Few sessions at a time",
    clauses=("GB/T 31168-2023 8.13",),
    severity="low",
    severity_basis="project",
    scope="resource",
    kinds=("iam.settings", "sec.bastion"),
    fix_zh="把每个管理员的并发会话数限制在参数以内;零表示不限,不可接受",
    fix_en="limit an administrator's sessions to the parameter; zero means no limit and will not do",
    params={"sessions": Param(3, "并发会话数上限", "most sessions at a time", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer for the settings of a console or bastion, and for a bastion without any."""
    found = estate.kind("iam.settings", "sec.bastion")
    yield from absent(estate, found, "控制台会话设置和堡垒机", "settings of a console, or bastion")
    settings = pointing(estate, "of", "iam.settings")
    for one in found:
        if one.kind == "sec.bastion":
            if not settings.to(one):
                yield unknown(one, "没有记录它的会话设置", "its settings are not recorded")
        elif given(one, "of") and thing(estate, one["of"]) is None:
            yield unknown(one, *missing(one, *one["of"].rpartition("/")[::2]))
        else:
            yield unread(one, "concurrent_sessions") or concluded(one, outside(one, _limits(params)))


def _limits(params: Params) -> tuple[Limit, ...]:
    return (Limit("concurrent_sessions", "并发会话数", "sessions at a time", 1, params["sessions"]),)


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The limit of a console or bastion at the parameter."""
    del estate
    return limited(one, _limits(params))
