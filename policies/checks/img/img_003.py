"""IMG-003: images and snapshots are encrypted, not public, and shared with no one else's project."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Params,
    Words,
    below,
    concluded,
    listed,
    settled,
    texts,
    unknown,
)
from policies.checks.told import lacking
from policies.checks.wants import Want, false, unfound, untold, weighed

CHECK = Check(
    id="IMG-003",
    title_zh="镜像和快照加密且不外传",
    title_en="Images and snapshots are encrypted and not given away",
    clauses=("GB/T 22239-2019 8.2.4.4 c)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.image", "storage.snapshot", "kms.key"),
    fix_zh="用 encryption_key 加密,关闭公开,只共享给本单位",
    fix_en="encrypt it with an encryption_key, close it to the public, share it within its unit only",
)
_WANTS = (
    Want("encryption_key", bool, "没有加密", "is not encrypted"),
    Want("public", false, "是公开的", "is public"),
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an image and a snapshot; machines without any image on record are an open question."""
    del params
    found = estate.kind("compute.image", "storage.snapshot")
    if not found and estate.kind("compute.host"):
        yield unknown(None, "没有记录任何镜像", "no image was recorded")
    for one in found:
        if answer := below(one, 3):
            yield answer
            continue
        wrong, open_ = weighed(one, _WANTS)
        open_ += unfound(estate, one, "encryption_key", "kms.key")
        bad, unclear = _shared(one)
        yield concluded(one, wrong + bad, open_ + unclear)


def _shared(one: Resource) -> tuple[list[Words], list[Words]]:
    if gone := lacking(one, "shared_with"):
        return [], [gone]
    others = {str(unit) for unit in texts(one["shared_with"])} - {str(one.get("bureau"))}
    if not others:
        return [], []
    if not settled(one.get("bureau")):
        return [], [untold("bureau")]
    return [(f"共享给了 {listed(others)}", f"is shared with {listed(others)}")], []


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """Closed, and shared within its unit only; an image without a key is encrypted by making it anew."""
    del estate, params
    if not one.get("encryption_key"):
        return None
    mine = tuple(unit for unit in texts(one.get("shared_with")) if unit == one.get("bureau"))
    return mend(one, public=False, shared_with=mine) if _shared(one)[0] else mend(one, public=False)
