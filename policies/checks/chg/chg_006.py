"""CHG-006: updates run where they are meant to run, never from somebody's own machine."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.facts import fits
from policies.checks.shape import Check, Looked, Param, Params, failed, passed
from policies.checks.told import absent, unread

CHECK = Check(
    id="CHG-006",
    title_zh="变更只由认可的执行者运行",
    title_en="Updates run by approved runners only",
    clauses=("GB/T 22239-2019 8.1.10.6 h)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("stack.update",),
    fix_zh="从认可的执行者运行变更;新的执行者写进参数 runners",
    fix_en="run updates from an approved runner; write new ones into the parameter runners",
    params={"runners": Param(("runner/*",), "认可的执行者,* 为通配", "approved runners, with * for anything")},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an update."""
    found = estate.kind("stack.update")
    yield from absent(estate, found, "变更记录", "record of an update")
    for one in found:
        yield unread(one, "runner") or _ran(one, params)


def _ran(one: Resource, params: Params) -> Looked:
    # no pattern at all would match the empty word
    if one["runner"] and params["runners"] and fits(one["runner"], params["runners"]):
        return passed(one)
    return failed(one, f"由“{one['runner']}”运行", f"was run by '{one['runner']}'")
