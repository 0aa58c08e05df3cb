"""CHG-001: every update was asked for, approved by somebody else, is what was approved, and is on record for good."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded
from policies.checks.told import absent, follow, unread, why

CHECK = Check(
    id="CHG-001",
    title_zh="变更经他人审批且与批准一致",
    title_en="Updates are approved by another and are what was approved",
    clauses=("GB/T 22239-2019 8.1.10.6 g)", "GB/T 22239-2019 8.1.10.10 a)", "GB/T 22239-2019 8.1.10.10 b)"),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("stack.update", "log.sink", "storage.bucket"),
    fix_zh="变更先登记、由他人审批、只执行批准的计划,记录存入锁定的存储桶",
    fix_en="register the change, have another person approve it, apply only the plan that was approved, and keep its record "
    "in a locked bucket",
    params={"days": Param(180, "记录锁定天数下限", "fewest days that the record is locked", least=1)},
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an update."""
    found = estate.kind("stack.update")
    yield from absent(estate, found, "变更记录", "record of an update")
    for one in found:
        yield unread(one, "change", "author", "approver", "plan_digest", "applied_digest", "sink") or _update(
            estate, one, params
        )


def _update(estate: Estate, one: Resource, params: Params) -> Looked:
    wrong: list[Words] = []
    if not one["change"]:
        wrong.append(("没有变更号", "has no number of a change"))
    if not one["author"]:
        wrong.append(("没有写申请人", "names nobody who asked for it"))
    if not one["approver"]:
        wrong.append(("没有审批人", "names nobody who approved it"))
    elif one["approver"] == one["author"]:
        wrong.append((f"由申请人 {one['author']} 自己审批", f"was approved by {one['author']}, who asked for it"))
    if not one["plan_digest"]:
        wrong.append(("没有批准的计划", "has no plan that was approved"))
    elif one["plan_digest"] != one["applied_digest"]:
        wrong.append(("执行的不是批准的计划", "what was applied is not the plan that was approved"))
    if not one["sink"]:
        return concluded(one, [*wrong, ("记录没有去处", "is recorded nowhere")])
    sink, open_words = follow(estate, one, "sink", "log.sink")
    if sink:
        _locked(estate, sink, params, wrong, open_words)
    return concluded(one, wrong, open_words)


def _locked(estate: Estate, sink: Resource, params: Params, wrong: list[Words], open_words: list[Words]) -> None:
    if not sink.get("bucket"):
        wrong.append((f"{sink.name} 不存入存储桶,可以修改", f"{sink.name} is kept in no bucket and can be changed"))
        return
    bucket, gone = follow(estate, sink, "bucket", "storage.bucket")
    open_words += gone
    if bucket and (hidden := unread(bucket, "locked_days")):
        open_words.append(why(bucket, hidden))
    elif bucket and bucket["locked_days"] < params["days"]:
        days = bucket["locked_days"]
        wrong.append(
            (f"{bucket.name} 只锁定 {days:g} 天", f"{bucket.name} is locked for {days:g} d < {params['days']}")
        )
