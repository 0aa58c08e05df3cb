"""DAT-004: keys are changed in time, deleted with a delay, and not deleted while something needs them."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend, nearest
from policies.checks.references import pointing
from policies.checks.shape import Check, Looked, Mends, Param, Params, Words, concluded, listed
from policies.checks.told import given, lacking
from policies.checks.wants import Want, between, weighed

CHECK = Check(
    id="DAT-004",
    title_zh="密钥按期轮换,删除有保护",
    title_en="Keys are rotated, and deleted with care",
    clauses=("GB/T 39786-2021 密钥管理",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("kms.key", "storage.bucket", "storage.volume", "storage.snapshot", "db.instance", "dr.backup_plan"),
    fix_zh="rotation_days 不超过一年,deletion_window_days 不少于 30 天;先换掉引用再删除密钥",
    fix_en="rotation_days of a year at most, deletion_window_days of 30 at least; replace the uses before the key goes",
    params={
        "rotation": Param(365, "轮换间隔上限(天)", "most days between rotations", least=1),
        "window": Param(30, "删除等待期下限(天)", "fewest days before a deletion takes effect", least=1),
    },
)
_USES = (
    ("encryption_key", ("storage.bucket", "storage.volume", "storage.snapshot", "db.instance", "dr.backup_plan",
                        "compute.image")),
    ("digest_key", ("audit.trail",)),
    ("key", ("zt.pep", "kms.grant")),
)  # fmt: skip
"""field that names a key, and the kinds that have it"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a key."""
    days, window = params["rotation"], params["window"]
    wants = (
        Want("rotation_days", between(1, days), f"{{}} 天轮换一次,应在 1 到 {days} 天", f"rotated every {{}} d, wanted 1..{days}"),
        Want("deletion_window_days", between(window, float("inf")),
             f"删除等待期 {{}} 天,下限 {window}", f"deleted after {{}} d, at least {window}"),
    )  # fmt: skip
    for key in estate.kind("kms.key"):
        wrong, open_ = weighed(key, wants)
        bad, unclear = _going(estate, key)
        yield concluded(key, wrong + bad, open_ + unclear)


def _going(estate: Estate, key: Resource) -> tuple[list[Words], list[Words]]:
    if gone := lacking(key, "pending_deletion"):
        return [], [gone]
    if key.get("pending_deletion") is not True:
        return [], []
    pointers = [pointing(estate, field, *kinds) for field, kinds in _USES]
    users = [f"{one.kind}/{one.name}" for found in pointers for one in found.at(key.name)]
    if users:
        words = listed(users)
        return [(f"等待删除,而 {words} 还在用", f"waits to be deleted, and {words} still use it")], []
    if any(found.unsure for found in pointers):
        return [], [
            ("等待删除,而有资源的密钥尚未确定", "waits to be deleted, and the keys of some resources are not known yet")
        ]
    return [], []


def remedy(estate: Estate, key: Resource, params: Params) -> Mends | None:
    """Its numbers at their limits; a key that is about to be deleted is somebody's decision."""
    del estate
    if key.get("pending_deletion") is True or not given(key, "rotation_days") or not given(key, "deletion_window_days"):
        return None
    return mend(
        key, rotation_days=nearest(key["rotation_days"], 1, params["rotation"]),
        deletion_window_days=nearest(key["deletion_window_days"], params["window"], float("inf")),
    )  # fmt: skip
