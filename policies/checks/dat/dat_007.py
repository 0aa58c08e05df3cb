"""DAT-007: what is deleted is gone: disks are erased, copies go with the original, no copy outlives it."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.references import pointing, thing
from policies.checks.shape import Check, Looked, Mends, Params, concluded, failed, missing, passed, unknown
from policies.checks.told import unread
from policies.checks.wants import Want, true, weighed

CHECK = Check(
    id="DAT-007",
    title_zh="删除要删净,副本不遗留",
    title_en="What is deleted is gone, with its copies",
    clauses=(
        "GB/T 22239-2019 8.1.4.10 a)",
        "GB/T 22239-2019 8.1.4.10 b)",
        "GB/T 22239-2019 8.2.4.7 a)",
        "GB/T 22239-2019 8.2.4.7 b)",
    ),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("storage.volume", "storage.lifecycle", "storage.snapshot", "dr.replication", "dr.backup_plan", "dr.copy",
           "gov.evidence"),
    fix_zh="卷打开 secure_erase;删除策略包含副本和备份;原数据已删除的,清除其复制、快照和备份",
    fix_en="switch on secure_erase of volumes; let deletion cover replicas and backups; remove copies of what was deleted",
    assurance="partial",
)  # fmt: skip
_WANTS = {
    "storage.volume": Want("secure_erase", true, "释放前不清除", "is not erased before it is given back"),
    "storage.lifecycle": Want(
        "covers_copies", true, "删除时不含副本和备份", "its deletions leave replicas and backups"
    ),
}
_COPIES = ("storage.snapshot", "dr.replication", "dr.backup_plan", "dr.copy")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a volume, a rule of deletion and a copy."""
    del params
    for kind, want in _WANTS.items():
        for one in estate.kind(kind):
            yield concluded(one, *weighed(one, (want,)))
    for copy in estate.kind(*_COPIES):
        yield _orphaned(estate, copy)


def _orphaned(estate: Estate, copy: Resource) -> Looked:
    if hidden := unread(copy, "of"):
        return hidden
    of = copy["of"]
    if thing(estate, of) is not None:
        return passed(copy)
    # only a record of the deletion tells an orphan from a copy of something that is not shown here
    records = pointing(estate, "about", "gov.evidence").at(str(of))
    if any(row.get("subject") == "deletion" and row.get("result") == "passed" for row in records):
        return failed(copy, f"{of} 已删除,它还在", f"{of} was deleted, and this is still there")
    return unknown(copy, *missing(copy, *str(of).partition("/")[::2]))


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The switch of a volume or a rule; whether a copy that outlived its original may go is for people to say."""
    del estate, params
    return switched(one, _WANTS[one.kind].field) if one.kind in _WANTS else None
