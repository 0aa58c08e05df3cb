"""CHG-002: what is recorded, what the ledger of assets says and what is there agree, since the last update."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.references import day, grouped
from policies.checks.shape import Check, Looked, Params, Words, concluded
from policies.checks.told import absent, given, unread

CHECK = Check(
    id="CHG-002",
    title_zh="状态、台账与实际一致",
    title_en="State, ledger and what is there agree",
    clauses=("GB/T 22239-2019 8.1.10.8 a)", "GB/T 22239-2019 8.1.10.8 b)"),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("stack.state", "stack.update"),
    fix_zh="变更后刷新并导出台账;有差异的先查清原因,再改申请或恢复实际",
    fix_en="refresh and export after each update; where they differ, find out why, then change the request or mend what is "
    "there",
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a state."""
    del params
    found = estate.kind("stack.state")
    yield from absent(estate, found, "状态比对的记录", "record of a state")
    updates = grouped(estate.kind("stack.update"), "system")
    for one in found:
        mine = updates.get(one["system"] if given(one, "system") else None, [])
        yield unread(one, "recorded", "exported", "live") or _agrees(one, mine)


def _agrees(one: Resource, updates: list[Resource]) -> Looked:
    wrong: list[Words] = []
    open_words: list[Words] = []
    if not one["recorded"]:
        wrong.append(("没有记录的状态", "has no recorded state"))
    elif one["exported"] != one["recorded"]:
        wrong.append(("台账与状态不一致", "the ledger differs from the state"))
    elif one["live"] != one["recorded"]:
        wrong.append(("实际与状态不一致", "what is there differs from the state"))
    last = max((made for update in updates if (made := day(update.get("at")))), default=None)
    compared = day(one["at"]) if given(one, "at") else None
    if any(day(update.get("at")) is None for update in updates):
        open_words.append(("有变更没有记录时间", "an update does not say when it was"))
    if last and compared is None:
        open_words.append(("没有记录何时比对", "does not say when it was compared"))
    elif last and compared and compared < last:
        wrong.append((f"比对于 {compared},之后 {last} 又有变更", f"was compared on {compared}, and updated on {last}"))
    return concluded(one, wrong, open_words)
