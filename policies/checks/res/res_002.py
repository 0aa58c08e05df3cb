"""RES-002: data and every copy of it stay in the mainland: replicas, backups, logs, caches, images."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks import places
from policies.checks.shape import Check, Looked, Params, concluded

CHECK = Check(
    id="RES-002",
    title_zh="数据和副本都在境内",
    title_en="Data and its copies stay in the mainland",
    clauses=("GB/T 22239-2019 8.2.4.5 a)",),
    severity="high",
    severity_basis="project",
    scope="estate",
    kinds=("db.instance", "storage.bucket", "storage.volume", "storage.snapshot", "dr.replication", "dr.backup_plan",
           "dr.copy", "log.sink", "net.cdn", "compute.registry", "gov.site"),
    fix_zh="数据、复制、备份、日志、缓存和镜像仓库只放境内站点",
    fix_en="keep data, replicas, backups, logs, caches and registries at sites in the mainland only",
)  # fmt: skip
_HERE = (("site",),)
_ALL = (("site", "sites"),)
_FIELDS = {
    "db.instance": _ALL,
    "storage.bucket": _HERE,
    "storage.volume": _HERE,
    "storage.snapshot": _HERE,
    "log.sink": _HERE,
    "net.cdn": _ALL,
    "compute.registry": _HERE,
    "dr.replication": (("source_site",), ("target_site",)),
    "dr.backup_plan": (("target_site",),),
    "dr.copy": (("location",),),
}
"""kind → where it says that data lies or goes: of each group of fields one"""


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer for all that holds or moves data."""
    del params
    for kind, groups in _FIELDS.items():
        for one in estate.kind(kind):
            yield concluded(one, *places.resident(estate, one, *groups))
