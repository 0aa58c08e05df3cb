"""DR-007: a recovery plan that claims a level has what the levels up to the fourth ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.estate import Estate, Resource
from policies.checks import dr
from policies.checks.shape import Check, Looked, Params, Words, concluded, failed, unknown
from policies.checks.wants import Want, among, between, weighed

CHECK = Check(
    id="DR-007",
    title_zh="灾难恢复能力与所报等级相符(第1至4级)",
    title_en="Recovery is what its level claims (levels 1 to 4)",
    clauses=("GB/T 20988-2025 能力等级 1-4",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("dr.plan", "gov.system", "db.instance", "storage.bucket", "dr.backup_plan"),
    fix_zh="补上该等级要求的全量异地备份、备用场地、电子传送和备用设备,或如实降低 capability",
    fix_en="add the full backups elsewhere, standby site, transfer and equipment of that level, or claim a lower capability",
    assurance="partial",
)


@dataclass(frozen=True, slots=True)
class Level:
    """What a level asks; each asks what the one below does."""

    hours: int
    """a full backup at least so often"""
    standby: tuple[str, ...] = ()
    """what the standby site may be; nothing: it need not be"""
    vaulting: bool = False
    """electronic transfer every day"""


_SITE = ("on-demand", "ready", "running")
_READY = ("ready", "running")
"""all equipment is there"""
_LEVELS = {
    1: Level(168),
    2: Level(168, _SITE),
    3: Level(24, _SITE, vaulting=True),
    4: Level(24, _READY, vaulting=True),
    # from the fifth on data flows in real time (DR-008), which is more than a transfer every day
    5: Level(24, _READY),
    6: Level(24, _READY),
}
_WHOLE = Want("method", among("full", "continuous"), "是 {} 备份", "is {}")
_VAULT = Want(
    "vaulting_hours", between(0, 24), "每 {} 小时传送一次,须至少每天", "transfers every {} h, at least daily is asked"
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a recovery plan; systems without any are an open question."""
    del params
    claims = estate.kind("dr.plan")
    if not claims and estate.kind("gov.system"):
        yield unknown(None, "没有记录任何恢复预案", "no recovery plan was recorded")
    plans, hidden = dr.by_subject(estate, "dr.backup_plan")
    held = estate.derived(dr.stores)
    for claim in claims:
        if answer := dr.claim(estate, claim):
            yield answer
            continue
        level = _LEVELS.get(claim["capability"])
        if level is None:
            yield failed(claim, f"没有第 {claim['capability']} 级", f"there is no level {claim['capability']}")
            continue
        site = Want("standby", among(*level.standby), "备用场地是 {}", "its standby site is {}")
        rows = ((site, level.standby), (_VAULT, level.vaulting))
        wrong, open_ = weighed(claim, [want for want, asked in rows if asked])
        open_ += held.lost
        for store in held.of.get(claim["of"], ()):
            bad, unclear = _backed(store, plans.get(dr.reference(store), []), level.hours, hidden)
            wrong, open_ = wrong + bad, open_ + unclear
        yield concluded(claim, wrong, open_)


def _backed(store: Resource, plans: list[Resource], hours: int, hidden: bool) -> tuple[list[Words], list[Words]]:
    """One of its plans takes all of it, often enough, to another site; a continuous one has no interval."""
    often = Want("interval_hours", between(1, hours), "每 {} 小时备份一次", "is backed up every {} h")
    rows = ((plan, (_WHOLE,) if plan.get("method") == "continuous" else (_WHOLE, often)) for plan in plans)
    none = (
        f"{store.name} 没有每 {hours} 小时一次、存到别的站点的全量备份",
        f"{store.name} has no full backup every {hours} h at another site",
    )
    return dr.away(store, rows, hidden, none)
