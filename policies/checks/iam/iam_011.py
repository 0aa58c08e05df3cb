"""IAM-011: administrators come in groups of one duty, through a guarded door, and what they do is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.iam import duties
from policies.checks.references import thing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded, failed, listed, missing
from policies.checks.told import absent, follow, unread

CHECK = Check(
    id="IAM-011",
    title_zh="三类管理员从受控入口进入并留下记录",
    title_en="Administrators of three duties come in by a guarded door and are recorded",
    clauses=("GB/T 22239-2019 8.1.5.1 a)", "GB/T 22239-2019 8.1.5.2 a)", "GB/T 22239-2019 8.1.5.3 a)"),
    severity="high",
    severity_basis="management-terminals",
    scope="stack",
    kinds=("iam.group", "sec.bastion", "zt.pep", "log.sink"),
    fix_zh="为系统、安全、审计管理各设一组,入口只留堡垒机或零信任执行点,会话录到日志库",
    fix_en="make a group for each duty, let it in by a bastion or an enforcement point only, and record its sessions",
    params={
        "duties": Param(("system", "security", "audit"), "须有的管理组", "groups that must exist"),
        "doors": Param(("sec.bastion", "zt.pep"), "受控入口", "guarded doors"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a group, and one for the duties without a group."""
    groups = estate.kind("iam.group")
    yield from absent(estate, groups, "管理组", "group of administrators")
    held, whole = duties(groups), True
    for one in groups:
        if open_ := unread(one, "duty", "members", "entrances", "recording"):
            whole = False
            yield open_
            continue
        wrong, open_words = _doors(estate, one, params)
        if both := [member for member in one["members"] if len(held[member]) > 1]:
            wrong.append((f"{listed(both)} 也在别类管理组", f"{listed(both)} is in a group of another duty too"))
        if not one["recording"]:
            wrong.append(("会话没有录下", "its sessions are not recorded"))
        else:
            open_words += follow(estate, one, "recording", "log.sink")[1]
        yield concluded(one, wrong, open_words)
    gone = [duty for duty in params["duties"] if duty not in [one.get("duty") for one in groups]]
    if groups and whole and gone:
        yield failed(None, f"没有 {listed(gone)} 管理组", f"there is no group for {listed(gone)}")


def _doors(estate: Estate, one: Resource, params: Params) -> tuple[list[Words], list[Words]]:
    wrong: list[Words] = []
    open_: list[Words] = []
    if not one["entrances"]:
        open_.append(("没有写从哪里进入", "it is not told where it comes in"))
    for door in one["entrances"]:
        kind, _, name = door.partition("/")
        if kind not in params["doors"]:
            wrong.append((f"从 {door} 进入", f"comes in by {door}"))
        elif thing(estate, door) is None:
            open_.append(missing(one, kind, name))
    return wrong, open_
