"""Recovery: replication to other sites and backups, of the city's logs (stack `city-recovery`) and of a system's data.

In: what holds data, where it is, and what its owner asked for. Out: `dr.replication`, `dr.backup_plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inventory.kinds.dr import BackupPlan, Replication
from inventory.layout import remote_site, same_city
from inventory.model import Availability, City
from stacks.network import line_between
from stacks.parts import After, Draft, Part
from stacks.pools import LEVEL, SINK
from stacks.sheets import Sheet
from stacks.trust import CITY_KEY

REMOTE_RPO_S = 60.0
"""what an asynchronous copy over the remote line is held to where its owner asks for less"""
REMOTE_RTO_S = 14400.0
BACKUP_HOURS = 24
RETENTION_DAYS = {True: 180, False: 30}
"""from level 3 on, and below"""
RESTORE_TEST_DAYS = 90
MEDIA = "object-storage"


def city(blue: Sheet, draft: Draft) -> dict[str, Any]:
    """Stack `city-recovery`: the city's logs survive a site and the city."""
    pools = draft.reference("city-pools")
    common = {"level": LEVEL, "data_class": "general", "zone": "management", "bureau": blue.operator}
    part = draft.part("recovery:Recovery", "city", common)
    pair = same_city(blue.city)
    plan = Availability.model_validate({"mode": "dual-active", "remote": True, "rto": 3600.0, "rpo": 60.0})
    protect(blue.city, part, f"storage.bucket/{SINK}", SINK, pair, plan, CITY_KEY, [pools])
    return {"protected": [f"storage.bucket/{SINK}"]}


def protect(
    city_: City,
    part: Part,
    of: str,
    name: str,
    sites: Sequence[str],
    plan: Availability,
    key: str,
    after: After,
    *,
    level: int = LEVEL,
    origin: str = "",
) -> None:
    """Replicate between the same-city sites where there are two, to the remote site where it is asked for or the
    level asks for it, and back up in any case, as far away as there is a copy."""
    remote = remote_site(city_) if plan.remote or level >= 3 else None
    if len(sites) > 1:
        _replicate(city_, part, of, name, sites[0], sites[1], plan, True, after, origin)
    if remote:
        _replicate(city_, part, of, name, sites[0], remote, plan, False, after, origin)
    others = [site for site in same_city(city_) if site != sites[0]]
    part.add(
        BackupPlan, f"{name}-backup", after=after, site=sites[0], of=of, method="incremental",
        interval_hours=int(min(BACKUP_HOURS, max(1, plan.rpo // 3600))), retention_days=RETENTION_DAYS[level >= 3],
        media=MEDIA, target_site=remote or (others or list(sites))[0], restore_test_days=RESTORE_TEST_DAYS,
        encryption_key=key, origin=origin,
    )  # fmt: skip


def _replicate(
    city_: City,
    part: Part,
    of: str,
    name: str,
    source: str,
    target: str,
    plan: Availability,
    near: bool,
    after: After,
    origin: str,
) -> None:
    line = line_between(city_, source, target)
    part.add(
        Replication, f"{name}-{source}-{target}", after=after, site=source, of=of, source_site=source,
        target_site=target, mode="synchronous" if near else "asynchronous",
        rpo_s=0.0 if near else max(plan.rpo, REMOTE_RPO_S) if plan.rpo < 900 else 900.0,
        rto_s=plan.rto if near else max(plan.rto, REMOTE_RTO_S), link=line.key if line else "",
        encrypted=bool(line and line.encryption != "none"), automatic=near, origin=origin,
    )  # fmt: skip
