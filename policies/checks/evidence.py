"""Records of what people did (`gov.evidence`): is there one of a thing, good and fresh enough.

In: an estate, the thing, what the record must be of, the day. Out: an answer. Where no evidence at all was recorded,
nothing can be concluded; where there is some, and none of this, it is missing.
"""

from __future__ import annotations

from datetime import date

from inventory.estate import Estate, Resource
from policies.checks.references import day, pointing
from policies.checks.shape import Looked, Words, failed, listed, passed, settled, unknown
from policies.checks.told import given, unread, why


def shown(estate: Estate, one: Resource, subject: str, today: date, days: int) -> Looked:
    """Some record of this subject about it says "passed", is younger than so many days and has not run out."""
    if not estate.kind("gov.evidence"):
        return unknown(one, "没有任何证据记录", "no evidence at all was recorded")
    kept = pointing(estate, "about", "gov.evidence")
    wrong: list[Words] = []
    open_: list[Words] = [
        (f"{row.name} 没有写明对象", f"{row.name} does not say yet what it is about") for row in kept.unsure
    ]
    for row in kept.to(one):
        if hidden := unread(row, "subject"):
            open_.append(why(row, hidden))
        elif row.get("subject") == subject:
            bad, unclear = _weighed(row, today, days)
            if not bad and not unclear:
                return passed(one)
            (wrong if bad else open_).extend(bad or unclear)
    if open_:
        return unknown(one, listed(zh for zh, _ in open_), listed(en for _, en in open_))
    if wrong:
        return failed(one, listed(zh for zh, _ in wrong), listed(en for _, en in wrong))
    return failed(one, f"没有 {subject} 的记录", f"there is no record of a {subject}")


def _weighed(row: Resource, today: date, days: int) -> tuple[list[Words], list[Words]]:
    wrong: list[Words] = []
    open_: list[Words] = []
    name, made, ends = row.name, day(row.get("date")), day(row.get("expires"))
    if not given(row, "result"):
        open_.append((f"{name} 没有写明结果", f"{name} does not tell its result"))
    elif row.get("result") != "passed":
        wrong.append((f"{name} 的结果不是通过", f"{name} did not pass"))
    if made is None:
        open_.append((f"{name} 没有可用的日期", f"{name} has no usable date"))
    elif not 0 <= (today - made).days < days:
        wrong.append(
            (f"{name} 的日期 {made} 不在最近 {days} 天内", f"{name} is of {made}, not within the last {days} days")
        )
    if not settled(row.get("expires")):
        open_.append((f"{name} 的有效期尚未确定", f"the expiry of {name} is not known yet"))
    elif ends is not None and ends < today:
        wrong.append((f"{name} 已于 {ends} 失效", f"{name} ran out on {ends}"))
    return wrong, open_
