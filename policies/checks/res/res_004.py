"""RES-004: of all data and every backup it can be said where it is."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks import places
from policies.checks.references import thing
from policies.checks.shape import Check, Looked, Params, failed, missing, passed, settled, unknown

CHECK = Check(
    id="RES-004",
    title_zh="数据和备份的位置可查",
    title_en="It can be told where data and backups are",
    clauses=("GB/T 22239-2019 8.2.4.6 b)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("db.instance", "storage.bucket", "storage.volume", "storage.snapshot", "dr.replication", "dr.backup_plan",
           "dr.copy"),
    fix_zh="给数据写 site 或 sites,给复制和备份写 target_site,给副本写 location",
    fix_en="write site or sites of data, target_site of replications and backups, location of copies",
)  # fmt: skip
_HERE = ("site",)
_ALL = ("site", "sites")
_FIELDS = {
    "db.instance": _ALL,
    "storage.bucket": _HERE,
    "storage.volume": _HERE,
    "storage.snapshot": _HERE,
    "dr.replication": ("target_site",),
    "dr.backup_plan": ("target_site",),
    "dr.copy": ("location",),
}
_SNAPSHOT = "storage.snapshot"


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer for all that holds data or a copy; a snapshot is where its disk is, unless it says otherwise."""
    del params
    for kind, fields in _FIELDS.items():
        for one in estate.kind(kind):
            names, open_ = places.named(one, fields)
            if names:
                yield passed(one)
            elif open_:
                yield unknown(one, *open_[0])
            elif kind == _SNAPSHOT and one.get("of"):
                yield _as_source(estate, one)
            else:
                yield failed(one, "没有写明位置", "does not say where it is")


def _as_source(estate: Estate, snapshot: Resource) -> Looked:
    of = snapshot["of"]
    if not settled(of):
        return unknown(snapshot, "of 尚未确定", "of is not known yet")
    if (source := thing(estate, of)) is None:
        return unknown(snapshot, *missing(snapshot, *str(of).partition("/")[::2]))
    names, open_ = places.named(source, _ALL)
    if names:
        return passed(snapshot)
    if open_:
        return unknown(snapshot, f"{of}:{open_[0][0]}", f"{of}: {open_[0][1]}")
    return failed(snapshot, f"它和 {of} 都没有写明位置", f"neither it nor {of} says where it is")
