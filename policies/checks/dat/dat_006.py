"""DAT-006: stores notice when what they hold was changed: versions of objects, checksums of pages."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import switched
from policies.checks.shape import Check, Looked, Mends, Params, below, concluded
from policies.checks.wants import Want, true, weighed

CHECK = Check(
    id="DAT-006",
    title_zh="存储中的数据可查出改动",
    title_en="Stored data shows when it was changed",
    clauses=("GB/T 22239-2019 8.1.4.7 b)", "GB/T 39786-2021 8.4 存储完整性"),
    severity="medium",
    severity_basis="project",
    scope="resource",
    kinds=("storage.bucket", "db.instance"),
    fix_zh="存储桶打开 versioning,数据库打开 checksums",
    fix_en="switch on versioning of the bucket, checksums of the database",
    assurance="partial",
)
_WANTS = {
    "storage.bucket": Want("versioning", true, "没有打开版本保留", "keeps no versions"),
    "db.instance": Want("checksums", true, "没有打开页校验", "has no page checksums"),
}


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a bucket and a database of level 3 or above."""
    del params
    for kind, want in _WANTS.items():
        for one in estate.kind(kind):
            yield below(one, 3) or concluded(one, *weighed(one, (want,)))


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The switch of its kind."""
    del estate, params
    return switched(one, _WANTS[one.kind].field)
