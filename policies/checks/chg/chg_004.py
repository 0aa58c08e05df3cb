"""CHG-004: a door for remote operations closes by itself within a day, and none stays open past its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, failed, unsure
from policies.checks.told import unread

CHECK = Check(
    id="CHG-004",
    title_zh="远程运维限时开通",
    title_en="Remote operations open for a limited time",
    clauses=("GB/T 22239-2019 8.1.10.6 i)",),
    severity="high",
    severity_basis="management-terminals",
    scope="stack",
    kinds=("net.sg_rule", "net.vpn"),
    fix_zh="给远程运维的规则和 VPN 写上 24 小时内的到期时间;到期的立即删除",
    fix_en="let rules and gateways for remote operations end within 24 hours; delete those that have ended",
    dated=True,
    params={"hours": Param(24, "开通时长上限(小时)", "most hours that it is open", least=1)},
)
_PURPOSE = "remote-operations"


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a rule and a gateway for remote operations."""
    most = timedelta(hours=params["hours"])
    for one in estate.kind("net.sg_rule"):
        if open_ := unread(one, "purpose"):
            yield open_
        elif one["purpose"] == _PURPOSE:
            yield unsure(one, "expires") or _rule(one, params["today"], most)
    for one in estate.kind("net.vpn"):
        if open_ := unread(one, "purpose"):
            yield open_
        elif one["purpose"] == _PURPOSE:
            yield unread(one, "opened", "expires") or _gateway(one, params["today"], most)


def moment(value: Any) -> datetime | None:
    """An ISO 8601 time or day as the clocks of the city show it; None where it is none."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None) if isinstance(value, str) else None
    except ValueError:
        return None


def _rule(one: Resource, today: date, most: timedelta) -> Looked:
    ends = moment(one.get("expires"))
    if ends is None:
        return failed(one, "没有可用的到期时间", "has no usable time at which it ends")
    wrong = _past(ends, today)
    # it is not written when it was opened; whatever is left past the end of the day and the limit is too long
    if ends >= datetime.combine(today, datetime.min.time()) + timedelta(days=1) + most:
        wrong.append((f"到 {ends} 才到期", f"ends only on {ends}"))
    return concluded(one, wrong)


def _gateway(one: Resource, today: date, most: timedelta) -> Looked:
    opened, ends = moment(one["opened"]), moment(one["expires"])
    if opened is None or ends is None:
        return failed(one, "没有可用的开通和到期时间", "has no usable times at which it opened and ends")
    wrong = _past(ends, today)
    if not timedelta(0) < ends - opened <= most:
        wrong.append((f"开通 {opened} 至 {ends}", f"is open from {opened} to {ends}"))
    return concluded(one, wrong)


def _past(ends: datetime, today: date) -> list[Words]:
    return [(f"已于 {ends} 到期,仍未关闭", f"ended on {ends} and is still there")] if ends.date() < today else []
