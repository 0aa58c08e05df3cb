"""IMG-002: an image or snapshot that was tampered with is noticed: it has a digest, and its signature is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.shape import Check, Looked, Mends, Param, Params, concluded, unknown
from policies.checks.wants import Want, true, weighed

CHECK = Check(
    id="IMG-002",
    title_zh="镜像和快照校验完整性",
    title_en="Images and snapshots are checked for tampering",
    clauses=("GB/T 22239-2019 8.2.4.4 b)",),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("compute.image", "storage.snapshot"),
    fix_zh="登记 SM3 或 SHA-256 摘要,并打开签名校验",
    fix_en="record an SM3 or SHA-256 digest and switch on the check of signatures",
    params={"algorithms": Param(("sm3", "sha256"), "可用的摘要算法", "digest algorithms")},
)
_SIGNED = Want("signature_checked", true, "不校验签名", "its signature is not checked")
_HEX = re.compile(r"[0-9a-f]{64}")


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer an image and a snapshot; machines without any image on record are an open question."""
    found = estate.kind("compute.image", "storage.snapshot")
    if not found and estate.kind("compute.host"):
        yield unknown(None, "没有记录任何镜像", "no image was recorded")
    for one in found:
        yield concluded(one, *weighed(one, (_digest(params), _SIGNED)))


def _digest(params: Params) -> Want:
    def good(value: Any) -> bool:
        algorithm, _, digits = str(value).lower().partition(":")
        return algorithm.replace("-", "") in params["algorithms"] and _HEX.fullmatch(digits) is not None

    return Want("digest", good, "摘要“{}”不可用", "its digest '{}' will not do")


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The check of the signature; a digest is worked out over the thing itself."""
    del estate
    return None if weighed(one, (_digest(params),))[0] else switched(one, "signature_checked")
